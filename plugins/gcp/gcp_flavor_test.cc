#include "plugins/gcp/gcp_test_world.h"
#include "tests/conformance/uri_checks.h"

namespace gantry::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kRepositoryUrl = std::string(kApiUrl) + "/locations/us/repositories/my-repo";
const std::string kCreateUrl =
    std::string(kApiUrl) + "/locations/us/repositories?repositoryId=my-repo";
const std::string kOperationUrl = std::string(kApiUrl) + "/locations/us/operations/1";
constexpr char kOperation[] = R"({"name": "projects/my-project/locations/us/operations/1"})";
constexpr char kDone[] =
    R"({"name": "projects/my-project/locations/us/operations/1", "done": true})";
constexpr char kThere[] = R"({"name": "projects/my-project/locations/us/repositories/my-repo",
                             "format": "DOCKER", "mode": "STANDARD_REPOSITORY"})";
constexpr char kNotFound[] =
    R"({"error": {"code": 404, "status": "NOT_FOUND", "message": "none"}})";
constexpr char kDenied[] =
    R"({"error": {"code": 403, "status": "PERMISSION_DENIED", "message": "no, or it may not exist"}})";

class GcpFlavor : public GcpTest {
 protected:
  GcpFlavor() { AnswerToken(kTokenUrl); }

  Outcome Prepare(const std::string& repository = "my-project/my-repo/app") {
    plan_.reset();
    return flavor_.PreparePush({"us-docker.pkg.dev", repository, "v1", ""}, &plan_);
  }
  // "method path" of what the API was asked, below the project.
  std::vector<std::string> Asked() const {
    std::vector<std::string> asked;
    for (const sdk::HttpRequest& request : sent_) {
      if (!request.url.starts_with(kApiUrl)) continue;
      asked.push_back(request.method + " " + request.url.substr(std::string(kApiUrl).size()));
    }
    return asked;
  }
  std::vector<sdk::Finding> Diagnose() {
    std::vector<sdk::Finding> findings;
    EXPECT_TRUE(
        flavor_.Diagnose({"us-docker.pkg.dev", "my-project/my-repo/app", "", ""}, &findings).ok());
    return findings;
  }

  std::optional<sdk::Plan> plan_;
};

TEST_F(GcpFlavor, TakesGooglesUrisAndAConnectorAlone) {
  ExpectTaken(flavor_, {"us-docker.pkg.dev/my-project/my-repo", "gcr.io/my-project", ""});
}

TEST_F(GcpFlavor, RefusesOtherUrisWithWhatWouldBeRight) {
  ExpectRefused(
      flavor_,
      {{"us-docker.pkg.dev", "the project is missing"},
       {"us-docker.pkg.dev/my-project", "the repository is missing"},
       {"us-docker.pkg.dev/example.com/my-project", "the repository is missing"},
       {"us-docker.pkg.dev/My-Project/repo", "no project ID"},
       {"us-docker.pkg.dev/tiny/repo", "no project ID"},
       {"us-docker.pkg.dev/my-project-/repo", "no project ID"},
       {"us-docker.pkg.dev/-.com/my-project/repo", "neither a project nor a domain"},
       {"us-docker.pkg.dev/my-project/re_po", "no repository"},
       {"us-docker.pkg.dev/my-project/9repo", "no repository"},
       {"gcr.io", "the project is missing"},
       {"gcr.io/123456789012", "no project ID"},
       {"gcr.io/example.com", "no project ID"},
       {"k8s.gcr.io/my-project", "public images"},
       {"mirror.gcr.io/my-project", "public images"},
       {"us-python.pkg.dev/my-project/repo", "no Docker host"},
       {"-docker.pkg.dev/my-project/repo", "no Docker host"},
       {"a.us-docker.pkg.dev/my-project/repo", "no Docker host"},
       {"docker.rep.pkg.dev/my-project/repo", "no Docker host"},
       {"docker..rep.pkg.dev/my-project/repo", "no Docker host"},
       {"us-docker.pkg.dev.evil.example/my-project/repo", "not us-docker.pkg.dev.evil.example"},
       {"evil-gcr.io/my-project", "not evil-gcr.io"},
       {"gcr.io.evil.example/my-project", "not gcr.io.evil.example"},
       {"docker.io/my-project", "not docker.io"},
       {"gcr.io:8443/my-project", "not gcr.io:8443"}});
  ExpectOwnNamesRefused(flavor_, "/my-project/repo");
}

TEST_F(GcpFlavor, SendsWholeBlobsToNamesOfThreeParts) {
  Open("service-account");
  ASSERT_TRUE(Prepare().ok());
  EXPECT_EQ(plan_->upload, GANTRY_UPLOAD_MONOLITHIC);
  EXPECT_FALSE(plan_->new_repository);
  const Outcome bare = Prepare("my-project/my-repo");
  EXPECT_EQ(bare.reason(), "INVALID_REFERENCE");
  EXPECT_EQ(bare.remedy(), "Append a name: my-project/my-repo/app.");
  EXPECT_THAT(sent_, IsEmpty()) << "nothing was to be created";
}

TEST_F(GcpFlavor, CreatesAMissingRepositoryAndWaitsForIt) {
  Open("service-account", "{}",
       R"({"create_repository": true, "immutable_tags": true, "kms_key": "k",
                                    "labels": {"team": "ml"}})");
  Answer(kRepositoryUrl, 404, kNotFound);
  Answer(kCreateUrl, 200, kOperation);
  int polls = 0;
  const auto scripted = host_.on_http;
  host_.on_http = [&](const sdk::HttpRequest& request) {
    if (request.url == kOperationUrl) Answer(kOperationUrl, 200, ++polls < 3 ? kOperation : kDone);
    return scripted(request);
  };
  const int64_t before = host_.now_unix_ms;
  ASSERT_TRUE(Prepare().ok());
  EXPECT_TRUE(plan_->new_repository);
  EXPECT_EQ(host_.now_unix_ms - before, 500 + 1000 + 2000);
  EXPECT_THAT(Asked(),
              ElementsAre("GET /locations/us/repositories/my-repo",
                          "POST /locations/us/repositories?repositoryId=my-repo",
                          "GET /locations/us/operations/1", "GET /locations/us/operations/1",
                          "GET /locations/us/operations/1"));
  EXPECT_EQ(
      sent_.at(2).body,
      R"({"format":"DOCKER","mode":"STANDARD_REPOSITORY","dockerConfig":{"immutableTags":true},)"
      R"("kmsKeyName":"k","labels":{"team":"ml"}})");
}

TEST_F(GcpFlavor, OneTokenServesManyRequestsToTheApi) {
  Open("service-account", "{}", R"({"create_repository": true})");
  Answer(kRepositoryUrl, 200, kThere);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Prepare().ok());
  EXPECT_FALSE(plan_->new_repository);
  EXPECT_EQ(sent_.size(), 4u);
  host_.now_unix_ms += 3000 * 1000;
  ASSERT_TRUE(Prepare().ok());
  EXPECT_EQ(sent_.size(), 6u) << "and a new one is made in time";
}

TEST_F(GcpFlavor, ARepositoryThatSomebodyElseMakesIsAsGood) {
  Open("service-account", "{}", R"({"create_repository": true})");
  Answer(kRepositoryUrl, 404, kNotFound);
  Answer(kCreateUrl, 409,
         R"({"error": {"code": 409, "status": "ALREADY_EXISTS", "message": "there"}})");
  ASSERT_TRUE(Prepare().ok());
  EXPECT_TRUE(plan_->new_repository);
}

TEST_F(GcpFlavor, WhoMayNeitherLookNorCreateMayStillPush) {
  Open("service-account", "{}", R"({"create_repository": true})");
  Answer(kRepositoryUrl, 403, kDenied);
  Answer(kCreateUrl, 403, kDenied);
  ASSERT_TRUE(Prepare().ok());
  EXPECT_FALSE(plan_->new_repository);
  EXPECT_THAT(host_.warnings(), ElementsAre(HasSubstr("pushing without a look")));
}

TEST_F(GcpFlavor, ACreationThatFailsOrNeverEndsIsToldSo) {
  Open("service-account", "{}", R"({"create_repository": true})");
  Answer(kRepositoryUrl, 404, kNotFound);
  Answer(kCreateUrl, 403, kDenied);
  EXPECT_EQ(Prepare().reason(), "UPSTREAM_DENIED");
  Answer(kCreateUrl, 200, kOperation);
  Answer(kOperationUrl, 200,
         R"({"done": true, "error": {"code": 7, "message": "the key is not yours"}})");
  const Outcome failed = Prepare();
  EXPECT_EQ(failed.code, GANTRY_PERMISSION_DENIED);
  EXPECT_THAT(failed.message(), HasSubstr("the key is not yours"));
  Answer(kOperationUrl, 200, kOperation);
  const Outcome endless = Prepare();
  EXPECT_EQ(endless.code, GANTRY_UNAVAILABLE);
  EXPECT_THAT(endless.message(), HasSubstr("still creating"));
}

TEST_F(GcpFlavor, ACreationFailsByTheNumberThatGoogleGives) {
  Open("service-account", "{}", R"({"create_repository": true})");
  Answer(kRepositoryUrl, 404, kNotFound);
  Answer(kCreateUrl, 200, kOperation);
  const std::pair<int, std::pair<gantry_code, std::string>> kCases[] = {
      {7, {GANTRY_PERMISSION_DENIED, "UPSTREAM_DENIED"}},
      {8, {GANTRY_RESOURCE_EXHAUSTED, "UPSTREAM_QUOTA"}},
      {9, {GANTRY_FAILED_PRECONDITION, "UPSTREAM_REJECTED"}},
      {14, {GANTRY_UNAVAILABLE, "UPSTREAM_UNAVAILABLE"}},
      {16, {GANTRY_FAILED_PRECONDITION, "UPSTREAM_AUTH_REJECTED"}}};
  for (const auto& [number, expected] : kCases) {
    Answer(kOperationUrl, 200,
           R"({"done": true, "error": {"message": "no", "code": )" + std::to_string(number) + "}}");
    const Outcome failed = Prepare();
    EXPECT_EQ(failed.code, expected.first) << number;
    EXPECT_EQ(failed.reason(), expected.second) << number;
  }
}

TEST_F(GcpFlavor, ToCreateNeedsALoginAtTheApi) {
  flavor_.Close();
  ASSERT_TRUE(flavor_
                  .Open(R"({"uri": "us-docker.pkg.dev/my-project/my-repo", "connector": null,
                               "config": {"create_repository": true}})")
                  .ok());
  EXPECT_EQ(Prepare().reason(), "CONNECTOR_UNUSABLE");
}

TEST_F(GcpFlavor, TellsAMissingRepositoryFromAMissingRole) {
  Open("service-account");
  Answer(kRepositoryUrl, 404, kNotFound);
  auto findings = Diagnose();
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].level, GANTRY_ERROR);
  EXPECT_THAT(findings[0].message, HasSubstr("does not exist"));
  EXPECT_THAT(findings[0].remedy, HasSubstr("repositories create my-repo --location=us"));

  // Who may not look at the repository may still ask what is allowed there.
  Answer(kRepositoryUrl, 403, kDenied);
  Answer(kRepositoryUrl + ":testIamPermissions", 200,
         R"({"permissions": ["artifactregistry.repositories.downloadArtifacts"]})");
  findings = Diagnose();
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_THAT(findings[0].message, HasSubstr("pusher@my-project.iam.gserviceaccount.com lacks "
                                             "artifactregistry.repositories.uploadArtifacts"));
  EXPECT_THAT(findings[0].remedy, HasSubstr("roles/artifactregistry.writer"));

  Answer(kRepositoryUrl, 200, R"({"format": "DOCKER", "mode": "REMOTE_REPOSITORY"})");
  Answer(kRepositoryUrl + ":testIamPermissions", 200,
         R"({"permissions": ["artifactregistry.repositories.downloadArtifacts",
                             "artifactregistry.repositories.uploadArtifacts"]})");
  findings = Diagnose();
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_THAT(findings[0].message, HasSubstr("nothing can be pushed"));
  EXPECT_THAT(findings[1].message, HasSubstr("may push and pull"));
}

TEST_F(GcpFlavor, OnlyWhoMayCreateIsExcusedOfAMissingRepository) {
  const std::string url =
      "https://cloudresourcemanager.googleapis.com/v1/projects/my-project:testIamPermissions";
  Open("service-account", "{}", R"({"create_repository": true})");
  Answer(kRepositoryUrl, 404, kNotFound);
  Answer(url, 200, R"({"permissions": ["artifactregistry.repositories.create"]})");
  auto findings = Diagnose();
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].level, GANTRY_WARN);
  EXPECT_EQ(findings[0].check, "push-right");
  EXPECT_THAT(findings[0].message, HasSubstr("the next push creates it"));
  EXPECT_EQ(sent_.back().body, R"({"permissions":["artifactregistry.repositories.create"]})");

  // A connector with an endpoint of its own sends its tokens nowhere else.
  Open("service-account", R"({"api_endpoint": "https://gateway.example"})",
       R"({"create_repository": true})");
  std::string through = kRepositoryUrl;
  through.replace(0, through.find("/v1/"), "https://gateway.example");
  Answer(through, 404, kNotFound);
  sent_.clear();
  findings = Diagnose();
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].level, GANTRY_WARN);
  EXPECT_THAT(findings[0].message, HasSubstr("api_endpoint cannot tell"));
  for (const sdk::HttpRequest& request : sent_) EXPECT_NE(request.url, url);

  Open("service-account", "{}", R"({"create_repository": true})");
  Answer(url, 200, "{}");
  findings = Diagnose();
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].level, GANTRY_ERROR);
  EXPECT_NE(findings[0].check, "push-right");
  EXPECT_THAT(findings[0].message, HasSubstr("pusher@my-project.iam.gserviceaccount.com lacks "
                                             "artifactregistry.repositories.create"));
  EXPECT_THAT(findings[0].remedy, HasSubstr("add-iam-policy-binding my-project "
                                            "--role=roles/artifactregistry.admin --member="
                                            "serviceAccount:pusher@my-project"));

  // Where Google does not say, it may be so.
  Answer(url, 403, kDenied);
  findings = Diagnose();
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].level, GANTRY_WARN);
  EXPECT_THAT(findings[0].message, HasSubstr("which is not known"));
  EXPECT_THAT(findings[0].message, HasSubstr("no, or it may not exist"));
  host_.unreachable = {url};
  findings = Diagnose();
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_THAT(findings[0].message, HasSubstr("cannot be reached"));
}

TEST_F(GcpFlavor, SaysWhoAConnectorIs) {
  host_.secrets["token"] = "ya29.given";
  Answer(kTokenInfoUrl, 200, R"({"email": "me@example.com", "expires_in": "120"})");
  const std::pair<std::string, std::string> kCases[] = {
      {"service-account", "pusher@my-project.iam.gserviceaccount.com"},
      {"oauth2-token", "me@example.com"},
      {"user-account", "me@example.com"}};
  for (const auto& [method, identity] : kCases) {
    Open(method);
    std::vector<sdk::Finding> findings;
    ASSERT_TRUE(flavor_.Verify(&findings).ok()) << method;
    ASSERT_EQ(findings.size(), 1u);
    EXPECT_EQ(findings[0].check, "identity");
    EXPECT_EQ(findings[0].message, identity);
  }
}

TEST_F(GcpFlavor, ListsRepositoriesOfImagesInAllLocations) {
  Open("service-account");
  Answer(
      std::string(kApiUrl) + "/locations", 200,
      R"({"locations": [{"locationId": "asia"}, {"locationId": "europe"}, {"locationId": "us"}]})");
  Answer(std::string(kApiUrl) + "/locations/asia/", 200, "{}");
  Answer(std::string(kApiUrl) + "/locations/europe/", 200,
         R"({"nextPageToken": "t 2", "repositories":
      [{"name": "projects/my-project/locations/europe/repositories/a", "format": "DOCKER"},
       {"name": "projects/my-project/locations/europe/repositories/p", "format": "PYTHON"}]})");
  Answer(std::string(kApiUrl) + "/locations/europe/repositories?pageSize=1000&pageToken=t%202", 200,
         R"({"repositories":
      [{"name": "projects/my-project/locations/europe/repositories/eu.gcr.io", "format": "DOCKER"}]})");
  Answer(std::string(kApiUrl) + "/locations/us/", 200, "{}");
  std::vector<std::string> uris;
  std::string token;
  int pages = 0;
  do {
    sdk::ResourcePage page;
    ASSERT_TRUE(flavor_.ListResources(token, &page).ok());
    for (const sdk::Resource& resource : page.resources) uris.push_back(resource.uri);
    token = page.next_page_token;
  } while (!token.empty() && ++pages < 10);
  EXPECT_THAT(uris, ElementsAre("europe-docker.pkg.dev/my-project/a", "eu.gcr.io/my-project"));

  for (const char* bad : {"x", "|", "../..|", "us,..%2f|t"}) {
    sdk::ResourcePage page;
    EXPECT_EQ(flavor_.ListResources(bad, &page).code, GANTRY_INVALID_ARGUMENT) << bad;
  }
}

}  // namespace
}  // namespace gantry::testing
