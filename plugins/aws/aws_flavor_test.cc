// Logins, repositories and refusals of Amazon ECR, as its API answers.
#include "plugins/aws/aws_test_world.h"
#include "tests/conformance/uri_checks.h"

namespace gantry::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST_F(AwsFlavor, TakesRegistriesOfEcrAndNothingElse) {
  ExpectTaken(flavor_, {kHost, "public.ecr.aws/acme", ""});
  ExpectRefused(flavor_, {{std::string(kHost) + ".evil.example", "not a registry of Amazon ECR"},
                          {"public.ecr.aws", "the alias is missing", "the ECR console shows it"}});
  ExpectOwnNamesRefused(flavor_, "");
}

TEST_F(AwsFlavor, ChecksWhatBelongsTogether) {
  const auto errors = [&](const std::string& config) {
    std::string fields;
    for (const sdk::Finding& f : Validate(flavor_, config))
      fields += f.level == GANTRY_ERROR ? f.field + " " : "";
    return fields;
  };
  EXPECT_EQ(errors(Config(kHost, "secret-key")), "");
  EXPECT_EQ(errors(Config("", "secret-key")), "");
  EXPECT_EQ(errors(Config("public.ecr.aws/acme", "secret-key")), "");
  EXPECT_EQ(errors(Config("", "iam-role", R"(, "policy": "{}")")), "connector.policy ");
  EXPECT_EQ(errors(Config("", "implicit", R"(, "policy_arns": ["a"])")), "connector.role_arn ");
  EXPECT_EQ(errors(Config(kHost, "secret-key", "", R"({"scan_on_push": true})")), "scan_on_push ");
  EXPECT_EQ(
      errors(Config(kHost, "secret-key", "", R"({"create_repository": true, "kms_key": "k"})")),
      "kms_key ");
  EXPECT_EQ(errors(Config("public.ecr.aws/acme", "secret-key", "",
                          R"({"create_repository": true, "image_tag_mutability": "IMMUTABLE"})")),
            "image_tag_mutability ");
  EXPECT_EQ(errors(ConfigJson(kHost, true)), "connector ");
}

TEST_F(AwsFlavor, AnAccessKeyIsExchangedForAToken) {
  ASSERT_TRUE(flavor_.Open(Config(kHost, "secret-key")).ok());
  ASSERT_TRUE(Login().ok());
  EXPECT_EQ(credential_->scheme, GANTRY_AUTH_BASIC);
  EXPECT_EQ(credential_->username, "AWS");
  EXPECT_EQ(credential_->secret.Reveal(), "pass");
  EXPECT_EQ(credential_->expires_unix_ms, 1'795'478'400'500);
  EXPECT_THAT(urls_, ElementsAre(kEcr));
  EXPECT_EQ(last_body_, R"({"registryIds":["123456789012"]})");
}

TEST_F(AwsFlavor, ATokenEndsWithTheKeysThatAskedForIt) {
  ASSERT_TRUE(flavor_.Open(Config(kHost, "iam-role", R"(, "role_arn": "r")")).ok());
  ASSERT_TRUE(Login().ok());
  EXPECT_EQ(credential_->expires_unix_ms, 1'795'438'800'000);  // 13:00, as the session
  ASSERT_TRUE(Login().ok());
  EXPECT_THAT(asked_, ElementsAre("AssumeRole", "GetAuthorizationToken", "GetAuthorizationToken"));
  host_.now_unix_ms += 45 * 60'000;  // a quarter of an hour before the end
  ASSERT_TRUE(Login().ok());
  EXPECT_EQ(asked_.at(3), "AssumeRole");
}

TEST_F(AwsFlavor, RevokedKeysAreReplacedOnce) {
  ASSERT_TRUE(flavor_.Open(Config(kHost, "session-token")).ok());
  ASSERT_TRUE(Login().ok());
  once_["GetAuthorizationToken"] = Refusal("ExpiredTokenException", "expired");
  asked_.clear();
  ASSERT_TRUE(Login().ok());
  EXPECT_THAT(asked_,
              ElementsAre("GetAuthorizationToken", "GetSessionToken", "GetAuthorizationToken"));
}

TEST_F(AwsFlavor, WhatIsHandedOutOnlyPulls) {
  ASSERT_TRUE(flavor_.Open(Config(kHost, "secret-key")).ok());
  std::string policy;
  const auto answer = host_.on_http;
  host_.on_http = [&](const sdk::HttpRequest& request) {
    if (request.url == kSts) policy = request.body;
    return answer(request);
  };
  ASSERT_TRUE(Login(GANTRY_PULL | GANTRY_HAND_OUT).ok());
  EXPECT_THAT(asked_, ElementsAre("GetFederationToken", "GetAuthorizationToken"));
  EXPECT_THAT(policy, HasSubstr("DurationSeconds=3600"));
  EXPECT_THAT(policy, HasSubstr("repository%2Fteam%2Fapp"));
  EXPECT_TRUE(credential_->read_only);
  EXPECT_TRUE(credential_->one_repository);
  ASSERT_TRUE(
      flavor_.Authenticate({kHost, "", "", ""}, GANTRY_PULL | GANTRY_HAND_OUT, &credential_).ok());
  EXPECT_TRUE(credential_->read_only);
  EXPECT_FALSE(credential_->one_repository);

  once_["GetFederationToken"] = {403, {}, "<Error><Code>AccessDenied</Code></Error>"};
  EXPECT_TRUE(Login(GANTRY_PULL | GANTRY_HAND_OUT).ok());
  EXPECT_FALSE(credential_->read_only) << "the user may not narrow its own rights";
  EXPECT_FALSE(credential_->one_repository);
  once_["GetFederationToken"] = {400, {}, "<Error><Code>PackedPolicyTooLarge</Code></Error>"};
  EXPECT_EQ(Login(GANTRY_PULL | GANTRY_HAND_OUT).reason(), "CONNECTOR_UNUSABLE");
}

TEST_F(AwsFlavor, AThrottledCallIsRepeatedAfterAPause) {
  ASSERT_TRUE(flavor_.Open(Config(kHost, "secret-key")).ok());
  once_["GetAuthorizationToken"] = Refusal("ThrottlingException", "Rate exceeded");
  const int64_t begin = host_.now_unix_ms;
  EXPECT_TRUE(Login().ok());
  EXPECT_EQ(host_.now_unix_ms - begin, 500);
  EXPECT_THAT(asked_, ElementsAre("GetAuthorizationToken", "GetAuthorizationToken"));
}

TEST_F(AwsFlavor, ThePublicRegistryTakesTheTokenAsItIs) {
  public_ = true;
  ASSERT_TRUE(flavor_.Open(Config("public.ecr.aws/acme", "secret-key")).ok());
  ASSERT_TRUE(Login(GANTRY_PUSH, "public.ecr.aws").ok());
  EXPECT_EQ(credential_->scheme, GANTRY_AUTH_BEARER);
  EXPECT_EQ(credential_->secret.Reveal(), sdk::Base64("AWS:pass"));
  EXPECT_THAT(urls_, ElementsAre("https://api.ecr-public.us-east-1.amazonaws.com/"));
  ASSERT_TRUE(Login(GANTRY_PULL | GANTRY_HAND_OUT, "public.ecr.aws").ok());
  EXPECT_EQ(credential_->scheme, GANTRY_AUTH_BASIC);
  EXPECT_TRUE(credential_->read_only);
  EXPECT_FALSE(credential_->one_repository) << "the whole gallery is open to whoever is logged in";
}

TEST_F(AwsFlavor, ARepeatedRequestIsSignedAnew) {
  ASSERT_TRUE(flavor_.Open(Config(kHost, "secret-key")).ok());
  std::vector<std::string> dates;
  host_.on_http = [&](const sdk::HttpRequest& request) {
    EXPECT_EQ(request.flags & GANTRY_HTTP_IDEMPOTENT, 0u) << "the host would send the old date again";
    dates.push_back(sdk::HttpResponse{0, request.headers, ""}.Header("X-Amz-Date").value_or(""));
    if (dates.size() > 1) return Answer(request);
    host_.now_unix_ms += 120'000;
    return sdk::HttpResponse{503, {{"Retry-After", "1"}}, ""};
  };
  ASSERT_TRUE(Login().ok());
  EXPECT_THAT(dates, ElementsAre("20261123T120000Z", "20261123T120201Z"))
      << "two minutes of the answer, and one second that it asks for";
}

TEST_F(AwsFlavor, WhoAsksForALongTimeIsNotWaitedFor) {
  ASSERT_TRUE(flavor_.Open(Config(kHost, "secret-key")).ok());
  const int64_t begin = host_.now_unix_ms;
  host_.on_http = [](const sdk::HttpRequest&) {
    return sdk::HttpResponse{503, {{"Retry-After", "301"}}, ""};
  };
  EXPECT_EQ(Login().reason(), "UPSTREAM_UNAVAILABLE");
  EXPECT_EQ(host_.now_unix_ms, begin);
  EXPECT_EQ(host_.http_calls, 1);
}

TEST_F(AwsFlavor, RefusalsHaveTheirKindAndWords) {
  const struct {
    const char *code, *reason;
    gantry_code status;
  } kCases[] = {
      {"UnrecognizedClientException", "UPSTREAM_AUTH_REJECTED", GANTRY_FAILED_PRECONDITION},
      {"InvalidSignatureException", "UPSTREAM_AUTH_REJECTED", GANTRY_FAILED_PRECONDITION},
      {"AccessDeniedException", "UPSTREAM_DENIED", GANTRY_PERMISSION_DENIED},
      {"ThrottlingException", "UPSTREAM_THROTTLED", GANTRY_UNAVAILABLE},
      {"ValidationError", "CONNECTOR_UNUSABLE", GANTRY_FAILED_PRECONDITION},
      {"MalformedPolicyDocument", "CONNECTOR_UNUSABLE", GANTRY_FAILED_PRECONDITION},
      {"InvalidParameterException", "UPSTREAM_REJECTED", GANTRY_FAILED_PRECONDITION}};
  ASSERT_TRUE(flavor_.Open(Config(kHost, "secret-key")).ok());
  for (const auto& row : kCases) {
    const auto answer = Refusal(row.code, "because");
    host_.on_http = [answer](const sdk::HttpRequest&) { return answer; };
    const Outcome outcome = Login();
    EXPECT_EQ(outcome.code, row.status) << row.code;
    EXPECT_EQ(outcome.reason(), row.reason);
    EXPECT_THAT(outcome.message(), HasSubstr(std::string(row.code) + "): because"));
  }
}

TEST_F(AwsFlavor, CreatesARepositoryWithTheRegistrysSettings) {
  ASSERT_TRUE(flavor_
                  .Open(Config(kHost, "secret-key", "",
                               R"({"create_repository": true, "image_tag_mutability": "IMMUTABLE",
                                   "scan_on_push": true, "encryption_type": "KMS", "kms_key": "k",
                                   "repository_tags": {"team": "ml"}})"))
                  .ok());
  std::optional<sdk::Plan> plan;
  ASSERT_TRUE(flavor_.PreparePush({kHost, "team/app", "v1", ""}, &plan).ok());
  EXPECT_FALSE(plan->new_repository);
  EXPECT_EQ(plan->upload, GANTRY_UPLOAD_MONOLITHIC);
  EXPECT_TRUE(plan->no_range);
  EXPECT_EQ(plan->min_part_bytes, 5 << 20);

  once_["DescribeRepositories"] = Refusal("RepositoryNotFoundException", "none");
  ASSERT_TRUE(flavor_.PreparePush({kHost, "team/app", "v1", ""}, &plan).ok());
  EXPECT_TRUE(plan->new_repository);
  EXPECT_EQ(last_body_,
            R"({"repositoryName":"team/app","registryId":"123456789012",)"
            R"("imageTagMutability":"IMMUTABLE","imageScanningConfiguration":{"scanOnPush":true},)"
            R"("encryptionConfiguration":{"encryptionType":"KMS","kmsKey":"k"},)"
            R"("tags":[{"Key":"team","Value":"ml"}]})");

  once_["DescribeRepositories"] = Refusal("RepositoryNotFoundException", "none");
  once_["CreateRepository"] = Refusal("RepositoryAlreadyExistsException", "faster");
  EXPECT_TRUE(flavor_.PreparePush({kHost, "team/app", "v1", ""}, &plan).ok());
  EXPECT_EQ(flavor_.PreparePush({kHost, "Team", "v1", ""}, &plan).reason(), "INVALID_REFERENCE");
}

TEST_F(AwsFlavor, WhoMayNeitherLookNorCreateMayStillPush) {
  ASSERT_TRUE(
      flavor_.Open(Config(kHost, "secret-key", "", R"({"create_repository": true})")).ok());
  const auto denied = Refusal("AccessDeniedException", "not authorized");
  std::optional<sdk::Plan> plan;
  once_ = {{"DescribeRepositories", denied}};
  ASSERT_TRUE(flavor_.PreparePush({kHost, "team/app", "v1", ""}, &plan).ok());
  EXPECT_TRUE(plan->new_repository) << "creating alone is enough";

  once_ = {{"DescribeRepositories", denied}, {"CreateRepository", denied}};
  ASSERT_TRUE(flavor_.PreparePush({kHost, "team/app", "v1", ""}, &plan).ok());
  EXPECT_FALSE(plan->new_repository);
  EXPECT_THAT(host_.warnings(), ElementsAre(HasSubstr("pushing without a look")));

  once_ = {{"DescribeRepositories", denied}, {"CreateRepository", Refusal("KmsException", "off")}};
  EXPECT_THAT(flavor_.PreparePush({kHost, "team/app", "v1", ""}, &plan).message(),
              HasSubstr("KmsException"));
}

TEST_F(AwsFlavor, SessionPoliciesThatAreTooLongAreRefusedBeforeAnythingIsAsked) {
  const auto fields = [](size_t length) {
    const std::string end = R"(\"}})", begin = R"({\"Statement\":{\"Sid\":\")";
    const size_t escapes = 6;
    return R"(, "role_arn": "r", "policy": ")" + begin +
           std::string(length + escapes - begin.size() - end.size(), 'x') + end + '"';
  };
  const auto findings = [&](const std::string& more) {
    return Validate(flavor_, Config(kHost, "iam-role", more));
  };
  const auto longer = findings(fields(2050));
  ASSERT_EQ(longer.size(), 1u);
  EXPECT_EQ(longer[0].field, "connector.policy");
  EXPECT_THAT(longer[0].message, HasSubstr("have 2050 characters together, and AWS takes 2048"));
  EXPECT_THAT(longer[0].remedy, HasSubstr("Shorten policy by 2 characters"));
  const auto narrowed = findings(fields(2000));
  ASSERT_EQ(narrowed.size(), 1u);
  EXPECT_THAT(narrowed[0].message, HasSubstr("with the statements that narrow it to pulls"));
  EXPECT_THAT(findings(fields(1400)), IsEmpty());
  EXPECT_EQ(
      findings(fields(1400) + R"(, "policy_arns": [")" + std::string(700, 'a') + "\"]").size(), 1u);
  EXPECT_EQ(findings(R"(, "policy_arns": [")" + std::string(2049, 'a') + "\"]").at(0).field,
            "connector.policy_arns");

  // A repository whose name is too long for what is left.
  ASSERT_TRUE(flavor_.Open(Config(kHost, "iam-role", fields(1550))).ok());
  ASSERT_TRUE(Login(GANTRY_PULL | GANTRY_HAND_OUT).ok());
  asked_.clear();
  const Outcome refused = flavor_.Authenticate({kHost, "team/" + std::string(250, 'a'), "", ""},
                                               GANTRY_PULL | GANTRY_HAND_OUT, &credential_);
  EXPECT_EQ(refused.reason(), "CONNECTOR_UNUSABLE");
  EXPECT_THAT(refused.remedy(), HasSubstr("Shorten policy by"));
  EXPECT_THAT(asked_, IsEmpty());
}

TEST_F(AwsFlavor, DeletesByTheApiAndReadsItsFailures) {
  ASSERT_TRUE(flavor_.Open(Config(kHost, "secret-key")).ok());
  const sdk::Target image{kHost, "team/app", "", FakeHost::kDigest};
  EXPECT_TRUE(flavor_.Remove(image).ok());
  once_["BatchDeleteImage"] = {200, {}, R"({"failures": [{"failureCode": "ImageNotFound"}]})"};
  EXPECT_EQ(flavor_.Remove(image).reason(), "IMAGE_NOT_FOUND");
  once_["BatchDeleteImage"] = {
      200, {}, R"({"failures": [{"failureCode": "ImageReferencedByManifestList"}]})"};
  EXPECT_EQ(flavor_.Remove(image).reason(), "UPSTREAM_CONFLICT");
}

}  // namespace
}  // namespace gantry::testing
