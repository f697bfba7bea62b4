#include "gantryd/registries/schema.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <exception>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "base/status.h"
#include "gantryd/registries/schema_error_text.h"

namespace gantry {
namespace {

using Adapter = valijson::adapters::NlohmannJsonAdapter;

// std::regex, which valijson matches patterns with, recurses once per character.
constexpr size_t kMaxMatchedString = 4096;
constexpr int kMaxSchemaDepth = 8;

Error BrokenSchema(const std::string& owner, std::string_view why) {
  return Internal(reason::kFlavorMisbehaved, "the config schema of {} is broken: {}", owner,
                  Excerpt(why, 200))
      .Remedy("report this to the author of the flavor");
}

void Collect(const Json& schema, int depth, std::map<std::string, ConfigSchema::Property>& out) {
  if (!schema.is_object() || depth > kMaxSchemaDepth) return;
  if (const Json* properties = GetObject(schema, "properties")) {
    for (const auto& [name, property] : properties->items()) {
      ConfigSchema::Property& entry = out[name];
      if (entry.schema.is_null()) entry.schema = property;
      const bool write_only = property.is_object() && property.value("writeOnly", Json()) == true;
      entry.secret = entry.secret || write_only;
      const bool leads = property.is_object() && property.value("x-destination", Json()) == true;
      entry.destination = entry.destination || leads;
    }
  }
  for (const char* key : {"allOf", "anyOf", "oneOf"}) {
    if (const Json* list = GetArray(schema, key)) {
      for (const Json& item : *list) Collect(item, depth + 1, out);
    }
  }
  for (const char* key : {"then", "else"}) {
    if (const Json* item = GetObject(schema, key)) Collect(*item, depth + 1, out);
  }
}

bool IsOfType(const Json& value, std::string_view type) {
  return (type == "boolean" && value.is_boolean()) ||
         (type == "integer" && value.is_number_integer()) ||
         (type == "number" && value.is_number()) || (type == "array" && value.is_array()) ||
         (type == "object" && value.is_object());
}

size_t LongestString(const Json& value) {
  if (value.is_string()) return value.get_ref<const std::string&>().size();
  size_t longest = 0;
  if (value.is_structured()) {
    for (const Json& item : value) longest = std::max(longest, LongestString(item));
  }
  return longest;
}

}  // namespace

ConfigSchema::ConfigSchema(Json schema, std::string owner)
    : schema_(std::move(schema)), owner_(std::move(owner)) {
  Collect(schema_, 0, properties_);
  const auto additional = schema_.find("additionalProperties");
  const bool open = additional != schema_.end() && *additional != false;
  closed_ = !open && !schema_.contains("patternProperties") &&
            (!properties_.empty() || schema_.contains("properties"));
}

absl::StatusOr<ConfigSchema> ConfigSchema::Parse(std::string_view schema_json,
                                                 std::string_view owner) {
  auto schema = ParseJson(schema_json.empty() ? "{}" : schema_json);
  if (!schema.ok()) return BrokenSchema(std::string(owner), MessageOf(schema.status()));
  if (!schema->is_object()) return BrokenSchema(std::string(owner), "it is not an object");
  return ConfigSchema(*std::move(schema), std::string(owner));
}

void ConfigSchema::ReadTexts(Json& config) const {
  for (const auto& [name, property] : properties_) {
    const auto value = config.find(name);
    const bool text = value != config.end() && value->is_string();
    if (!text || property.secret || !property.schema.is_object()) continue;
    const auto read = ParseJson(value->get_ref<const std::string&>());
    if (read.ok() && IsOfType(*read, GetString(property.schema, "type").value_or("string"))) {
      *value = *read;
    }
  }
}

absl::StatusOr<std::vector<FieldViolation>> ConfigSchema::Check(const Json& config,
                                                                std::string_view prefix) const {
  std::vector<FieldViolation> violations = CheckNames(config, prefix);
  const std::vector<FieldViolation> lengths = CheckLengths(config, prefix);
  violations.insert(violations.end(), lengths.begin(), lengths.end());
  if (!violations.empty()) return violations;
  valijson::ValidationResults results;
  try {
    valijson::Schema compiled;
    valijson::SchemaParser().populateSchema(Adapter(schema_), compiled);
    valijson::Validator validator;
    if (validator.validate(compiled, Adapter(config), &results)) return violations;
  } catch (const std::exception& e) {
    return BrokenSchema(owner_, e.what());
  }
  violations = DescribeSchemaErrors(results, schema_, prefix);
  if (violations.empty()) {
    violations.push_back({std::string(prefix), "does not fit its schema"});
  }
  return violations;
}

std::vector<FieldViolation> ConfigSchema::CheckNames(const Json& config,
                                                     std::string_view prefix) const {
  std::vector<FieldViolation> violations;
  if (!closed_) return violations;
  std::vector<std::string_view> known;
  for (const auto& [name, property] : properties_) known.push_back(name);
  for (const auto& [name, value] : config.items()) {
    if (properties_.count(name)) continue;
    violations.push_back({fmt::format("{}.{}", prefix, Excerpt(name, 80)),
                          known.empty()
                              ? fmt::format("is not a field of {}, which has none", owner_)
                              : fmt::format("is not a field of {}; its fields are {}", owner_,
                                            fmt::join(known, ", "))});
  }
  return violations;
}

std::vector<FieldViolation> ConfigSchema::CheckLengths(const Json& config,
                                                       std::string_view prefix) const {
  std::vector<FieldViolation> violations;
  for (const auto& [name, value] : config.items()) {
    const auto property = properties_.find(name);
    const std::string text =
        property == properties_.end() ? schema_.dump() : property->second.schema.dump();
    const bool matched = text.find("\"pattern") != text.npos || text.find("\"format") != text.npos;
    if (matched && LongestString(value) > kMaxMatchedString) {
      violations.push_back({fmt::format("{}.{}", prefix, Excerpt(name, 80)),
                            fmt::format("is longer than {} characters", kMaxMatchedString)});
    }
  }
  return violations;
}

absl::StatusOr<Json> ParseConfigObject(std::string_view config_json, std::string_view field) {
  if (Trim(config_json).empty()) return Json::object();
  auto json = ParseJson(config_json);
  if (!json.ok())
    return InvalidConfig({{std::string(field), std::string(MessageOf(json.status()))}});
  if (json->is_null()) return Json::object();
  if (!json->is_object()) return InvalidConfig({{std::string(field), "is not an object"}});
  return json;
}

}  // namespace gantry
