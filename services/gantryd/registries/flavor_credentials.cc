#include "gantryd/registries/flavor_credentials.h"

#include <absl/cleanup/cleanup.h>

namespace gantry {
namespace {

thread_local int g_authenticating = 0;

}  // namespace

absl::StatusOr<Credential> FlavorCredentials::Get(const CallContext& call, const std::string& host,
                                                  const std::string& repository, Actions actions,
                                                  bool /*refresh*/) {
  ++g_authenticating;
  const absl::Cleanup leave = [] { --g_authenticating; };
  return flavor_.Authenticate(call, {host, repository, "", ""}, actions);
}

bool FlavorCredentials::InProgress() { return g_authenticating > 0; }

}  // namespace gantry
