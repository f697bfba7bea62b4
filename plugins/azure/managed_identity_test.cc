// The machine's own identity, by each of the services that lend it.
#include "plugins/azure/azure_test_world.h"

namespace gantry::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class ManagedIdentity : public AzureWorld {
 protected:
  Outcome AsMachine(const std::string& fields = "{}") {
    seen_.clear();
    return Login(Config("managed-identity", fields));
  }
};

TEST_F(ManagedIdentity, AsksTheMetadataServiceWithItsHeader) {
  ASSERT_TRUE(AsMachine().ok());
  EXPECT_EQ(seen_[0].url, std::string(kMachine) +
                              "?api-version=2018-02-01&"
                              "resource=https%3A%2F%2Fcontainerregistry.azure.net");
  EXPECT_EQ(seen_[0].headers, (sdk::Headers{{"Metadata", "true"}}));
  EXPECT_NE(seen_[0].flags & GANTRY_HTTP_METADATA, 0u);
  for (const auto& [fields, end] :
       {std::pair{R"({"client_id": "c"})", "&client_id=c"},
        std::pair{R"({"object_id": "o"})", "&object_id=o"},
        std::pair{R"({"msi_res_id": "/s/r"})", "&msi_res_id=%2Fs%2Fr"}}) {
    ASSERT_TRUE(AsMachine(fields).ok());
    EXPECT_THAT(seen_[0].url, HasSubstr(end));
  }
}

TEST_F(ManagedIdentity, TakesExpiriesInQuotes) {
  // Opaque: only what stands beside the token says when it ends.
  const std::string on = std::to_string(host_.now_unix_ms / 1000 + 7200);
  answers_[kMachine].body =
      R"({"access_token":"opaque","expires_in":"7200","expires_on":")" + on + "\"}";
  ASSERT_TRUE(AsMachine().ok());
  ASSERT_TRUE(flavor_.Authenticate({kHost, "b", "", ""}, GANTRY_PULL, &credential_).ok());
  EXPECT_EQ(seen_.size(), 3u) << "kept";
  host_.now_unix_ms += 6'000'000;
  ASSERT_TRUE(flavor_.Authenticate({kHost, "b", "", ""}, GANTRY_PULL, &credential_).ok());
  EXPECT_EQ(seen_.size(), 5u) << "renewed";
}

TEST_F(ManagedIdentity, SaysWhenToComeBack) {
  for (const auto& [status, wait] : {std::pair{404, 1000}, std::pair{410, 70'000}}) {
    answers_[kMachine] = {status, {}, ""};
    const Outcome outcome = AsMachine();
    EXPECT_EQ(outcome.code, GANTRY_UNAVAILABLE) << status;
    EXPECT_EQ(outcome.reason(), "UPSTREAM_UNAVAILABLE");
    EXPECT_EQ(outcome.failures.back().retry_after_ms, wait);
  }
  answers_[kMachine] = {429, {{"Retry-After", "3"}}, ""};
  EXPECT_EQ(AsMachine().failures.back().retry_after_ms, 3000);
  answers_[kMachine] = {500, {}, ""};
  EXPECT_EQ(AsMachine().code, GANTRY_UNAVAILABLE);
}

TEST_F(ManagedIdentity, TellsThatThereIsNoSuchIdentity) {
  answers_[kMachine] = {
      400, {}, R"({"error":"invalid_request","error_description":"Identity not found"})"};
  const Outcome outcome = AsMachine();
  EXPECT_EQ(outcome.reason(), "UPSTREAM_AUTH_REJECTED");
  EXPECT_THAT(outcome.message(), HasSubstr("Identity not found"));
}

TEST_F(ManagedIdentity, PrefersAppService) {
  host_.environment = {{"IDENTITY_ENDPOINT", "http://localhost:42356/msi/token"},
                       {"IDENTITY_HEADER", "h-1"}};
  answers_["http://localhost:42356/msi/token"] = answers_[kMachine];
  ASSERT_TRUE(AsMachine(R"({"msi_res_id": "r"})").ok());
  EXPECT_THAT(seen_[0].url, StartsWith("http://localhost:42356/msi/token?api-version=2019-08-01&"));
  EXPECT_THAT(seen_[0].url, HasSubstr("&mi_res_id=r"));
  EXPECT_EQ(seen_[0].headers, (sdk::Headers{{"X-IDENTITY-HEADER", "h-1"}}));
  EXPECT_NE(seen_[0].flags & GANTRY_HTTP_METADATA, 0u);

  host_.environment["IDENTITY_ENDPOINT"] = "http://localhost:x@evil.example/msi/token";
  EXPECT_EQ(AsMachine().reason(), "CONNECTOR_UNUSABLE");
  EXPECT_TRUE(seen_.empty()) << "the header goes nowhere else";
}

class ArcAgent : public ManagedIdentity {
 protected:
  static constexpr char kAgent[] = "http://localhost:40342/metadata/identity/oauth2/token";
  static constexpr char kKey[] = "/var/opt/azcmagent/tokens/1.key";

  ArcAgent() {
    host_.environment = {{"IDENTITY_ENDPOINT", kAgent},
                         {"IMDS_ENDPOINT", "http://localhost:40342"}};
    host_.files = {{kKey, "key-1"}, {"/etc/shadow.key", "root"}};
    host_.on_http = [this](const sdk::HttpRequest& request) {
      const sdk::HttpResponse answer = Answer(request);
      if (!request.url.starts_with(kAgent)) return answer;
      for (const auto& [name, value] : request.headers) {
        if (name == "Authorization" && value == "Basic key-1") return answers_[kMachine];
      }
      return sdk::HttpResponse{401, {{"WWW-Authenticate", "Basic realm=" + key_file_}}, ""};
    };
  }
  std::string key_file_ = kKey;
};

TEST_F(ArcAgent, ProvesThatItMayReadTheAgentsFile) {
  const Outcome outcome = AsMachine();
  ASSERT_TRUE(outcome.ok()) << outcome.message();
  EXPECT_THAT(seen_[0].url, HasSubstr("api-version=2020-06-01"));
  EXPECT_EQ(AsMachine(R"({"client_id": "c"})").reason(), "CONNECTOR_UNUSABLE");
}

TEST_F(ArcAgent, ReadsNoOtherFile) {
  for (const char* path :
       {"", "/etc/shadow.key", "/var/opt/azcmagent/tokens/../../../../etc/shadow.key",
        "/var/opt/azcmagent/tokens/.key", "/var/opt/azcmagent/tokens/1.txt", "1.key",
        "/var/opt/azcmagent/tokens/sub/1.key"}) {
    key_file_ = path;
    host_.files[path] = "key-1";
    const Outcome outcome = AsMachine();
    EXPECT_EQ(outcome.reason(), "UPSTREAM_PROTOCOL") << path;
    EXPECT_THAT(outcome.message(), HasSubstr("names no key file")) << path;
    EXPECT_EQ(seen_.size(), 1u) << path;
  }
  key_file_ = kKey;
  host_.files[kKey] = std::string(4097, 'k');
  EXPECT_EQ(AsMachine().reason(), "UPSTREAM_PROTOCOL");
  host_.files.clear();
  EXPECT_THAT(AsMachine().message(), HasSubstr("missing or too long"));
}

}  // namespace
}  // namespace gantry::testing
