#include "gantryd/registries/registry_manager.h"

#include "gantryd/registries/manager_test_world.h"

namespace gantry {
namespace {

using absl::StatusCode;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;

std::vector<std::string> FieldsOf(const absl::Status& status) {
  std::vector<std::string> fields;
  for (const FieldViolation& v : FieldViolationsOf(status)) fields.push_back(v.field);
  return fields;
}

TEST(RegistryManager, StoresTheCanonicalForm) {
  TestWorld w;
  RegistryRecord record = w.Record("hub", "https://Index.Docker.IO/me/");
  record.default_repository = "docker.io/me/app";
  record.config_json = R"({ "mirror" : "m" })";
  const RegistryRecord made = w.Register(record);
  EXPECT_EQ(made.uri, "docker.io/me");
  EXPECT_EQ(made.default_repository, "app");
  EXPECT_EQ(made.config_json, R"({"mirror":"m"})");
  EXPECT_FALSE(made.plain_http);
  EXPECT_EQ(made.version, 1);
  EXPECT_TRUE(w.Register("here", "localhost:5000").plain_http);
  EXPECT_EQ(w.http.seen().size(), 0u) << "nothing is asked of the registry";
}

TEST(RegistryManager, ReportsEveryWrongFieldAtOnce) {
  TestWorld w;
  RegistryRecord record = w.Record("Bad Name", "myusername");
  record.config_json = R"({"retries":-1,"x":1})";
  const auto made = w.registries.Create(w.call, record);
  EXPECT_THAT(made.status(), FailsWith(StatusCode::kInvalidArgument, reason::kInvalidConfig));
  EXPECT_THAT(FieldsOf(made.status()), ElementsAre("name", "uri", "config.x"));
  EXPECT_THAT(MessageOf(made.status()), HasSubstr("docker.io/"));

  record = w.Record("r", "");
  record.ca_certificate = "nonsense";
  EXPECT_THAT(FieldsOf(w.registries.Create(w.call, record).status()), ElementsAre("uri"));
  record.uri = "http://registry.example";
  record.default_repository = "gcr.io/other";
  EXPECT_THAT(FieldsOf(w.registries.Create(w.call, record).status()),
              ElementsAre("transport.ca_certificate", "uri", "default_repository"));
}

TEST(RegistryManager, AsksTheFlavorLast) {
  TestWorld w;
  std::string seen;
  w.catalog.flavor("default").behaviour.validate = [&](const std::string& config) {
    seen = config;
    return std::vector<Finding>{{Finding::Level::kWarning, "", "uri", "is odd", ""},
                                {Finding::Level::kError, "", "uri", "has a path", "drop it"}};
  };
  const auto made = w.registries.Create(w.call, w.Record("r", "gcr.io/p/"));
  EXPECT_THAT(made.status(), FailsWith(StatusCode::kInvalidArgument, reason::kInvalidConfig));
  EXPECT_THAT(FieldViolationsOf(made.status()),
              ElementsAre(AllOf(Field(&FieldViolation::field, "uri"),
                                Field(&FieldViolation::description, "has a path: drop it"))));
  EXPECT_THAT(DetailOf(made.status()).remedy, HasSubstr("docker.io/myusername"));
  EXPECT_EQ(*ParseJson(seen), *ParseJson(R"({"uri":"gcr.io/p","default_repository":"",
                                             "config":{},"connector":null})"));
}

TEST(RegistryManager, TellsWhatTheFlavorFindsOdd) {
  TestWorld w;
  w.catalog.flavor("default").behaviour.validate = [&](const std::string&) {
    return std::vector<Finding>{{Finding::Level::kWarning, "", "uri", "is odd", "look at it"},
                                {Finding::Level::kInfo, "", "uri", "is a host", ""}};
  };
  std::vector<std::string> warnings;
  ASSERT_TRUE(w.registries.Create(w.call, w.Record("r", "gcr.io/p"), &warnings).ok());
  EXPECT_THAT(warnings, ElementsAre("is odd: look at it"));
  warnings.clear();
  ASSERT_TRUE(w.registries.Update(w.call, w.Record("r", "gcr.io/q"), &warnings).ok());
  EXPECT_THAT(warnings, ElementsAre("is odd: look at it"));
}

TEST(RegistryManager, NeedsALoadedFlavorAndANewName) {
  TestWorld w;
  RegistryRecord record = w.Record("r", "gcr.io/p");
  record.flavor = "nope";
  EXPECT_THAT(w.registries.Create(w.call, record).status(),
              FailsWith(StatusCode::kNotFound, reason::kFlavorNotFound));
  record.flavor = "broken";
  EXPECT_THAT(w.registries.Create(w.call, record).status(),
              FailsWith(StatusCode::kFailedPrecondition, reason::kFlavorNotLoaded));
  w.Register("r", "gcr.io/p");
  EXPECT_THAT(w.registries.Create(w.call, w.Record("r", "gcr.io/q")).status(),
              FailsWith(StatusCode::kAlreadyExists, reason::kRegistryExists));
}

TEST(RegistryManager, TakesOnlyAConnectorThatFits) {
  TestWorld w;
  w.Connect("hub", "p", "https://index.docker.io/v1/");
  w.Connect("any", "p");
  RegistryRecord record = w.Record("r", "ghcr.io/me");
  record.connector = "hub";
  const auto wrong_host = w.registries.Create(w.call, record);
  EXPECT_THAT(wrong_host.status(),
              FailsWith(StatusCode::kFailedPrecondition, reason::kConnectorMismatch));
  EXPECT_THAT(MessageOf(wrong_host.status()),
              HasSubstr("connector hub is for docker.io, the registry is at ghcr.io"));
  record.connector = "none";
  EXPECT_THAT(w.registries.Create(w.call, record).status(),
              FailsWith(StatusCode::kNotFound, reason::kConnectorNotFound));
  record.connector = "any";
  record.flavor = "cloud";
  const auto wrong_type = w.registries.Create(w.call, record);
  EXPECT_THAT(wrong_type.status(),
              FailsWith(StatusCode::kFailedPrecondition, reason::kConnectorMismatch));
  EXPECT_THAT(MessageOf(wrong_type.status()), HasSubstr("flavor cloud takes cloud/key"));
  record.flavor = "default";
  EXPECT_EQ(w.Register(record).connector, "any");
}

TEST(RegistryManager, ListsPageByPage) {
  TestWorld w;
  for (const char* name : {"c", "a", "b"}) w.Register(name, "gcr.io/p");
  const auto first = w.registries.List(w.call, 2, "");
  ASSERT_TRUE(first.ok());
  ASSERT_EQ(first->records.size(), 2u);
  EXPECT_EQ(first->records[1].name, "b");
  const auto last = w.registries.List(w.call, 2, first->next_page_token);
  ASSERT_EQ(last->records.size(), 1u);
  EXPECT_EQ(last->records[0].name, "c");
  EXPECT_EQ(last->next_page_token, "");
  EXPECT_EQ(w.registries.List(w.call, 3, "")->next_page_token, "");
  EXPECT_EQ(w.registries.List(w.call, -1, "").status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(w.registries.List(w.call, 0, "b").status().code(), StatusCode::kInvalidArgument);
}

TEST(RegistryManager, UpdatesAllButNameAndFlavor) {
  TestWorld w;
  RegistryRecord record = w.Register("r", "gcr.io/p");
  record.uri = "gcr.io/q";
  record.flavor = "";
  const auto updated = w.registries.Update(w.call, record);
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(updated->uri, "gcr.io/q");
  EXPECT_EQ(updated->flavor, "default");
  EXPECT_THAT(w.registries.Update(w.call, record).status(),
              FailsWith(StatusCode::kAborted, reason::kEtagMismatch));
  record.version = 0;
  EXPECT_TRUE(w.registries.Update(w.call, record).ok());
  record.flavor = "cloud";
  EXPECT_EQ(w.registries.Update(w.call, record).status().code(), StatusCode::kInvalidArgument);
  record.name = "other";
  EXPECT_THAT(w.registries.Update(w.call, record).status(),
              FailsWith(StatusCode::kNotFound, reason::kRegistryNotFound));
  EXPECT_TRUE(w.registries.Delete(w.call, "r", 0).ok());
  EXPECT_THAT(w.registries.Get(w.call, "r").status(),
              FailsWith(StatusCode::kNotFound, reason::kRegistryNotFound));
}

TEST(RegistryManager, APageIsNoLongerThanAClientTakes) {
  TestWorld w;
  RegistryRecord record = w.Record("a", "registry.example");
  record.config_json = R"({"note": ")" + std::string(400 << 10, 'x') + "\"}";
  for (const char* name : {"a", "b", "c"}) {
    record.name = name;
    ASSERT_TRUE(w.store.CreateRegistry(record).ok());
  }
  const auto first = w.registries.List(w.call, 0, "");
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->records.size(), 2u);
  const auto last = w.registries.List(w.call, 0, first->next_page_token);
  ASSERT_TRUE(last.ok()) << last.status();
  EXPECT_EQ(last->records.size(), 1u);
  EXPECT_EQ(last->next_page_token, "");
}

TEST(RegistryManager, LabelsHaveALimit) {
  TestWorld w;
  RegistryRecord record = w.Record("r", "registry.example");
  record.labels["note"] = std::string((64 << 10) - 4, 'x');
  EXPECT_TRUE(w.registries.Create(w.call, record).ok());
  record.name = "s";
  record.labels["note"] += 'x';
  EXPECT_THAT(w.registries.Create(w.call, record).status(),
              FailsWith(StatusCode::kInvalidArgument, reason::kInvalidConfig));
}

TEST(RegistryManager, TheHostSaysWhichFlavorServesIt) {
  TestWorld w;
  RegistryRecord record = w.Record("own", "a.cloud.example/team");
  record.flavor = "";
  EXPECT_EQ(w.Register(record).flavor, "cloud");
  for (const char* other : {"a.cloud.example.evil.example", "xa-cloud.example", "registry.example"}) {
    RegistryRecord stranger = w.Record(other, other);
    stranger.flavor = "";
    EXPECT_EQ(w.Register(stranger).flavor, "default") << other;
  }
}

}  // namespace
}  // namespace gantry
