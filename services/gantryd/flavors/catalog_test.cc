#include "gantryd/flavors/catalog.h"

#include <gmock/gmock.h>

#include "gantryd/flavors/test_support.h"

namespace gantry {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Catalog : public ::testing::Test {
 protected:
  void SetUp() override {
    auto loaded = LoadFlavors(GANTRY_FLAVORS_DIR);
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    flavors_ = *std::move(loaded);
  }
  std::unique_ptr<LoadedFlavors> flavors_;
};

TEST_F(Catalog, DescribesTheFlavorsOfTheBuild) {
  std::vector<std::string> names;
  for (const FlavorInfo& info : flavors_->List()) {
    EXPECT_EQ(info.load_error, "") << info.name;
    EXPECT_EQ(info.sha256.size(), 64u);
    EXPECT_THAT(info.file, HasSubstr("/gantry_flavor_" + info.name + ".so"));
    EXPECT_THAT(info.capabilities, Contains("push"));
    EXPECT_FALSE(info.best_for.empty());
    names.push_back(info.name);
  }
  EXPECT_THAT(names, ::testing::IsSupersetOf({"default", "dockerhub"}));
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
}

TEST_F(Catalog, ConnectorTypesComeWithTheirSchemas) {
  const FlavorInfo& info = (*flavors_->Find("dockerhub"))->info();
  ASSERT_EQ(info.connector_types.size(), 1u);
  EXPECT_EQ(info.connector_types[0].type, "docker");
  ASSERT_EQ(info.connector_types[0].auth_methods.size(), 1u);
  EXPECT_EQ(info.connector_types[0].auth_methods[0].name, "password");
  EXPECT_THAT(info.connector_types[0].auth_methods[0].config_schema_json,
              HasSubstr("\"writeOnly\":true"));
  EXPECT_THAT(info.capabilities, ElementsAre("push", "list", "delete", "diagnose"));
  EXPECT_EQ(info.uri_example, "docker.io/acme");
}

TEST_F(Catalog, AnUnknownNameIsToldWhichOnesThereAre) {
  const auto flavor = flavors_->Find("gitlab");
  ASSERT_FALSE(flavor.ok());
  EXPECT_EQ(ReasonOf(flavor.status()), reason::kFlavorNotFound);
  EXPECT_THAT(DetailOf(flavor.status()).remedy, HasSubstr("dockerhub"));
}

TEST(CatalogOfFakes, ARefusedFlavorIsListedWithItsErrorAndTheOthersWork) {
  const auto flavors = LoadFlavors(GANTRY_FAKE_FLAVORS_DIR);
  ASSERT_TRUE(flavors.ok()) << flavors.status();
  EXPECT_TRUE((*flavors)->Find("minimal").ok());
  const auto refused = (*flavors)->Find("wrong_magic");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(refused.status()), reason::kFlavorNotLoaded);
  EXPECT_THAT(std::string(MessageOf(refused.status())), HasSubstr("magic number"));
  for (const FlavorInfo& info : (*flavors)->List()) {
    if (info.load_error.empty()) continue;
    EXPECT_FALSE(info.name.empty());
    EXPECT_FALSE(info.file.empty());
    EXPECT_EQ(info.display_name, "");
  }
  EXPECT_THAT((*flavors)->unlisted(), ElementsAre("gantry_flavor_unlisted.so"));
}

}  // namespace
}  // namespace gantry
