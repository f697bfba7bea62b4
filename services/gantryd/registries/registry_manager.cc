#include "gantryd/registries/registry_manager.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/status.h"
#include "gantryd/registries/connector_fit.h"
#include "gantryd/registries/diagnose.h"
#include "gantryd/registries/flavor_choice.h"
#include "gantryd/registries/flavor_findings.h"
#include "gantryd/registries/instance_config.h"
#include "gantryd/registries/names.h"
#include "gantryd/registries/repository_name.h"
#include "gantryd/registries/schema.h"
#include "gantryd/registries/transport.h"

namespace gantry {
namespace {

constexpr std::string_view kPageScope = "registries";

// What to do about the faults: an example where the URI is one of them.
absl::Status Refuse(std::vector<FieldViolation> violations, const FlavorInfo& flavor) {
  const bool of_uri = std::any_of(violations.begin(), violations.end(),
                                  [](const FieldViolation& v) { return v.field == "uri"; });
  const std::string example =
      flavor.uri_example.empty() ? "docker.io/myusername" : flavor.uri_example;
  return InvalidConfig(
      std::move(violations),
      of_uri ? fmt::format("a registry URI of flavor {} looks like {}", flavor.name, example)
             : fmt::format("see what there is to set: gantry flavor describe {}", flavor.name));
}

}  // namespace

absl::StatusOr<RegistryRecord> RegistryManager::Create(const CallContext& call,
                                                       RegistryRecord record,
                                                       std::vector<std::string>* warnings) {
  GANTRY_RETURN_IF_ERROR(Validate(call, record, nullptr, warnings));
  return store_.CreateRegistry(std::move(record));
}

absl::StatusOr<RegistryRecord> RegistryManager::Get(const CallContext& call,
                                                    const std::string& name) {
  GANTRY_RETURN_IF_ERROR(call.Check());
  return store_.GetRegistry(name);
}

absl::StatusOr<RegistryManager::Page> RegistryManager::List(const CallContext& call, int page_size,
                                                            const std::string& page_token) {
  GANTRY_RETURN_IF_ERROR(call.Check());
  return ListPage<RegistryRecord>(
      kPageScope, page_size, page_token,
      [this](const std::string& after, int limit) { return store_.ListRegistries(after, limit); });
}

absl::StatusOr<RegistryRecord> RegistryManager::Update(const CallContext& call,
                                                       RegistryRecord record,
                                                       std::vector<std::string>* warnings) {
  GANTRY_ASSIGN_OR_RETURN(const RegistryRecord stored, store_.GetRegistry(record.name));
  if (record.flavor.empty()) record.flavor = stored.flavor;
  if (record.flavor != stored.flavor) {
    return InvalidField("registry.flavor",
                        fmt::format("registry {} has flavor {}, which cannot be changed",
                                    record.name, stored.flavor),
                        "delete the registry and create it again");
  }
  GANTRY_RETURN_IF_ERROR(Validate(call, record, &stored, warnings));
  return store_.UpdateRegistry(std::move(record));
}

absl::Status RegistryManager::Delete(const CallContext& call, const std::string& name,
                                     int64_t version) {
  GANTRY_RETURN_IF_ERROR(call.Check());
  return store_.DeleteRegistry(name, version);
}

absl::StatusOr<std::vector<DiagnosticCheck>> RegistryManager::Diagnose(
    const CallContext& call, const std::string& name, const std::string& repository) {
  GANTRY_ASSIGN_OR_RETURN(const RegistryRecord record, store_.GetRegistry(name));
  std::optional<ConnectorRecord> connector;
  if (!record.connector.empty()) {
    GANTRY_ASSIGN_OR_RETURN(connector, store_.GetConnector(record.connector));
  }
  // A session of its own: a token that an earlier call has got would hide a credential that no
  // longer works.
  GANTRY_ASSIGN_OR_RETURN(const auto session,
                          pool_.OpenUnsaved(call, record, connector ? &*connector : nullptr));
  return DiagnoseSession(call, *session, connector ? &*connector : nullptr, repository);
}

absl::Status RegistryManager::Validate(const CallContext& call, RegistryRecord& record,
                                       const RegistryRecord* stored,
                                       std::vector<std::string>* warnings) {
  GANTRY_RETURN_IF_ERROR(call.Check());
  std::vector<FieldViolation> violations;
  if (auto fault = CheckName(record.name)) violations.push_back(*std::move(fault));
  if (auto fault = CheckLabels(record.labels)) violations.push_back(*std::move(fault));
  const auto uri = RegistryUri::Parse(record.uri);
  if (record.flavor.empty()) {
    record.flavor = uri.ok() ? FlavorForHost(flavors_, uri->host()) : "default";
  }
  GANTRY_ASSIGN_OR_RETURN(Flavor* const flavor, flavors_.Find(record.flavor));
  const FlavorInfo& info = flavor->info();

  if (!uri.ok()) {
    violations.push_back(
        {"uri", Trim(record.uri).empty()
                    ? "is required, such as docker.io/myusername"
                    : std::string(MessageOf(uri.status())) + "; " + DetailOf(uri.status()).remedy});
  } else {
    const auto faults = SettleTransport(*uri, stored, record);
    violations.insert(violations.end(), faults.begin(), faults.end());
    record.uri = uri->text();
    if (!record.default_repository.empty()) {
      const auto repository = RepositoryBelow(*uri, record.default_repository);
      if (repository.ok()) {
        record.default_repository = RelativeTo(*uri, *repository);
      } else {
        violations.push_back({"default_repository", std::string(MessageOf(repository.status()))});
      }
    }
  }

  GANTRY_ASSIGN_OR_RETURN(const ConfigSchema schema,
                          ConfigSchema::Parse(info.config_schema_json, "flavor " + info.name));
  GANTRY_ASSIGN_OR_RETURN(Json config, ParseConfigObject(record.config_json, "config"));
  schema.ReadTexts(config);
  GANTRY_ASSIGN_OR_RETURN(const auto faults, schema.Check(config, "config"));
  violations.insert(violations.end(), faults.begin(), faults.end());
  record.config_json = config.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (!violations.empty()) return Refuse(std::move(violations), info);

  std::optional<ConnectorRecord> connector;
  if (!record.connector.empty()) {
    GANTRY_ASSIGN_OR_RETURN(connector, store_.GetConnector(record.connector));
    GANTRY_RETURN_IF_ERROR(CheckConnectorFits(*connector, info, *uri));
  }
  GANTRY_ASSIGN_OR_RETURN(const std::string instance,
                          InstanceConfig(record, connector ? &*connector : nullptr));
  GANTRY_ASSIGN_OR_RETURN(const auto findings, flavor->ValidateConfig(call, instance));
  FlavorFindings found(findings);
  if (!found.violations.empty()) return Refuse(std::move(found.violations), info);
  if (warnings) *warnings = std::move(found.warnings);
  return absl::OkStatus();
}

}  // namespace gantry
