// Who the connector is to Microsoft Entra, by whichever of its auth methods.
#pragma once

#include <cstdint>
#include <string>

#include "plugins/azure/token.h"
#include "plugins/azure/uri.h"
#include "plugins/sdk/call.h"
#include "plugins/sdk/config.h"
#include "plugins/sdk/expiring_cache.h"

namespace gantry::azure {

// What a token is for.
enum class Audience {
  kRegistry,         // Azure Container Registry
  kResourceManager,  // Azure's API; registries take it too unless their policy says otherwise
};

// Thread-safe.  Tokens are kept per audience while they are fresh.
class Identity {
 public:
  using Entry = sdk::ExpiringCache<sdk::Secret>::Entry;

  // `config` is borrowed.
  explicit Identity(const sdk::Config& config) : config_(config) {}

  // Whether the connector is one of Entra's at all, and not just a user name with a password.
  bool is_entra() const;
  // Whether another token can be had when this one ends.
  bool is_renewed() const { return config_.auth_method() != "access-token"; }
  // The one that the connector names; else that of the registry's cloud.
  std::string authority() const;
  const Cloud& cloud() const;

  // A token that is valid now; a fixed one never outlives its connector.
  //   FAILED_PRECONDITION CONNECTOR_EXPIRED   the connector's token has ended
  //   and the errors of the logins
  sdk::Status Get(const sdk::Call& call, Audience audience, Entry& token) {
    const auto fetch = [&](Entry& entry) { return Fetch(call, audience, entry); };
    return tokens_.Get(call, ResourceOf(audience), fetch, token);
  }

  // Runs `use` with such a token; once more with another where `is_refused` says so of a kept one.
  template <class IsRefused, class Use>
  sdk::Status With(const sdk::Call& call, Audience audience, IsRefused&& is_refused, Use&& use) {
    const auto fetch = [&](Entry& entry) { return Fetch(call, audience, entry); };
    return tokens_.With(call, ResourceOf(audience), fetch, is_refused, use);
  }

 private:
  std::string ResourceOf(Audience audience) const;
  sdk::Status Fetch(const sdk::Call& call, Audience audience, Entry& entry) const;
  sdk::Status Fetch(const sdk::Call& call, const std::string& resource, Token& token) const;
  sdk::Status AsServicePrincipal(const sdk::Call& call, const std::string& resource,
                                 Token& token) const;
  sdk::Status WithFixedToken(const sdk::Call& call, Token& token) const;
  sdk::Status AsWorkload(const sdk::Call& call, const std::string& resource, Token& token) const;
  sdk::Status AsMachine(const sdk::Call& call, const std::string& resource, Token& token) const;
  sdk::Status ByEnvironment(const sdk::Call& call, const std::string& resource, Token& token) const;

  // Where to sign in: as `named` by the connector, or for the machine's own identity by the
  // machine's environment; authority() where that is empty.  A name that is no host ends the login:
  // nothing is sent elsewhere than was named.
  sdk::Status SignInHost(const std::string& named, std::string& host) const;
  // The connector's field, or the variable where it is empty.
  sdk::Status FieldOr(const sdk::Call& call, const char* field, const char* variable,
                      std::string& value) const;
  std::string Field(const char* name) const { return config_.connector_fields()[name].Text(); }

  const sdk::Config& config_;
  sdk::ExpiringCache<sdk::Secret> tokens_;
};

}  // namespace gantry::azure
