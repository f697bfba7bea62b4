#include "gantryd/connectors/connector_verifier.h"

#include <algorithm>
#include <optional>
#include <set>
#include <stop_token>

#include "base/status.h"
#include "gantryd/registries/connector_fit.h"
#include "gantryd/registries/refusal.h"
#include "net/address_policy.h"

namespace gantry {
namespace {

constexpr milliseconds kMaxTime{15'000};

// A registry that is not configured, served by a flavor that takes the connector.
std::optional<RegistryRecord> MakeUp(const FlavorCatalog& flavors, const ConnectorRecord& connector,
                                     const std::string& host) {
  RegistryRecord record;
  record.flavor = FlavorForConnector(flavors, connector, host);
  if (record.flavor.empty()) return std::nullopt;
  record.name = host;
  record.uri = host;
  record.plain_http = IsLoopbackHost(host);
  return record;
}

// The registries to try it at, one a host.  None, when neither the connector nor a link names one:
// a password goes to no registry that it was not made for.
absl::StatusOr<std::vector<RegistryRecord>> Candidates(const CallContext& call,
                                                       const FlavorCatalog& flavors,
                                                       RegistryPool& pool,
                                                       const ConnectorRecord& connector) {
  GANTRY_ASSIGN_OR_RETURN(const auto wanted, HostOfConnector(connector));
  GANTRY_ASSIGN_OR_RETURN(std::vector<RegistryRecord> records, pool.Records(call));
  const auto linked = [&](const RegistryRecord& r) { return r.connector == connector.name; };
  std::stable_partition(records.begin(), records.end(), linked);
  std::vector<RegistryRecord> candidates;
  std::set<std::string> hosts;
  for (RegistryRecord& record : records) {
    const auto uri = RegistryUri::Parse(record.uri);
    if (!uri.ok() || (wanted ? uri->host() != *wanted : !linked(record))) continue;
    // Its certificate and port are worth having, even if it logs in with something else.
    const auto flavor = flavors.Find(record.flavor);
    if (!flavor.ok() || !FlavorTakes((*flavor)->info(), connector)) continue;
    if (hosts.insert(uri->host()).second) candidates.push_back(std::move(record));
  }
  if (candidates.empty() && wanted) {
    auto made_up = MakeUp(flavors, connector, *wanted);
    if (made_up) candidates.push_back(*std::move(made_up));
  }
  return candidates;
}

Verification Judge(const absl::Status& status) {
  if (status.ok()) return Verification::kAccepted;
  return RefusesCredential(status) ? Verification::kRejected : Verification::kUnreachable;
}

std::string Told(const absl::Status& status) {
  const std::string remedy = DetailOf(status).remedy;
  const std::string message = Excerpt(MessageOf(status), 500);
  return remedy.empty() ? message : message + "; " + remedy;
}

VerificationResult TryAt(const CallContext& call, RegistryPool& pool, const RegistryRecord& record,
                         const ConnectorRecord& connector) {
  VerificationResult result;
  result.time = call.clock().Now();
  const auto session = pool.OpenUnsaved(call, record, &connector);
  absl::Status status = session.status();
  if (session.ok()) {
    result.registry_host = (*session)->uri().host();
    status = (*session)->Explain((*session)->client().Ping(call));
  }
  result.state = Judge(status);
  if (status.code() == absl::StatusCode::kDeadlineExceeded) {
    result.message = fmt::format("{} gave no answer in time", record.uri);
  } else if (!status.ok()) {
    result.message = Told(status);
  } else if (!(*session)->login_was_wanted()) {
    result.message =
        fmt::format("{} asks for no login: the credential was not tried", result.registry_host);
  } else {
    result.message = fmt::format("{} accepts the credential", result.registry_host);
  }
  return result;
}

// By the cloud's own login; nothing when this kind of connector can only be tried at a registry.
std::optional<VerificationResult> TryAlone(const CallContext& call, RegistryPool& pool,
                                           const ConnectorRecord& connector) {
  VerificationResult result;
  result.time = call.clock().Now();
  auto session = pool.OpenConnector(call, connector, "verify");
  absl::Status status = session.status();
  std::vector<Finding> findings;
  if (session.ok()) {
    auto verified = (*session)->flavor().Verify(call);
    if (verified.ok()) findings = *std::move(verified);
    status = (*session)->Explain(verified.status());
  }
  if (ReasonOf(status) == reason::kFlavorUnsupported) return std::nullopt;
  result.state = Judge(status);
  if (!status.ok()) {
    result.message = Told(status);
    return result;
  }
  for (const Finding& finding : findings) {
    if (!result.message.empty()) result.message += "; ";
    result.message += Excerpt(finding.message, 500);
  }
  return result;
}

int Badness(Verification state) {
  switch (state) {
    case Verification::kRejected:
      return 3;
    case Verification::kUnreachable:
      return 2;
    case Verification::kAccepted:
      return 1;
    case Verification::kSkipped:
    case Verification::kNone:
      return 0;
  }
  return 0;
}

}  // namespace

absl::StatusOr<std::vector<VerificationResult>> TryConnector(const CallContext& call,
                                                             const FlavorCatalog& flavors,
                                                             RegistryPool& pool,
                                                             const ConnectorRecord& connector) {
  GANTRY_ASSIGN_OR_RETURN(const auto candidates, Candidates(call, flavors, pool, connector));
  std::vector<VerificationResult> results;
  CallContext bounded(call.clock(), std::min(kMaxTime, call.Remaining()), call.request_id());
  const std::stop_callback stop(call.stop_token(), [&bounded] { bounded.RequestStop(); });
  if (auto alone = TryAlone(bounded, pool, connector)) {
    GANTRY_RETURN_IF_ERROR(call.Check());
    results.push_back(*std::move(alone));
  }
  if (candidates.empty() && results.empty()) {
    VerificationResult skipped;
    skipped.state = Verification::kSkipped;
    skipped.time = call.clock().Now();
    skipped.message = fmt::format(
        "a connector of type {} is tried at the registries that are linked to it, and there is "
        "none: gantry container-registry update NAME --connector {}",
        connector.type, connector.name);
    results.push_back(std::move(skipped));
    return results;
  }
  for (const RegistryRecord& record : candidates) {
    results.push_back(TryAt(bounded, pool, record, connector));
    GANTRY_RETURN_IF_ERROR(call.Check());
  }
  return results;
}

const VerificationResult& Worst(const std::vector<VerificationResult>& results) {
  return *std::max_element(results.begin(), results.end(), [](const auto& a, const auto& b) {
    return Badness(a.state) < Badness(b.state);
  });
}

}  // namespace gantry
