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

}  // namespace

absl::StatusOr<ConnectorConfig> ReadConnectorConfig(const ConfigSchema& schema,
                                                    const Secret& config_json,
                                                    const std::map<std::string, Secret>& kept) {
  GANTRY_ASSIGN_OR_RETURN(Json config, ParseConfigObject(config_json.Reveal(), "config"));
  const absl::Cleanup wipe = [&config] { Wipe(config); };
  for (const auto& [name, secret] : kept) {
    const auto property = schema.properties().find(name);
    const bool known = property != schema.properties().end() && property->second.secret;
    if (known && !config.contains(name)) config[name] = SecretToJson(secret, property->second);
  }
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
