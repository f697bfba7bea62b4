#include "gantryd/connectors/connector_manager.h"

#include <algorithm>
#include <utility>

#include "base/status.h"
#include "gantryd/connectors/connector_config.h"
#include "gantryd/connectors/connector_types.h"
#include "gantryd/connectors/connector_verifier.h"
#include "gantryd/registries/connector_fit.h"
#include "gantryd/registries/flavor_findings.h"
#include "gantryd/registries/instance_config.h"
#include "gantryd/registries/names.h"

namespace gantry {
namespace {

constexpr std::string_view kPageScope = "connectors";
constexpr int kMaxUpdates = 3;
constexpr std::chrono::hours kMaxSkewTolerance{24};

void Note(const VerificationResult& result, ConnectorRecord& record) {
  record.verification = result.state;
  record.verification_message = result.message;
  record.verification_host = result.registry_host;
  record.verification_time = result.time;
}

// What the connector may be used for, and until when.
absl::Status ReadScope(const ConnectorInput& input, ConnectorRecord& record) {
  if (const auto tolerance = input.expires_skew_tolerance) {
    if (*tolerance < std::chrono::seconds(0) || *tolerance > kMaxSkewTolerance) {
      return InvalidConfig({{"expires_skew_tolerance", "must be between nothing and a day"}});
    }
    record.expires_skew_tolerance = *tolerance;
  }
  if (Trim(input.resource_id).empty()) return absl::OkStatus();
  const auto uri = RegistryUri::Parse(input.resource_id);
  if (!uri.ok()) {
    return InvalidConfig(
        {{"resource_id", std::string(MessageOf(uri.status()))}},
        "write it as a registry's URI, such as ghcr.io/myusername, or leave it out");
  }
  record.resource_id = uri->text();
  return absl::OkStatus();
}

// Whether `connector` may send its secrets to a host that `stored` was kept from.
bool Moves(const ConnectorRecord& stored, const ConnectorRecord& connector) {
  if (stored.resource_id.empty()) return false;
  const auto before = RegistryUri::Parse(stored.resource_id);
  const auto after = RegistryUri::Parse(connector.resource_id);
  return !before.ok() || !after.ok() || before->host() != after->host();
}

// What the caller's input makes of the connector; secrets of `stored` that it leaves out are kept.
absl::StatusOr<ConnectorRecord> Read(const FlavorCatalog& flavors, bool implicit_allowed,
                                     const ConnectorInput& input, const ConnectorRecord* stored) {
  if (auto fault = CheckLabels(input.labels)) return InvalidConfig({*std::move(fault)});
  if (auto fault = CheckDescription(input.description)) return InvalidConfig({*std::move(fault)});
  ConnectorRecord record;
  record.name = input.name;
  record.type = input.type.empty() && stored ? stored->type : input.type;
  record.auth_method =
      input.auth_method.empty() && stored ? stored->auth_method : input.auth_method;
  record.labels = input.labels;
  record.description = input.description;
  record.expires = input.expires;
  record.request_id = input.request_id;
  GANTRY_RETURN_IF_ERROR(ReadScope(input, record));
  GANTRY_ASSIGN_OR_RETURN(const AuthMethodInfo method,
                          FindAuthMethod(flavors, record.type, record.auth_method));
  if (method.implicit && !implicit_allowed) return ImplicitLoginNotAllowed();
  const std::string owner = fmt::format("auth method {}/{}", record.type, record.auth_method);
  GANTRY_ASSIGN_OR_RETURN(const ConfigSchema schema,
                          ConfigSchema::Parse(method.config_schema_json, owner));
  ConnectorConfig before;
  if (stored) before = {stored->config_json, stored->secrets};
  GANTRY_ASSIGN_OR_RETURN(
      ConnectorConfig config,
      ReadConnectorConfig(schema, input.config_json, stored ? &before : nullptr,
                          stored && Moves(*stored, record) ? "resource_id" : ""));
  record.config_json = std::move(config.public_json);
  record.secrets = std::move(config.secrets);
  GANTRY_RETURN_IF_ERROR(HostOfConnector(record).status());
  return record;
}

// A flavor calls them "connector.region"; to the caller, who gives a connector alone, they are
// fields of its config.
std::vector<FieldViolation> AsConfigFields(std::vector<FieldViolation> violations) {
  constexpr std::string_view kPrefix = "connector";
  for (FieldViolation& v : violations) {
    if (v.field.starts_with(kPrefix)) v.field = "config" + v.field.substr(kPrefix.size());
  }
  return violations;
}

}  // namespace

std::vector<ConnectorTypeView> ConnectorManager::Types() const { return ConnectorTypes(flavors_); }

absl::StatusOr<ConnectorRecord> ConnectorManager::Create(const CallContext& call,
                                                         ConnectorInput input,
                                                         bool skip_verification,
                                                         std::vector<std::string>* warnings) {
  GANTRY_RETURN_IF_ERROR(call.Check());
  if (auto fault = CheckName(input.name)) return InvalidConfig({*std::move(fault)});
  GANTRY_ASSIGN_OR_RETURN(ConnectorRecord record,
                          Read(flavors_, implicit_login_allowed(), input, nullptr));
  // Not found here is what is hoped for; a credential is not tried in vain.
  if (const auto known = store_.GetConnector(record.name); known.ok()) {
    return AlreadyExists(reason::kConnectorExists, "connector {} exists", record.name)
        .With("connector", record.name)
        .Remedy("choose another name, or change it: gantry service-connector update {}",
                record.name);
  }
  std::vector<std::string> told;
  GANTRY_RETURN_IF_ERROR(AskFlavors(call, record, told));
  GANTRY_RETURN_IF_ERROR(TryFirst(call, skip_verification, record));
  if (warnings) *warnings = std::move(told);
  return store_.CreateConnector(std::move(record));
}

absl::StatusOr<ConnectorRecord> ConnectorManager::Get(const CallContext& call,
                                                      const std::string& name) {
  GANTRY_RETURN_IF_ERROR(call.Check());
  return store_.GetConnector(name);
}

absl::StatusOr<ConnectorManager::Page> ConnectorManager::List(const CallContext& call,
                                                              int page_size,
                                                              const std::string& page_token) {
  GANTRY_RETURN_IF_ERROR(call.Check());
  return ListPage<ConnectorRecord>(
      kPageScope, page_size, page_token,
      [this](const std::string& after, int limit) { return store_.ListConnectors(after, limit); });
}

absl::StatusOr<ConnectorRecord> ConnectorManager::Update(const CallContext& call,
                                                         ConnectorInput input,
                                                         bool skip_verification,
                                                         std::vector<std::string>* warnings) {
  for (int attempt = 1;; ++attempt) {
    std::vector<std::string> told;
    auto updated = UpdateOnce(call, input, skip_verification, told);
    // Without an etag the caller does not mind what changed in between; the kept secrets do.
    const bool outrun = input.version == 0 && ReasonOf(updated.status()) == reason::kEtagMismatch;
    if (outrun && attempt < kMaxUpdates) continue;
    if (warnings) *warnings = std::move(told);
    return updated;
  }
}

absl::StatusOr<ConnectorRecord> ConnectorManager::UpdateOnce(const CallContext& call,
                                                             const ConnectorInput& input,
                                                             bool skip_verification,
                                                             std::vector<std::string>& warnings) {
  GANTRY_RETURN_IF_ERROR(call.Check());
  GANTRY_ASSIGN_OR_RETURN(const ConnectorRecord stored, store_.GetConnector(input.name));
  if (!input.type.empty() && input.type != stored.type) {
    return InvalidField("connector.type",
                        fmt::format("connector {} is of type {}, which cannot be changed",
                                    stored.name, stored.type),
                        "create another connector");
  }
  if (input.version != 0 && input.version != stored.version) {
    return Aborted(reason::kEtagMismatch, "connector {} was changed since it was read", stored.name)
        .With("connector", stored.name)
        .Remedy("read it again and repeat the change");
  }
  GANTRY_ASSIGN_OR_RETURN(ConnectorRecord record,
                          Read(flavors_, implicit_login_allowed(), input, &stored));
  GANTRY_RETURN_IF_ERROR(AskFlavors(call, record, warnings));
  GANTRY_RETURN_IF_ERROR(TryFirst(call, skip_verification, record));
  record.version = stored.version;
  return store_.UpdateConnector(std::move(record));
}

absl::Status ConnectorManager::AskFlavors(const CallContext& call, const ConnectorRecord& record,
                                          std::vector<std::string>& warnings) {
  const auto ask = [&](Flavor& flavor,
                       const RegistryRecord& registry) -> absl::StatusOr<FlavorFindings> {
    GANTRY_ASSIGN_OR_RETURN(const std::string config, InstanceConfig(registry, &record));
    GANTRY_ASSIGN_OR_RETURN(const auto findings, flavor.ValidateConfig(call, config));
    return FlavorFindings(findings);
  };
  GANTRY_ASSIGN_OR_RETURN(const auto host, HostOfConnector(record));
  const std::string speaker = FlavorForConnector(flavors_, record, host.value_or(""));
  GANTRY_ASSIGN_OR_RETURN(Flavor* const own, flavors_.Find(speaker));
  GANTRY_ASSIGN_OR_RETURN(FlavorFindings alone, ask(*own, RegistryRecord()));
  if (!alone.violations.empty()) {
    return InvalidConfig(AsConfigFields(std::move(alone.violations)),
                         "see what there is to set: gantry service-connector list-types");
  }
  warnings = std::move(alone.warnings);
  GANTRY_ASSIGN_OR_RETURN(const auto registries, pool_.Records(call));
  for (const RegistryRecord& registry : registries) {
    if (registry.connector != record.name) continue;
    const auto flavor = flavors_.Find(registry.flavor);
    const auto uri = RegistryUri::Parse(registry.uri);
    if (!flavor.ok() || !uri.ok()) continue;
    const std::string where = "registry " + registry.name;
    const absl::Status fits = CheckConnectorFits(record, (*flavor)->info(), *uri);
    if (!fits.ok()) return Annotate(fits, where);
    GANTRY_ASSIGN_OR_RETURN(FlavorFindings linked, ask(**flavor, registry));
    if (!linked.violations.empty()) {
      for (FieldViolation& v : linked.violations) v.description = where + ": " + v.description;
      return InvalidConfig(AsConfigFields(std::move(linked.violations)),
                           "keep what the registry needs, or link it to another connector first");
    }
    for (const std::string& text : linked.warnings) warnings.push_back(where + ": " + text);
  }
  return absl::OkStatus();
}

absl::Status ConnectorManager::TryFirst(const CallContext& call, bool skip,
                                        ConnectorRecord& record) {
  if (skip) {
    VerificationResult skipped;
    skipped.state = Verification::kSkipped;
    skipped.message = "stored without a try, as was asked for";
    skipped.time = clock_.Now();
    Note(skipped, record);
    return absl::OkStatus();
  }
  GANTRY_ASSIGN_OR_RETURN(const auto results, TryConnector(call, flavors_, pool_, record));
  const VerificationResult& result = Worst(results);
  if (result.state == Verification::kRejected) {
    return FailedPrecondition(reason::kUpstreamAuthRejected,
                              "the credential was refused and not stored: {}", result.message)
        .With("connector", record.name)
        .With("registry", result.registry_host)
        .Remedy("correct it, or store it without a try (skip_verification)");
  }
  Note(result, record);
  return absl::OkStatus();
}

absl::Status ConnectorManager::Delete(const CallContext& call, const std::string& name,
                                      int64_t version) {
  GANTRY_RETURN_IF_ERROR(call.Check());
  return store_.DeleteConnector(name, version);
}

absl::StatusOr<std::vector<VerificationResult>> ConnectorManager::Verify(const CallContext& call,
                                                                         const std::string& name) {
  GANTRY_RETURN_IF_ERROR(call.Check());
  GANTRY_ASSIGN_OR_RETURN(ConnectorRecord record, store_.GetConnector(name));
  GANTRY_ASSIGN_OR_RETURN(auto results, TryConnector(call, flavors_, pool_, record));
  Note(Worst(results), record);
  const auto stored = store_.UpdateConnector(std::move(record));
  // Changed or deleted meanwhile: then this is no longer how that credential fared.
  const std::string reason = ReasonOf(stored.status());
  if (!stored.ok() && reason != reason::kEtagMismatch && reason != reason::kConnectorNotFound) {
    return stored.status();
  }
  return results;
}

absl::StatusOr<FlavorInstance::ResourcePage> ConnectorManager::ListResources(
    const CallContext& call, const std::string& name, const std::string& page_token) {
  GANTRY_RETURN_IF_ERROR(call.Check());
  const std::string scope = fmt::format("resources\n{}", name);
  GANTRY_ASSIGN_OR_RETURN(const std::string after, ReadPageToken(scope, page_token));
  GANTRY_ASSIGN_OR_RETURN(const ConnectorRecord record, store_.GetConnector(name));
  GANTRY_ASSIGN_OR_RETURN(const auto session, pool_.OpenConnector(call, record, "list-resources"));
  auto page = session->flavor().ListResources(call, after);
  if (!page.ok()) return session->Explain(std::move(page).status());
  std::erase_if(page->resources, [&](const Resource& resource) {
    const auto uri = RegistryUri::Parse(resource.uri);
    return uri.ok() && !ReachesInto(record, *uri);
  });
  if (!page->next_page_token.empty()) {
    page->next_page_token = MakePageToken(scope, page->next_page_token);
  }
  return page;
}

}  // namespace gantry
