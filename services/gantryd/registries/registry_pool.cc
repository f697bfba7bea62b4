#include "gantryd/registries/registry_pool.h"

#include <algorithm>
#include <utility>

#include "base/status.h"
#include "gantryd/registries/connector_fit.h"
#include "gantryd/registries/flavor_credentials.h"
#include "gantryd/registries/open_registry.h"
#include "net/address_policy.h"
#include "oci/docker_config.h"

namespace gantry {
namespace {

constexpr int kBatch = 1000;

Error NotAllowed(const std::string& host, std::string_view why) {
  return PermissionDenied(reason::kSourceNotAllowed,
                          "images may not be read from {}: {}, and no registry is configured there",
                          host, why)
      .With("registry", host)
      .Remedy(
          "if it is a registry of yours, register it: gantry container-registry register NAME "
          "--flavor=default --uri={}",
          host);
}

}  // namespace

RegistryPool::RegistryPool(Store& store, const FlavorCatalog& flavors, HttpClient& http,
                           HostGates& gates, std::shared_ptr<CredentialProvider> docker_login,
                           LocalIdentity* local)
    : store_(store),
      flavors_(flavors),
      http_(http),
      gates_(gates),
      docker_login_(docker_login ? std::move(docker_login)
                                 : std::make_shared<DockerKeychain>(Environment::OfProcess())),
      local_(local) {}

RegistryPool::~RegistryPool() = default;

absl::StatusOr<std::shared_ptr<RegistrySession>> RegistryPool::Open(const CallContext& call,
                                                                    const std::string& name) {
  GANTRY_RETURN_IF_ERROR(call.Check());
  const auto record = store_.GetRegistry(name);
  if (!record.ok()) {
    if (ReasonOf(record.status()) == reason::kRegistryNotFound) {
      std::lock_guard lock(mu_);
      open_.erase(name);
    }
    return record.status();
  }
  std::optional<ConnectorRecord> connector;
  if (!record->connector.empty()) {
    GANTRY_ASSIGN_OR_RETURN(connector, store_.GetConnector(record->connector));
    GANTRY_RETURN_IF_ERROR(CheckNotExpired(*connector, call.clock().Now()));
  }
  const ConnectorRecord* const linked = connector ? &*connector : nullptr;
  const auto current = [&]() -> std::shared_ptr<OpenRegistry> {
    const auto it = open_.find(name);
    return it != open_.end() && it->second->IsOf(*record, linked) ? it->second : nullptr;
  };
  {
    std::lock_guard lock(mu_);
    if (auto known = current()) return known;
  }
  GANTRY_ASSIGN_OR_RETURN(auto opened, Make(call, *record, linked));
  std::lock_guard lock(mu_);
  // Calls that came together share one session, and with it the tokens.
  if (auto known = current()) return known;
  open_[name] = opened;
  return opened;
}

absl::StatusOr<std::shared_ptr<RegistrySession>> RegistryPool::OpenUnsaved(
    const CallContext& call, const RegistryRecord& record, const ConnectorRecord* connector) {
  return Make(call, record, connector);
}

absl::StatusOr<std::shared_ptr<OpenRegistry>> RegistryPool::Make(const CallContext& call,
                                                                 const RegistryRecord& record,
                                                                 const ConnectorRecord* connector) {
  GANTRY_ASSIGN_OR_RETURN(Flavor* const flavor, flavors_.Find(record.flavor));
  GANTRY_ASSIGN_OR_RETURN(const RegistryUri uri, RegistryUri::Parse(record.uri));
  OpenRegistry::Parts parts;
  parts.record = record;
  if (connector) parts.connector = *connector;
  parts.http = &http_;
  parts.local = local_;
  parts.gate = gates_.For(uri.host());
  parts.docker_login = docker_login_;
  return OpenRegistry::Open(call, *flavor, std::move(parts));
}

absl::StatusOr<std::unique_ptr<ConnectorSession>> RegistryPool::OpenConnector(
    const CallContext& call, const ConnectorRecord& connector, std::string_view capability) {
  for (const FlavorInfo& info : flavors_.List()) {
    const auto& can = info.capabilities;
    if (!info.load_error.empty() || !FlavorTakes(info, connector) ||
        std::find(can.begin(), can.end(), capability) == can.end()) {
      continue;
    }
    GANTRY_ASSIGN_OR_RETURN(Flavor* const flavor, flavors_.Find(info.name));
    GANTRY_ASSIGN_OR_RETURN(const std::string meant_for, HomeOf(call, connector, info.name));
    return ConnectorSession::Open(call, *flavor, connector, meant_for, http_, local_);
  }
  return Unimplemented(reason::kFlavorUnsupported, "no flavor can do that for a connector of type {}",
                       connector.type);
}

absl::StatusOr<std::string> RegistryPool::HomeOf(const CallContext& call,
                                                 const ConnectorRecord& connector,
                                                 const std::string& flavor) {
  if (!connector.resource_id.empty()) return connector.resource_id;
  GANTRY_ASSIGN_OR_RETURN(const auto records, Records(call));
  const auto linked = std::find_if(records.begin(), records.end(), [&](const RegistryRecord& r) {
    return r.connector == connector.name && r.flavor == flavor;
  });
  return linked == records.end() ? std::string() : linked->uri;
}

absl::StatusOr<std::shared_ptr<RegistrySession>> RegistryPool::FindOwner(
    const CallContext& call, const Reference& reference) {
  GANTRY_ASSIGN_OR_RETURN(const auto records, Records(call));
  const RegistryRecord* owner = nullptr;
  std::pair<size_t, bool> best;
  for (const RegistryRecord& record : records) {
    const auto uri = RegistryUri::Parse(record.uri);
    if (!uri.ok() || !uri->Owns(reference.host(), reference.repository())) continue;
    const std::pair<size_t, bool> rank{uri->prefix().size(), !record.connector.empty()};
    if (owner && rank <= best) continue;
    owner = &record;
    best = rank;
  }
  if (!owner) return std::shared_ptr<RegistrySession>();
  return Open(call, owner->name);
}

absl::StatusOr<std::shared_ptr<RegistryClient>> RegistryPool::OpenForeign(const CallContext& call,
                                                                          const std::string& host) {
  if (IsLoopbackHost(host) || IsLiteralPrivateHost(host)) {
    return NotAllowed(host, "it is not at a public address");
  }
  auto client = std::make_shared<RegistryClient>(http_, host, Transport(), docker_login_,
                                                 gates_.For(host), AddressPolicy::kPublicOnly);
  // Learns how to log in, which the first read needs anyway, and where the host's name leads.
  const absl::Status answer = client->Ping(call);
  if (ReasonOf(answer) == reason::kAddressRefused) {
    return NotAllowed(host, "it is not at a public address");
  }
  if (answer.code() == absl::StatusCode::kUnavailable || !call.Check().ok()) return answer;
  return client;
}

absl::StatusOr<std::vector<RegistryRecord>> RegistryPool::Records(const CallContext& call) {
  std::vector<RegistryRecord> records;
  for (;;) {
    GANTRY_RETURN_IF_ERROR(call.Check());
    const std::string after = records.empty() ? "" : records.back().name;
    GANTRY_ASSIGN_OR_RETURN(std::vector<RegistryRecord> batch,
                            store_.ListRegistries(after, kBatch));
    const bool last = batch.size() < kBatch;
    std::move(batch.begin(), batch.end(), std::back_inserter(records));
    if (last) return records;
  }
}

}  // namespace gantry
