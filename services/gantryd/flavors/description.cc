#include "gantryd/flavors/description.h"

#include <re2/re2.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/status.h"
#include "oci/json.h"

namespace gantry {
namespace {

constexpr size_t kMaxText = 1000;

absl::Status Malformed(std::string_view where, std::string_view what) {
  return FailedPrecondition(reason::kFlavorNotLoaded, "the flavor's {} {}", where, what)
      .Remedy("This is a defect of the flavor; tell whoever maintains it.");
}

absl::StatusOr<Json> ParseObject(gantry_str text, std::string_view where) {
  absl::StatusOr<Json> json = ParseJson({text.data, text.size});
  if (!json.ok() || !json->is_object()) return Malformed(where, "is no JSON object");
  return json;
}

// A text that is shown to people; "" when it may be absent.
absl::Status Read(const Json& object, const char* key, std::string_view where, bool required,
                  std::string* out) {
  const auto text = GetString(object, key);
  if (required && (!text || text->empty())) {
    return Malformed(where, fmt::format("lacks \"{}\"", key));
  }
  *out = Excerpt(text.value_or(""), kMaxText);
  return absl::OkStatus();
}

absl::Status ReadSchema(const Json& object, std::string_view where, std::string* out) {
  const Json* schema = GetObject(object, "config_schema");
  if (schema == nullptr) return Malformed(where, "lacks \"config_schema\", a JSON Schema");
  *out = schema->dump();
  return absl::OkStatus();
}

absl::StatusOr<ConnectorTypeInfo> ReadConnectorType(gantry_str text) {
  GANTRY_ASSIGN_OR_RETURN(const Json json, ParseObject(text, "connector type"));
  ConnectorTypeInfo info;
  GANTRY_RETURN_IF_ERROR(Read(json, "type", "connector type", true, &info.type));
  const std::string where = "connector type " + info.type;
  GANTRY_RETURN_IF_ERROR(Read(json, "display_name", where, true, &info.display_name));
  GANTRY_RETURN_IF_ERROR(Read(json, "description", where, false, &info.description));
  const Json* methods = GetArray(json, "auth_methods");
  if (methods == nullptr || methods->empty()) return Malformed(where, "lacks \"auth_methods\"");
  std::set<std::string> names;
  for (const Json& item : *methods) {
    AuthMethodInfo& method = info.auth_methods.emplace_back();
    GANTRY_RETURN_IF_ERROR(Read(item, "name", where + "'s auth method", true, &method.name));
    const std::string here = where + "'s auth method " + method.name;
    GANTRY_RETURN_IF_ERROR(Read(item, "display_name", here, true, &method.display_name));
    GANTRY_RETURN_IF_ERROR(ReadSchema(item, here, &method.config_schema_json));
    method.implicit = item.value("implicit", Json(false)) == true;
    if (!names.insert(method.name).second) return Malformed(here, "is there twice");
  }
  return info;
}

absl::StatusOr<std::vector<std::string>> ReadHosts(const Json& json) {
  std::vector<std::string> hosts;
  const Json* list = GetArray(json, "hosts");
  if (list == nullptr) return hosts;
  for (const Json& item : *list) {
    const std::string pattern = item.is_string() ? item.get<std::string>() : "";
    if (pattern.empty() || !RE2(pattern, RE2::Quiet).ok()) {
      return Malformed("description", fmt::format("has a host that is no regular expression: {}",
                                                  Excerpt(item.dump(), 100)));
    }
    hosts.push_back(pattern);
  }
  return hosts;
}

bool IsStage(std::string_view stage) {
  constexpr std::string_view kStages[] = {"", "dns", "proxy", "tcp", "tls"};
  return std::find(std::begin(kStages), std::end(kStages), stage) != std::end(kStages);
}

absl::StatusOr<std::vector<ErrorHint>> ReadErrorHints(gantry_str text) {
  std::vector<ErrorHint> hints;
  if (text.size == 0) return hints;
  GANTRY_ASSIGN_OR_RETURN(const Json json, ParseObject(text, "error table"));
  const Json* rows = GetArray(json, "errors");
  if (rows == nullptr) return Malformed("error table", "lacks \"errors\"");
  for (const Json& row : *rows) {
    ErrorHint& hint = hints.emplace_back();
    if (const auto status = GetInt(row, "status")) hint.status = static_cast<int>(*status);
    hint.code = GetString(row, "code").value_or("");
    hint.text = GetString(row, "text").value_or("");
    hint.meaning = GetString(row, "meaning").value_or("");
    if (row.contains("login_ended")) {
      if (!row["login_ended"].is_boolean()) {
        return Malformed("error table", "has a \"login_ended\" that is not true or false");
      }
      hint.login_ended = row["login_ended"].get<bool>();
    }
    hint.stage = GetString(row, "stage").value_or("");
    GANTRY_RETURN_IF_ERROR(Read(row, "remedy", "error table's row", true, &hint.remedy));
    if (!IsStage(hint.stage)) {
      return Malformed("error table", "has a \"stage\" other than dns, proxy, tcp and tls");
    }
    if (hint.status == 0 && hint.code.empty() && hint.text.empty() && hint.stage.empty()) {
      return Malformed("error table", "has a row that fits every error");
    }
  }
  return hints;
}

std::vector<std::string> Capabilities(const gantry_flavor_table& table) {
  std::vector<std::string> names;
  const auto add = [&](uint32_t bit, bool there, const char* name) {
    if ((table.capabilities & bit) != 0 && there) names.emplace_back(name);
  };
  add(GANTRY_CAN_PUSH, true, "push");
  add(GANTRY_CAN_LIST, table.list != nullptr, "list");
  add(GANTRY_CAN_REMOVE, table.remove != nullptr, "delete");
  add(GANTRY_CAN_DIAGNOSE, table.diagnose != nullptr, "diagnose");
  add(GANTRY_CAN_VERIFY, table.verify != nullptr, "verify");
  add(GANTRY_CAN_LIST_RESOURCES, table.list_resources != nullptr, "list-resources");
  return names;
}

}  // namespace

absl::StatusOr<FlavorInfo> DescribeFlavor(const gantry_flavor_table& table) {
  FlavorInfo info;
  info.name.assign(table.name.data, table.name.size);
  info.version = Excerpt({table.version.data, table.version.size}, 64);
  info.capabilities = Capabilities(table);

  constexpr std::string_view kWhere = "description";
  GANTRY_ASSIGN_OR_RETURN(const Json json, ParseObject(table.description_json, kWhere));
  GANTRY_RETURN_IF_ERROR(Read(json, "display_name", kWhere, true, &info.display_name));
  GANTRY_RETURN_IF_ERROR(Read(json, "best_for", kWhere, true, &info.best_for));
  GANTRY_RETURN_IF_ERROR(Read(json, "features", kWhere, false, &info.features));
  GANTRY_RETURN_IF_ERROR(Read(json, "cost", kWhere, false, &info.cost));
  const Json* uri = GetObject(json, "uri");
  if (uri == nullptr) return Malformed(kWhere, "lacks \"uri\"");
  GANTRY_RETURN_IF_ERROR(Read(*uri, "form", "description's uri", true, &info.uri_form));
  GANTRY_RETURN_IF_ERROR(Read(*uri, "example", "description's uri", true, &info.uri_example));
  GANTRY_RETURN_IF_ERROR(ReadSchema(json, kWhere, &info.config_schema_json));
  GANTRY_ASSIGN_OR_RETURN(info.hosts, ReadHosts(json));
  GANTRY_ASSIGN_OR_RETURN(info.error_hints, ReadErrorHints(table.errors_json));

  std::set<std::string> types;
  for (size_t i = 0; i < table.connector_type_count; ++i) {
    GANTRY_ASSIGN_OR_RETURN(ConnectorTypeInfo type, ReadConnectorType(table.connector_types[i]));
    if (!types.insert(type.type).second) {
      return Malformed("connector type " + type.type, "is there twice");
    }
    info.connector_types.push_back(std::move(type));
  }
  return info;
}

bool IsHomeOf(const FlavorInfo& flavor, std::string_view host) {
  const re2::StringPiece name(host.data(), host.size());
  return std::any_of(flavor.hosts.begin(), flavor.hosts.end(), [&](const std::string& pattern) {
    return RE2::FullMatch(name, pattern);
  });
}

}  // namespace gantry
