#include "gantryd/flavors/description.h"

#include <gmock/gmock.h>

#include "base/status.h"

namespace gantry {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kSound =
    R"({"display_name": "D", "best_for": "B", "uri": {"form": "F", "example": "E"},
        "config_schema": {"type": "object"}})";
constexpr std::string_view kMethod =
    R"({"name": "password", "display_name": "P", "config_schema": {"type": "object"}})";

gantry_str Raw(std::string_view text) { return {text.data(), text.size()}; }

absl::StatusOr<FlavorInfo> Describe(std::string_view description,
                                    const std::vector<std::string>& connectors = {},
                                    std::string_view errors = "") {
  std::vector<gantry_str> types;
  for (const std::string& connector : connectors) types.push_back(Raw(connector));
  gantry_flavor_table table{};
  table.name = Raw("fake");
  table.version = Raw("1.0");
  table.description_json = Raw(description);
  table.errors_json = Raw(errors);
  table.connector_types = types.data();
  table.connector_type_count = types.size();
  return DescribeFlavor(table);
}

std::string Connector(std::string_view methods) {
  return fmt::format(R"({{"type": "docker", "display_name": "D", "auth_methods": [{}]}})", methods);
}

TEST(Description, ReadsWhatTheAbiAsksFor) {
  const auto info = Describe(kSound, {Connector(kMethod)});
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->display_name, "D");
  EXPECT_EQ(info->uri_example, "E");
  EXPECT_EQ(info->config_schema_json, R"({"type":"object"})");
  EXPECT_EQ(info->connector_types.at(0).auth_methods.at(0).display_name, "P");
  EXPECT_TRUE(info->capabilities.empty());
}

TEST(Description, NamesTheMemberThatIsMissing) {
  const std::pair<std::string, std::string> kCases[] = {
      {"", "no JSON object"},
      {"[]", "no JSON object"},
      {std::string(100'000, '['), "no JSON object"},
      {R"({"best_for": "B"})", "\"display_name\""},
      {R"({"display_name": "D", "best_for": 7})", "\"best_for\""},
      {R"({"display_name": "D", "best_for": "B"})", "\"uri\""},
      {R"({"display_name": "D", "best_for": "B", "uri": {"form": "F"}})", "\"example\""},
      {R"({"display_name": "D", "best_for": "B", "uri": {"form": "F", "example": "E"}})",
       "\"config_schema\""}};
  for (const auto& [text, member] : kCases) {
    const auto info = Describe(text);
    ASSERT_FALSE(info.ok()) << text.substr(0, 100);
    EXPECT_EQ(ReasonOf(info.status()), reason::kFlavorNotLoaded);
    EXPECT_THAT(std::string(MessageOf(info.status())), HasSubstr(member));
  }
}

TEST(Description, ReadsWhatRefusalsMean) {
  const auto info = Describe(kSound, {}, R"({"errors": [
      {"status": 403, "text": "has expired", "remedy": "R", "login_ended": true},
      {"code": "DENIED", "meaning": "M", "remedy": "R"}]})");
  ASSERT_TRUE(info.ok()) << info.status();
  ASSERT_EQ(info->error_hints.size(), 2u);
  EXPECT_EQ(info->error_hints[0].status, 403);
  EXPECT_TRUE(info->error_hints[0].login_ended);
  EXPECT_EQ(info->error_hints[1].code, "DENIED");
  EXPECT_FALSE(info->error_hints[1].login_ended);
  for (const char* bad :
       {"[]", R"({"errors": [{"status": 403}]})", R"({"errors": [{"remedy": "R"}]})",
        R"({"errors": [{"status": 403, "remedy": "R", "login_ended": 1}]})"}) {
    EXPECT_FALSE(Describe(kSound, {}, bad).ok()) << bad;
  }
}

TEST(Description, ReadsWhatErrorsMean) {
  const auto read = [](const std::string& row) {
    return Describe(kSound, {}, fmt::format(R"({{"errors": [{}]}})", row));
  };
  const auto info = read(R"({"stage": "dns", "meaning": "M", "remedy": "R"})");
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->error_hints.at(0).stage, "dns");
  EXPECT_EQ(info->error_hints.at(0).remedy, "R");
  for (const char* row :
       {R"({"remedy": "R"})", R"({"status": 403})", R"({"stage": "arp", "remedy": "R"})"}) {
    EXPECT_EQ(ReasonOf(read(row).status()), reason::kFlavorNotLoaded) << row;
  }
}

TEST(Description, KnowsTheHostsThatAreItsAlone) {
  const auto with = [](const std::string& hosts) {
    return Describe(std::string(kSound.substr(0, kSound.size() - 1)) + ", \"hosts\": " + hosts + "}");
  };
  const auto info = with(R"(["ghcr\\.io", "containers\\.[a-z]+\\.ghe\\.com"])");
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_TRUE(IsHomeOf(*info, "ghcr.io"));
  EXPECT_TRUE(IsHomeOf(*info, "containers.acme.ghe.com"));
  for (const char* other : {"", "ghcrxio", "ghcr.io.evil.example", "evil-ghcr.io", "ghcr.io:5000"}) {
    EXPECT_FALSE(IsHomeOf(*info, other)) << other;
  }
  EXPECT_FALSE(IsHomeOf(*Describe(kSound), "ghcr.io"));
  EXPECT_FALSE(with(R"(["("])").ok());
  EXPECT_FALSE(with("[7]").ok());
}

TEST(Description, ConnectorTypesAreHeldToTheSame) {
  const std::string twice = fmt::format("{}, {}", kMethod, kMethod);
  const std::pair<std::vector<std::string>, std::string> kCases[] = {
      {{"7"}, "no JSON object"},
      {{"{}"}, "\"type\""},
      {{Connector("")}, "\"auth_methods\""},
      {{Connector("7")}, "\"name\""},
      {{Connector(R"({"name": "n", "display_name": "N"})")}, "\"config_schema\""},
      {{Connector(twice)}, "twice"},
      {{Connector(kMethod), Connector(kMethod)}, "twice"}};
  for (const auto& [connectors, member] : kCases) {
    const auto info = Describe(kSound, connectors);
    ASSERT_FALSE(info.ok()) << connectors[0];
    EXPECT_THAT(std::string(MessageOf(info.status())), HasSubstr(member));
  }
}

}  // namespace
}  // namespace gantry
