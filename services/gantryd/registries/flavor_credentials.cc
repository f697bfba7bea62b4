#include "gantryd/registries/flavor_credentials.h"

#include <absl/cleanup/cleanup.h>
#include <fmt/chrono.h>

#include "base/status.h"

namespace gantry {
namespace {

thread_local int g_authenticating = 0;

}  // namespace

absl::Status CheckNotExpired(const ConnectorRecord& connector, WallTime now) {
  if (!connector.expires || now < *connector.expires - connector.expires_skew_tolerance) {
    return absl::OkStatus();
  }
  const bool ended = now >= *connector.expires;
  return FailedPrecondition(reason::kConnectorExpired,
                            "connector {} {} at {:%Y-%m-%d %H:%M:%S} UTC{}", connector.name,
                            ended ? "expired" : "expires",
                            fmt::gmtime(WallTime::clock::to_time_t(
                                std::chrono::floor<std::chrono::seconds>(*connector.expires))),
                            ended ? ""
                                  : fmt::format(", which is nearer than its tolerance of {} s",
                                                connector.expires_skew_tolerance.count()))
      .With("connector", connector.name)
      .Remedy("give it a new token: gantry service-connector update {} --expires-at TIME …",
              connector.name);
}

absl::StatusOr<Credential> FlavorCredentials::Get(const CallContext& call, const std::string& host,
                                                  const std::string& repository, Actions actions,
                                                  bool /*refresh*/) {
  GANTRY_RETURN_IF_ERROR(CheckNotExpired(connector_, call.clock().Now()));
  ++g_authenticating;
  const absl::Cleanup leave = [] { --g_authenticating; };
  return flavor_.Authenticate(call, {host, repository, "", ""}, actions);
}

bool FlavorCredentials::InProgress() { return g_authenticating > 0; }

}  // namespace gantry
