// JSON Schemas that flavors declare, and the configs that have to fit them.
#pragma once

#include <absl/status/statusor.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gantryd/registries/field_violations.h"
#include "oci/json.h"

namespace gantry {

// A parsed schema of an object.  Immutable; thread-safe.
class ConfigSchema {
 public:
  struct Property {
    Json schema;
    bool secret = false;       // writeOnly: goes in, and never comes out
    bool destination = false;  // x-destination: says where secrets are sent
  };

  // INTERNAL FLAVOR_MISBEHAVED when the text is no schema; `owner` is named in that error.
  static absl::StatusOr<ConfigSchema> Parse(std::string_view schema_json, std::string_view owner);

  // A command line gives text for everything: "true", "3600" or "[\"a\"]" become what the property's
  // type wants.  Any other text stays, for Check to refuse; so do secrets.
  void ReadTexts(Json& config) const;

  // All violations of `config`, with fields below `prefix` ("config.username").  What is unknown is
  // a violation as well, unless the schema allows it.  No description shows a value.
  //   INTERNAL FLAVOR_MISBEHAVED   the schema cannot be applied
  absl::StatusOr<std::vector<FieldViolation>> Check(const Json& config,
                                                    std::string_view prefix) const;

  // By name, also those declared in its alternatives (allOf, anyOf, oneOf, then, else).
  const std::map<std::string, Property>& properties() const { return properties_; }

 private:
  ConfigSchema(Json schema, std::string owner);
  std::vector<FieldViolation> CheckNames(const Json& config, std::string_view prefix) const;
  std::vector<FieldViolation> CheckLengths(const Json& config, std::string_view prefix) const;

  Json schema_;
  std::string owner_;
  std::map<std::string, Property> properties_;
  bool closed_ = false;  // fields that are not in properties_ are refused
};

// `config_json` as an object; "" and "null" are the empty one.  INVALID_ARGUMENT INVALID_CONFIG for
// the field `field`, when it is no object or nested without bounds; never with the text itself.
absl::StatusOr<Json> ParseConfigObject(std::string_view config_json, std::string_view field);

}  // namespace gantry
