// The contract of store.h, held against the store on disk and the one the other tests use.
#include "store/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "store/test_state_dir.h"
#include "tests/fakes/memory_store.h"
#include "tests/fakes/status_matchers.h"

namespace gantry {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;

RegistryRecord Registry(const std::string& name, const std::string& connector = "") {
  RegistryRecord record;
  record.name = name;
  record.flavor = "default";
  record.uri = "registry.example.com/team";
  record.default_repository = "app";
  record.connector = connector;
  record.labels = {{"tier", "gold"}, {"quote", "it's \"so\"\n"}};
  record.config_json = R"({"a": [1, 2]})";
  record.skip_tls_verify = true;
  record.ca_certificate = "-----BEGIN CERTIFICATE-----\n";
  record.client_certificate = "-----BEGIN CERTIFICATE-----\nclient\n";
  record.client_key = Secret("s3cret of the registry");
  record.request_id = "the call that made it";
  return record;
}

ConnectorRecord Connector(const std::string& name) {
  ConnectorRecord record;
  record.name = name;
  record.type = "docker";
  record.auth_method = "password";
  record.config_json = R"({"username": "me"})";
  record.secrets.emplace("password", Secret("s3cret"));
  record.labels = {{"team", "ml"}};
  record.description = "of the team";
  record.expires = WallTime(std::chrono::seconds(1'795'435'200));
  record.expires_skew_tolerance = std::chrono::seconds(7);
  record.resource_id = "ghcr.io/acme";
  record.verification = Verification::kAccepted;
  record.verification_message = "yes";
  record.verification_host = "registry.example.com";
  record.request_id = "the call that made it";
  return record;
}

struct Kind {
  const char* name;
  std::function<std::unique_ptr<Store>(const StateDir&, const Clock&)> make;
};

const Kind kKinds[] = {
    {"Sqlite", [](const StateDir& dir, const Clock& clock) { return *dir.Open(clock); }},
    {"Memory", [](const StateDir&, const Clock& clock) -> std::unique_ptr<Store> {
       return std::make_unique<MemoryStore>(clock);
     }}};

class StoreContract : public ::testing::TestWithParam<Kind> {
 protected:
  StateDir dir_;
  ManualClock clock_;
  const std::unique_ptr<Store> store_ = GetParam().make(dir_, clock_);
};

TEST_P(StoreContract, KeepsEveryFieldOfARegistry) {
  const auto created = store_->CreateRegistry(Registry("r"));
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_EQ(created->version, 1);
  EXPECT_EQ(created->create_time, clock_.Now());
  const auto read = store_->GetRegistry("r");
  ASSERT_TRUE(read.ok()) << read.status();
  const RegistryRecord wanted = Registry("r");
  EXPECT_EQ(read->flavor, wanted.flavor);
  EXPECT_EQ(read->uri, wanted.uri);
  EXPECT_EQ(read->default_repository, wanted.default_repository);
  EXPECT_EQ(read->labels, wanted.labels);
  EXPECT_EQ(read->config_json, wanted.config_json);
  EXPECT_FALSE(read->plain_http);
  EXPECT_TRUE(read->skip_tls_verify);
  EXPECT_EQ(read->ca_certificate, wanted.ca_certificate);
  EXPECT_EQ(read->client_certificate, wanted.client_certificate);
  EXPECT_EQ(read->client_key.Reveal(), "s3cret of the registry");
  EXPECT_EQ(read->request_id, "the call that made it");
  EXPECT_EQ(read->create_time, created->create_time);
}

TEST_P(StoreContract, KeepsEveryFieldOfAConnector) {
  ASSERT_TRUE(store_->CreateConnector(Connector("c")).ok());
  const auto read = store_->GetConnector("c");
  ASSERT_TRUE(read.ok()) << read.status();
  const ConnectorRecord wanted = Connector("c");
  EXPECT_EQ(read->type, wanted.type);
  EXPECT_EQ(read->auth_method, wanted.auth_method);
  EXPECT_EQ(read->config_json, wanted.config_json);
  EXPECT_EQ(read->secrets.at("password").Reveal(), "s3cret");
  EXPECT_EQ(read->expires, wanted.expires);
  EXPECT_EQ(read->expires_skew_tolerance, wanted.expires_skew_tolerance);
  EXPECT_EQ(read->resource_id, wanted.resource_id);
  EXPECT_EQ(read->request_id, wanted.request_id);
  EXPECT_EQ(read->labels, wanted.labels);
  EXPECT_EQ(read->description, wanted.description);
  EXPECT_EQ(read->verification, wanted.verification);
  EXPECT_EQ(read->verification_message, wanted.verification_message);
  EXPECT_EQ(read->verification_host, wanted.verification_host);
}

TEST_P(StoreContract, NamesAreTakenOnceAndAbsentOnesAreSaid) {
  ASSERT_TRUE(store_->CreateConnector(Connector("c")).ok());
  ASSERT_TRUE(store_->CreateRegistry(Registry("r", "c")).ok());
  EXPECT_THAT(store_->CreateRegistry(Registry("r")).status(),
              FailsWith(StatusCode::kAlreadyExists, reason::kRegistryExists));
  EXPECT_THAT(store_->CreateConnector(Connector("c")).status(),
              FailsWith(StatusCode::kAlreadyExists, reason::kConnectorExists));
  for (const absl::Status& status : {store_->GetRegistry("x").status(),
                                     store_->UpdateRegistry(Registry("x")).status(),
                                     store_->DeleteRegistry("x", 0)}) {
    EXPECT_THAT(status, FailsWith(StatusCode::kNotFound, reason::kRegistryNotFound));
  }
  for (const absl::Status& status : {store_->GetConnector("x").status(),
                                     store_->UpdateConnector(Connector("x")).status(),
                                     store_->DeleteConnector("x", 0),
                                     store_->CreateRegistry(Registry("s", "x")).status(),
                                     store_->UpdateRegistry(Registry("r", "x")).status()}) {
    EXPECT_THAT(status, FailsWith(StatusCode::kNotFound, reason::kConnectorNotFound));
  }
}

TEST_P(StoreContract, AnUpdateNeedsTheVersionItWasMadeFrom) {
  ASSERT_TRUE(store_->CreateRegistry(Registry("r")).ok());
  ASSERT_TRUE(store_->CreateConnector(Connector("c")).ok());
  clock_.Advance(milliseconds(5'000));
  RegistryRecord registry = Registry("r");
  registry.version = 1;
  const auto second = store_->UpdateRegistry(registry);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->version, 2);
  EXPECT_EQ(second->update_time - second->create_time, milliseconds(5'000));
  for (const absl::Status& status :
       {store_->UpdateRegistry(registry).status(), store_->DeleteRegistry("r", 1)}) {
    EXPECT_THAT(status, FailsWith(StatusCode::kAborted, reason::kEtagMismatch));
  }
  registry.version = 0;  // whatever is there
  EXPECT_EQ(store_->UpdateRegistry(registry)->version, 3);
  EXPECT_TRUE(store_->DeleteRegistry("r", 3).ok());

  ConnectorRecord connector = Connector("c");
  connector.version = 1;
  connector.secrets = {};
  connector.secrets.emplace("token", Secret("other"));
  ASSERT_TRUE(store_->UpdateConnector(connector).ok());
  EXPECT_EQ(store_->GetConnector("c")->secrets.count("password"), 0u) << "secrets are replaced";
  EXPECT_THAT(store_->UpdateConnector(connector).status(),
              FailsWith(StatusCode::kAborted, reason::kEtagMismatch));
  EXPECT_THAT(store_->DeleteConnector("c", 1),
              FailsWith(StatusCode::kAborted, reason::kEtagMismatch));
}

TEST_P(StoreContract, AConnectorInUseStays) {
  ASSERT_TRUE(store_->CreateConnector(Connector("c")).ok());
  ASSERT_TRUE(store_->CreateRegistry(Registry("r", "c")).ok());
  EXPECT_THAT(store_->DeleteConnector("c", 0),
              FailsWith(StatusCode::kFailedPrecondition, reason::kConnectorInUse));
  ASSERT_TRUE(store_->DeleteRegistry("r", 0).ok());
  EXPECT_TRUE(store_->DeleteConnector("c", 0).ok());
}

TEST_P(StoreContract, ListsAreInTheOrderOfNamesAndGoOnAfterOne) {
  for (const char* name : {"b", "a-1", "c", "a"}) {
    ASSERT_TRUE(store_->CreateRegistry(Registry(name)).ok());
    ASSERT_TRUE(store_->CreateConnector(Connector(name)).ok());
  }
  const auto names = [](const auto& records) {
    std::vector<std::string> all;
    for (const auto& record : *records) all.push_back(record.name);
    return all;
  };
  EXPECT_THAT(names(store_->ListRegistries("", 3)), ElementsAre("a", "a-1", "b"));
  EXPECT_THAT(names(store_->ListRegistries("b", 3)), ElementsAre("c"));
  EXPECT_THAT(names(store_->ListConnectors("a", 2)), ElementsAre("a-1", "b"));
  EXPECT_EQ(store_->ListConnectors("", 9)->front().secrets.at("password").Reveal(), "s3cret");
  EXPECT_TRUE(store_->ListRegistries("c", 3)->empty());
}

INSTANTIATE_TEST_SUITE_P(Stores, StoreContract, ::testing::ValuesIn(kKinds),
                         [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace gantry
