#include "gantryd/connectors/connector_manager.h"

#include <algorithm>
#include <utility>

#include "base/status.h"
#include "gantryd/connectors/connector_config.h"
#include "gantryd/connectors/connector_types.h"
#include "gantryd/connectors/connector_verifier.h"
#include "gantryd/registries/connector_fit.h"
#include "gantryd/registries/field_violations.h"
#include "gantryd/registries/instance_config.h"
#include "gantryd/registries/names.h"
#include "gantryd/registries/paging.h"

namespace gantry {
namespace {

constexpr std::string_view kPageScope = "connectors";
constexpr int kMaxUpdates = 3;

void Note(const VerificationResult& result, ConnectorRecord& record) {
  record.verification = result.state;
  record.verification_message = result.message;
  record.verification_host = result.registry_host;
  record.verification_time = result.time;
}

// What the schema cannot tell: fields that do not go together, or are too long so.  A connector
// that several flavors take is refused only when it suits none of them.
absl::Status CheckByFlavors(const CallContext& call, const FlavorCatalog& flavors,
                            const ConnectorRecord& record) {
  GANTRY_ASSIGN_OR_RETURN(const std::string config, InstanceConfig(RegistryRecord(), &record));
  std::vector<FieldViolation> violations;
  for (const FlavorInfo& info : flavors.List()) {
    if (!info.load_error.empty() || !FlavorTakes(info, record)) continue;
    GANTRY_ASSIGN_OR_RETURN(Flavor* const flavor, flavors.Find(info.name));
    GANTRY_ASSIGN_OR_RETURN(const auto findings, flavor->ValidateConfig(call, config));
    violations = ViolationsOf(findings);
    std::erase_if(violations, [](const FieldViolation& v) { return v.field == "uri"; });
    if (violations.empty()) break;
  }
  if (violations.empty()) return absl::OkStatus();
  // As the fields are called where the connector is all there is.
  for (FieldViolation& v : violations) {
    constexpr std::string_view kPrefix = "connector";
    if (v.field.starts_with(kPrefix)) v.field.replace(0, kPrefix.size(), "config");
  }
  return InvalidConfig(std::move(violations),
                       "list the fields of each auth method: gantry service-connector list-types");
}

// What the caller's input makes of the connector; secrets of `stored` that it leaves out are kept.
absl::StatusOr<ConnectorRecord> Read(const CallContext& call, const FlavorCatalog& flavors,
                                     bool implicit_allowed, const ConnectorInput& input,
                                     const ConnectorRecord* stored) {
  ConnectorRecord record;
  record.name = input.name;
  record.type = input.type.empty() && stored ? stored->type : input.type;
  record.auth_method =
      input.auth_method.empty() && stored ? stored->auth_method : input.auth_method;
  record.labels = input.labels;
  record.description = input.description;
  record.expires = input.expires;
  GANTRY_ASSIGN_OR_RETURN(const AuthMethodInfo method,
                          FindAuthMethod(flavors, record.type, record.auth_method));
  if (method.implicit && !implicit_allowed) return ImplicitLoginNotAllowed();
  const std::string owner = fmt::format("auth method {}/{}", record.type, record.auth_method);
  GANTRY_ASSIGN_OR_RETURN(const ConfigSchema schema,
                          ConfigSchema::Parse(method.config_schema_json, owner));
  ConnectorConfig before;
  if (stored) before = {stored->config_json, stored->secrets};
  GANTRY_ASSIGN_OR_RETURN(ConnectorConfig config, ReadConnectorConfig(schema, input.config_json,
                                                                      stored ? &before : nullptr));
  record.config_json = std::move(config.public_json);
  record.secrets = std::move(config.secrets);
  GANTRY_RETURN_IF_ERROR(HostOfConnector(record).status());
  GANTRY_RETURN_IF_ERROR(CheckByFlavors(call, flavors, record));
  return record;
}

}  // namespace

std::vector<ConnectorTypeView> ConnectorManager::Types() const { return ConnectorTypes(flavors_); }

absl::StatusOr<ConnectorRecord> ConnectorManager::Create(const CallContext& call,
                                                         ConnectorInput input,
                                                         bool skip_verification) {
  GANTRY_RETURN_IF_ERROR(call.Check());
  if (auto fault = CheckName(input.name)) return InvalidConfig({*std::move(fault)});
  GANTRY_ASSIGN_OR_RETURN(ConnectorRecord record,
                          Read(call, flavors_, implicit_login_allowed(), input, nullptr));
  // Not found here is what is hoped for; a credential is not tried in vain.
  if (const auto known = store_.GetConnector(record.name); known.ok()) {
    return AlreadyExists(reason::kConnectorExists, "connector {} exists", record.name)
        .With("connector", record.name)
        .Remedy("choose another name, or change it: gantry service-connector update {}",
                record.name);
  }
  GANTRY_RETURN_IF_ERROR(TryFirst(call, skip_verification, record));
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
  GANTRY_ASSIGN_OR_RETURN(const int size, EffectivePageSize(page_size));
  GANTRY_ASSIGN_OR_RETURN(const std::string after, ReadPageToken(kPageScope, page_token));
  Page page;
  GANTRY_ASSIGN_OR_RETURN(page.records, store_.ListConnectors(after, size + 1));
  if (page.records.size() > static_cast<size_t>(size)) {
    page.records.pop_back();
    page.next_page_token = MakePageToken(kPageScope, page.records.back().name);
  }
  return page;
}

absl::StatusOr<ConnectorRecord> ConnectorManager::Update(const CallContext& call,
                                                         ConnectorInput input,
                                                         bool skip_verification) {
  for (int attempt = 1;; ++attempt) {
    auto updated = UpdateOnce(call, input, skip_verification);
    // Without an etag the caller does not mind what changed in between; the kept secrets do.
    const bool outrun = input.version == 0 && ReasonOf(updated.status()) == reason::kEtagMismatch;
    if (!outrun || attempt == kMaxUpdates) return updated;
  }
}

absl::StatusOr<ConnectorRecord> ConnectorManager::UpdateOnce(const CallContext& call,
                                                             const ConnectorInput& input,
                                                             bool skip_verification) {
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
                          Read(call, flavors_, implicit_login_allowed(), input, &stored));
  GANTRY_ASSIGN_OR_RETURN(const auto registries, pool_.Records(call));
  for (const RegistryRecord& registry : registries) {
    if (registry.connector != record.name) continue;
    const auto flavor = flavors_.Find(registry.flavor);
    const auto uri = RegistryUri::Parse(registry.uri);
    if (!flavor.ok() || !uri.ok()) continue;
    const absl::Status fits = CheckConnectorFits(record, (*flavor)->info(), *uri);
    if (!fits.ok()) return Annotate(fits, "registry " + registry.name);
  }
  GANTRY_RETURN_IF_ERROR(TryFirst(call, skip_verification, record));
  record.version = stored.version;
  return store_.UpdateConnector(std::move(record));
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
  if (!page->next_page_token.empty()) {
    page->next_page_token = MakePageToken(scope, page->next_page_token);
  }
  return page;
}

}  // namespace gantry
