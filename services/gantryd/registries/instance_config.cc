#include "gantryd/registries/instance_config.h"

#include "base/status.h"
#include "oci/json.h"

namespace gantry {
namespace {

absl::StatusOr<Json> Stored(const std::string& config_json, const std::string& owner) {
  auto json = ParseJson(config_json.empty() ? "{}" : config_json);
  if (json.ok()) return json;
  return DataLoss(reason::kStoreCorrupt, "the stored config of {} is no JSON", owner)
      .Remedy("delete it and create it again");
}

}  // namespace

absl::StatusOr<std::string> InstanceConfig(const RegistryRecord& record,
                                           const ConnectorRecord* connector,
                                           const std::string& meant_for) {
  Json json;
  json["uri"] = record.uri;
  json["default_repository"] = record.default_repository;
  GANTRY_ASSIGN_OR_RETURN(json["config"], Stored(record.config_json, "registry " + record.name));
  json["connector"] = nullptr;
  if (connector) {
    GANTRY_ASSIGN_OR_RETURN(Json config,
                            Stored(connector->config_json, "connector " + connector->name));
    json["connector"] = {{"type", connector->type},
                         {"auth_method", connector->auth_method},
                         {"config", std::move(config)},
                         {"expires_unix_ms", nullptr}};
    if (!meant_for.empty()) json["connector"]["registry"] = meant_for;
    if (connector->expires) {
      json["connector"]["expires_unix_ms"] =
          std::chrono::duration_cast<milliseconds>(connector->expires->time_since_epoch()).count();
    }
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace gantry
