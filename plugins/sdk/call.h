// One call of the host, and what the flavor may ask the host for while it runs.
#pragma once

#include <cstdint>
#include <string_view>

#include "plugins/abi/flavor_abi.h"
#include "plugins/sdk/http.h"
#include "plugins/sdk/status.h"
#include "plugins/sdk/types.h"

namespace gantry::sdk {

// Valid only while the operation runs that it was given to; may be used from several threads of
// that operation.  What fails here has told the host why, so its Status can be returned as it is.
class Call {
 public:
  Call(const gantry_host& host, gantry_call* raw) noexcept : host_(host), raw_(raw) {}
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  // `level` is GANTRY_DEBUG to GANTRY_ERROR.  Never log a secret.
  void Log(int32_t level, std::string_view message) const noexcept;
  int64_t now_unix_ms() const noexcept { return host_.now_unix_ms(host_.ctx); }
  // <= 0: stop now.
  int64_t remaining_ms() const noexcept { return host_.remaining_ms(host_.ctx, raw_); }
  // DEADLINE_EXCEEDED when there is no time left.  Ask once per round of every loop.
  Status Check() const;

  // One request to anywhere.  Any HTTP status is a response.
  Status Http(const HttpRequest& request, HttpResponse& response) const;
  // One request to the target's registry, logged in by what Authenticate gives for `actions`
  // (GANTRY_PULL | …).  Any HTTP status is a response.
  Status Registry(const Target& target, uint32_t actions, const HttpRequest& request,
                  HttpResponse& response) const;
  // A secret field of the connector's config, by its name in the schema.
  Status ReadSecret(std::string_view name, Secret& secret) const;
  // An environment variable of the daemon's machine; empty when it is not set.  Both are the
  // daemon's own identity: PERMISSION_DENIED unless the operator allows its use.
  Status ReadEnvironment(std::string_view name, std::string& value) const;
  // A file of the daemon's machine.  NOT_FOUND when there is none.
  Status ReadFile(std::string_view path, Secret& content) const;
  // Lets that time pass, for what a cloud does not do at once.  CANCELLED, DEADLINE_EXCEEDED.
  Status Wait(int64_t milliseconds) const;
  // The host's engine: moves the call's image to where the plan says.  Only within Flavor::Push.
  Status Push(const Plan& plan, Image& image) const;

  // Tells the host why the operation fails; returns the code.
  gantry_code Fail(const Status& status) const noexcept;
  gantry_code Fail(gantry_code code, std::string_view reason,
                   std::string_view message) const noexcept;

 private:
  const gantry_host& host_;
  gantry_call* const raw_;
};

}  // namespace gantry::sdk
