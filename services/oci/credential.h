// What a registry is logged in to with, and who knows it.
#pragma once

#include <absl/status/statusor.h>

#include <optional>
#include <string>

#include "base/call_context.h"
#include "base/clock.h"
#include "base/secret.h"

namespace gantry {

struct Credential {
  enum class Scheme {
    kAnonymous,
    kBasic,          // username and password
    kBearer,         // `secret` is sent to the registry as it is
    kIdentityToken,  // `secret` is an OAuth2 refresh token for the token server
  };
  Scheme scheme = Scheme::kAnonymous;
  std::string username;
  Secret secret;
  std::optional<MonoTime> expires;  // absent: not known
  // Of one that leaves the daemon; unset: perhaps as wide as the login that it comes from.
  bool read_only = false;       // changes nothing
  bool one_repository = false;  // opens the repository that it was asked for, and no other
  std::string source;  // the file and entry, or helper, that it is from; empty: not told
};

// What is wanted of a repository.
struct Actions {
  bool pull = true;
  bool push = false;
  bool remove = false;
  bool hand_out = false;  // the credential leaves the daemon: narrow, short-lived, of scheme kBasic
};

// Thread-safe.  One per registry that is talked to.
class CredentialProvider {
 public:
  virtual ~CredentialProvider() = default;
  // For this host only.  `refresh` is set when the registry has just refused the last one.
  virtual absl::StatusOr<Credential> Get(const CallContext& call, const std::string& host,
                                         const std::string& repository, Actions actions,
                                         bool refresh) = 0;
};

class AnonymousCredentials final : public CredentialProvider {
 public:
  absl::StatusOr<Credential> Get(const CallContext&, const std::string&, const std::string&,
                                 Actions, bool) override {
    return Credential{};
  }
};

}  // namespace gantry
