// What flavors say about themselves can be shown to people and held against configurations.
#include <array>
#include <cctype>
#include <string>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>
#include <vector>

#include "tests/conformance/example_login.h"
#include "tests/conformance/flavors_under_test.h"

namespace gantry::testing {
namespace {

using nlohmann::json;

class Description : public FlavorTest {};

void ExpectJsonSchema(const json& schema, const std::string& where) {
  ASSERT_TRUE(schema.is_object()) << where;
  EXPECT_EQ(schema.value("type", ""), "object") << where;
  valijson::Schema compiled;
  valijson::SchemaParser parser;
  EXPECT_NO_THROW(parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(schema), compiled))
      << where;
  const json properties = schema.value("properties", json::object());
  for (const auto& [name, property] : properties.items()) {
    EXPECT_FALSE(property.value("description", "").empty()) << where << ": " << name;
    const bool secret = property.value("writeOnly", false);
    EXPECT_TRUE(!secret || property.value("type", "") == "string") << where << ": " << name;
  }
}

TEST_P(Description, TableIsOfThisVersionAndNamedAsInTheManifest) {
  EXPECT_EQ(table_->magic, GANTRY_MAGIC);
  EXPECT_GE(table_->struct_size, sizeof(gantry_flavor_table));
  EXPECT_EQ(sdk::View(table_->name), GetParam().name);
  EXPECT_FALSE(sdk::View(table_->version).empty());
  EXPECT_NE(table_->capabilities & GANTRY_CAN_PUSH, 0u);
}

TEST_P(Description, SaysWhatItIsFor) {
  for (const char* member : {"display_name", "best_for", "features", "cost"}) {
    EXPECT_FALSE(description_.value(member, "").empty()) << member;
  }
  EXPECT_FALSE(description_["uri"].value("form", "").empty());
  EXPECT_FALSE(uri_.empty());
  EXPECT_EQ(uri_.find("://"), std::string::npos) << "a registry's URI has no scheme";
}

TEST_P(Description, ConfigSchemaIsAJsonSchema) {
  ExpectJsonSchema(description_["config_schema"], "config");
}

TEST_P(Description, ConnectorTypesHaveSchemasWithTheirSecretsMarked) {
  for (size_t i = 0; i < table_->connector_type_count; ++i) {
    const json type = json::parse(sdk::View(table_->connector_types[i]));
    EXPECT_FALSE(type.value("type", "").empty());
    EXPECT_FALSE(type.value("display_name", "").empty());
    EXPECT_FALSE(type.value("description", "").empty());
    ASSERT_FALSE(type["auth_methods"].empty());
    for (const json& method : type["auth_methods"]) {
      EXPECT_FALSE(method.value("display_name", "").empty());
      const std::string where = type.value("type", "") + "/" + method.value("name", "");
      ExpectJsonSchema(method["config_schema"], where);
      for (const auto& [name, property] : method["config_schema"]["properties"].items()) {
        const bool sounds_secret = name.find("password") != name.npos ||
                                   name.find("secret") != name.npos ||
                                   name.find("private_key") != name.npos;
        EXPECT_TRUE(!sounds_secret || property.value("writeOnly", false)) << where << ": " << name;
        // Whoever writes a connector must not have the machine's own tokens sent to themselves.
        EXPECT_FALSE(method.value("implicit", false) && property.value("x-destination", false))
            << where << ": " << name;
      }
    }
  }
}

// Status, code, text and stage of a row of the error table, in lower case; a part that fits
// everything is empty.
using Pattern = std::array<std::string, 4>;

Pattern PatternOf(const json& row) {
  Pattern pattern = {row.contains("status") ? row["status"].dump() : "", row.value("code", ""),
                     row.value("text", ""), row.value("stage", "")};
  for (std::string& part : pattern) {
    for (char& c : part) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return pattern;
}

// A host that was not reached has said nothing: its rows are for a stage alone.
bool Covers(const Pattern& earlier, const Pattern& row) {
  const auto same = [](const std::string& a, const std::string& b) { return a.empty() || a == b; };
  return earlier[3] == row[3] && same(earlier[0], row[0]) && same(earlier[1], row[1]) &&
         row[2].find(earlier[2]) != std::string::npos;
}

TEST_P(Description, EveryRefusalHasAMeaningAndARemedyAndIsReached) {
  const std::string_view text = sdk::View(table_->errors_json);
  if (text.empty()) return;
  std::vector<Pattern> earlier;
  const json table = json::parse(text);
  for (const json& row : table["errors"]) {
    SCOPED_TRACE(row.dump());
    EXPECT_FALSE(row.value("meaning", row.value("stage", "")).empty());
    std::string remedy = row.value("remedy", "");
    EXPECT_TRUE(remedy.ends_with('.')) << "a sentence";
    for (const std::string placeholder : {"{host}", "{repository}"}) {
      for (size_t at; (at = remedy.find(placeholder)) != remedy.npos;) {
        remedy.erase(at, placeholder.size());
      }
    }
    EXPECT_EQ(remedy.find_first_of("{}"), remedy.npos) << "no such placeholder";
    for (const auto& other : earlier) {
      EXPECT_FALSE(Covers(other, PatternOf(row))) << "an earlier row is found instead";
    }
    earlier.push_back(PatternOf(row));
  }
}

// The logins that the contract is held against are such as users can give.
TEST_P(Description, ExampleLoginsFitTheirSchemas) {
  for (size_t i = 0; i < table_->connector_type_count; ++i) {
    const json type = json::parse(sdk::View(table_->connector_types[i]));
    for (const json& method : type["auth_methods"]) {
      const ExampleLogin login = MakeExampleLogin(*table_, type["type"], method["name"]);
      json config = login.connector["config"];
      for (const auto& [name, secret] : login.secrets) config[name] = secret;
      valijson::Schema schema;
      valijson::SchemaParser().populateSchema(
          valijson::adapters::NlohmannJsonAdapter(method["config_schema"]), schema);
      EXPECT_TRUE(valijson::Validator().validate(
          schema, valijson::adapters::NlohmannJsonAdapter(config), nullptr))
          << type["type"] << "/" << method["name"] << ": " << config;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Flavors, Description, ::testing::ValuesIn(AllFlavors()),
                         NameOfParam<FlavorFile>);

}  // namespace
}  // namespace gantry::testing
