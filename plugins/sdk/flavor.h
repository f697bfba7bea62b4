// What a flavor derives from.  As it stands it serves any plain registry: override what differs.
//
//   class Acme final : public gantry::sdk::Flavor {
//    public:
//     using Flavor::Flavor;
//     Status PreparePush(Call& call, Plan& plan) override;
//   };
//   GANTRY_FLAVOR(Acme)
#pragma once

#include <cstdint>
#include <string>

#include "plugins/sdk/call.h"
#include "plugins/sdk/config.h"
#include "plugins/sdk/login.h"
#include "plugins/sdk/registry.h"

namespace gantry::sdk {

// One configured registry.  Every method may run concurrently with every other on any thread, so an
// override that changes members locks them.  The constructor does no I/O, nor does Open.  Methods
// return errors; what they throw is reported as a bug of the flavor.
class Flavor {
 public:
  // What GANTRY_FLAVOR declares; a flavor with other abilities has a kCapabilities of its own.
  static constexpr uint32_t kCapabilities =
      uint32_t{GANTRY_CAN_PUSH} | GANTRY_CAN_LIST | GANTRY_CAN_REMOVE;

  // `host` is borrowed until the instance is destroyed.
  Flavor(const gantry_host& host, Config config) : host_(host), config_(std::move(config)) {}
  virtual ~Flavor() = default;
  Flavor(const Flavor&) = delete;
  Flavor& operator=(const Flavor&) = delete;

  // Looks at a configuration without I/O and reports what is wrong; kError refuses it.  A flavor
  // that has rules of its own declares the same static function; Config's schema was checked
  // before.
  static Status ValidateConfig(Call& call, const Config& config, Findings& findings);

  // After construction: an error means the instance cannot be used.
  virtual Status Open(Call& call);

  // The credential for one repository and actions (GANTRY_PULL | …).  Here: PasswordLogin.
  virtual Status Authenticate(Call& call, const Target& target, uint32_t actions,
                              Credential& credential);
  // `plan.target` is where the image is to go; change what this cloud needs otherwise.
  virtual Status PreparePush(Call& call, Plan& plan);
  // Here: the host's engine does it.
  virtual Status Push(Call& call, const Plan& plan, Image& image);
  // Here: the tags of the target's repository.
  virtual Status List(Call& call, const Target& target, const std::string& page_token,
                      uint32_t page_size, Page& page);
  // Here: the manifest is deleted by digest, and all its tags with it.
  virtual Status Remove(Call& call, const Target& target);
  // What only this cloud knows to check; the host has checked DNS, TLS, login and push right.
  // With a repository in the target, of that one.
  virtual Status Diagnose(Call& call, const Target& target, Findings& findings);

  // The next two work for the connector alone: config().uri() may be empty.
  // Tries the credential for real, and reports who it is as a finding of level GANTRY_INFO.
  // Here: UNIMPLEMENTED, and the host tries it at a registry.
  virtual Status Verify(Call& call, Findings& findings);
  // The registries that the connector reaches.  Here: UNIMPLEMENTED.
  virtual Status ListResources(Call& call, const std::string& page_token, ResourcePage& page);

  const gantry_host& host() const noexcept { return host_; }
  const Config& config() const { return config_; }

 private:
  const gantry_host& host_;
  const Config config_;
};

}  // namespace gantry::sdk
