#include "gantryd/registries/flavor_credentials.h"

#include <absl/cleanup/cleanup.h>
#include <fmt/chrono.h>

#include <algorithm>

#include "base/status.h"

namespace gantry {
namespace {

thread_local int g_authenticating = 0;

// From then on the connector is as good as expired.
WallTime EndOf(const ConnectorRecord& connector) {
  return *connector.expires - connector.expires_skew_tolerance;
}

}  // namespace

absl::Status CheckNotExpired(const ConnectorRecord& connector, WallTime now) {
  if (!connector.expires || now < EndOf(connector)) return absl::OkStatus();
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
  GANTRY_ASSIGN_OR_RETURN(Credential made,
                          flavor_.Authenticate(call, {host, repository, "", ""}, actions));
  // Of what leaves, the end is the one that it has out there.
  if (connector_.expires && !actions.hand_out) {
    const auto left = EndOf(connector_) - call.clock().Now();
    const MonoTime end = call.clock().Mono() + std::chrono::duration_cast<milliseconds>(left);
    made.expires = std::min(made.expires.value_or(end), end);
  }
  return made;
}

bool FlavorCredentials::InProgress() { return g_authenticating > 0; }

}  // namespace gantry
