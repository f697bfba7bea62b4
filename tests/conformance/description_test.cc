// What flavors say about themselves can be shown to people and held against configurations.
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

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
