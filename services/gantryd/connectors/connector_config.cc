#include "gantryd/connectors/connector_config.h"

#include <absl/cleanup/cleanup.h>

#include "base/status.h"

namespace gantry {
namespace {

// Overwrites every string before it is freed.
void Wipe(Json& json) {
  if (json.is_string()) WipeString(json.get_ref<std::string&>());
  if (!json.is_structured()) return;
  for (Json& item : json) Wipe(item);
}

// A secret's text as its schema wants it: most are strings, a key file may be an object.
Json SecretToJson(const Secret& secret, const ConfigSchema::Property& property) {
  const bool is_text = !property.schema.is_object() ||
                       GetString(property.schema, "type").value_or("string") == "string";
  Json text = std::string(secret.Reveal());
  if (is_text) return text;
  auto json = ParseJson(secret.Reveal());
  return json.ok() ? *std::move(json) : text;
}

Secret JsonToSecret(const Json& json) {
  if (json.is_string()) return Secret(json.get<std::string>());
  return Secret(json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

// A field of `config` that sends secrets elsewhere than `stored` did; empty when there is none.
std::string NewDestination(const ConfigSchema& schema, const Json& stored, const Json& config) {
  for (const auto& [name, property] : schema.properties()) {
    if (property.destination && stored.value(name, Json()) != config.value(name, Json())) return name;
  }
  return "";
}

absl::Status KeepSecrets(const ConfigSchema& schema, const ConnectorConfig& stored,
                         const std::string& moved_by, Json& config) {
  GANTRY_ASSIGN_OR_RETURN(const Json before, ParseConfigObject(stored.public_json, "config"));
  const std::string destination =
      moved_by.empty() ? NewDestination(schema, before, config) : moved_by;
  std::vector<FieldViolation> violations;
  for (const auto& [name, secret] : stored.secrets) {
    const auto property = schema.properties().find(name);
    const bool known = property != schema.properties().end() && property->second.secret;
    if (!known || config.contains(name)) continue;
    if (destination.empty()) {
      config[name] = SecretToJson(secret, property->second);
    } else {
      violations.push_back({"config." + name, fmt::format("must be given again, for {} may send "
                                                          "it elsewhere than before",
                                                          destination)});
    }
  }
  if (violations.empty()) return absl::OkStatus();
  return InvalidConfig(std::move(violations), "give the secrets together with the change");
}

}  // namespace

absl::StatusOr<ConnectorConfig> ReadConnectorConfig(const ConfigSchema& schema,
                                                    const Secret& config_json,
                                                    const ConnectorConfig* stored,
                                                    const std::string& moved_by) {
  GANTRY_ASSIGN_OR_RETURN(Json config, ParseConfigObject(config_json.Reveal(), "config"));
  const absl::Cleanup wipe = [&config] { Wipe(config); };
  if (stored) GANTRY_RETURN_IF_ERROR(KeepSecrets(schema, *stored, moved_by, config));
  for (auto it = config.begin(); it != config.end();) {
    it = it->is_null() ? config.erase(it) : std::next(it);
  }
  schema.ReadTexts(config);
  GANTRY_ASSIGN_OR_RETURN(auto violations, schema.Check(config, "config"));
  if (!violations.empty()) {
    return InvalidConfig(std::move(violations),
                         "list the fields of each auth method: gantry service-connector "
                         "list-types");
  }
  ConnectorConfig parted;
  Json shown = Json::object();
  for (const auto& [name, value] : config.items()) {
    const auto property = schema.properties().find(name);
    const bool secret = property != schema.properties().end() && property->second.secret;
    if (secret) {
      parted.secrets.insert_or_assign(name, JsonToSecret(value));
    } else {
      shown[name] = value;
    }
  }
  parted.public_json = shown.dump(-1, ' ', false, Json::error_handler_t::replace);
  return parted;
}

}  // namespace gantry
