// From a connector to what a registry takes: who is asked, with what, and when it ends.
#include "plugins/azure/azure_test_world.h"

namespace gantry::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class AzureLogin : public AzureWorld {};

TEST_F(AzureLogin, ExchangesAServicePrincipalsTokenForTheRegistrys) {
  const Outcome outcome = Login(ServicePrincipal());
  ASSERT_TRUE(outcome.ok()) << outcome.message();
  EXPECT_THAT(Urls(), ElementsAre(kSignIn, kExchange));
  EXPECT_EQ(seen_[0].body,
            "grant_type=client_credentials&client_id=c-1&"
            "scope=https%3A%2F%2Fcontainerregistry.azure.net%2F.default&client_secret=s3cret");
  EXPECT_EQ(seen_[1].body,
            "grant_type=access_token&service=myregistry.azurecr.io&tenant=t-1&"
            "access_token=" +
                EntraToken());
  for (const auto& request : seen_) EXPECT_NE(request.flags & GANTRY_HTTP_SECRET_BODY, 0u);
  EXPECT_EQ(credential_->scheme, GANTRY_AUTH_IDENTITY_TOKEN);
  EXPECT_EQ(credential_->username, "00000000-0000-0000-0000-000000000000");
  EXPECT_EQ(credential_->secret.Reveal(), RefreshToken());
  EXPECT_EQ(InSeconds(), 10'800);
}

TEST_F(AzureLogin, KeepsEntrasTokenButNotTheRegistrys) {
  ASSERT_TRUE(Login(ServicePrincipal()).ok());
  ASSERT_TRUE(flavor_.Authenticate({kHost, "other", "", ""}, GANTRY_PULL, &credential_).ok());
  EXPECT_THAT(Urls(), ElementsAre(kSignIn, kExchange, kExchange));
  host_.now_unix_ms += 3'500'000;
  ASSERT_TRUE(flavor_.Authenticate({kHost, "other", "", ""}, GANTRY_PULL, &credential_).ok());
  EXPECT_EQ(seen_.size(), 5u) << "a token near its end is renewed";
}

TEST_F(AzureLogin, SignsInWhereTheRegistrysCloudDoes) {
  for (const auto& [uri, authority] :
       {std::pair{"myregistry.azurecr.us", "login.microsoftonline.us"},
        std::pair{"myregistry.azurecr.cn/team", "login.partner.microsoftonline.cn"}}) {
    Login(ServicePrincipal(uri)).ok();
    EXPECT_THAT(seen_.back().url, HasSubstr(std::string("https://") + authority + "/t-1/"));
  }
  Login(Config(
      "service-principal",
      R"({"tenant_id": "t/1", "client_id": "c", "authority_host": "https://sts.example/"})"));
  EXPECT_EQ(seen_.back().url, "https://sts.example/t%2F1/oauth2/v2.0/token");
}

TEST_F(AzureLogin, SendsNothingElsewhereThanNamed) {
  const Outcome refused = Login(
      Config("service-principal",
             R"({"tenant_id": "t", "client_id": "c", "authority_host": "http://sts.example"})"));
  EXPECT_EQ(refused.reason(), "CONNECTOR_UNUSABLE");
  EXPECT_THAT(refused.message(), HasSubstr("http://sts.example is no host"));
  host_.environment = {{"AZURE_TENANT_ID", "t"},
                       {"AZURE_CLIENT_ID", "c"},
                       {"AZURE_CLIENT_SECRET", "s3cret"},
                       {"AZURE_AUTHORITY_HOST", "http://sts.example"}};
  EXPECT_EQ(Login(Config("implicit", "{}")).reason(), "CONNECTOR_UNUSABLE");
  EXPECT_TRUE(seen_.empty());
}

TEST_F(AzureLogin, TellsEntrasRefusalByItsCode) {
  answers_[kSignIn] = {
      401,
      {},
      R"({"error":"invalid_client","error_codes":[7000215],)"
      R"("error_description":"AADSTS7000215: Invalid client secret provided. Trace ID: 1 …"})"};
  const Outcome outcome = Login(ServicePrincipal());
  EXPECT_EQ(outcome.code, GANTRY_FAILED_PRECONDITION);
  EXPECT_EQ(outcome.reason(), "UPSTREAM_AUTH_REJECTED");
  EXPECT_EQ(outcome.message(),
            "login.microsoftonline.com refused the login (HTTP 401, AADSTS7000215): "
            "Invalid client secret provided.");

  answers_[kSignIn] = {429, {{"Retry-After", "7"}}, "<html>"};
  const Outcome throttled = Login(ServicePrincipal());
  EXPECT_EQ(throttled.reason(), "UPSTREAM_THROTTLED");
  EXPECT_EQ(throttled.failures.back().retry_after_ms, 7000);
  answers_[kSignIn] = {200, {}, "<html>a proxy's login page</html>"};
  EXPECT_EQ(Login(ServicePrincipal()).reason(), "UPSTREAM_PROTOCOL");
}

TEST_F(AzureLogin, FallsBackToTheAudienceOfAzuresApi) {
  int exchanges = 0;
  host_.on_http = [&](const sdk::HttpRequest& request) {
    const bool first = request.url == kExchange && ++exchanges == 1;
    const sdk::HttpResponse answer = Answer(request);
    return first ? sdk::HttpResponse{401, {}, R"({"errors":[{"code":"UNAUTHORIZED"}]})"} : answer;
  };
  ASSERT_TRUE(Login(ServicePrincipal()).ok());
  ASSERT_THAT(Urls(), ElementsAre(kSignIn, kExchange, kSignIn, kExchange));
  EXPECT_THAT(seen_[2].body, HasSubstr("scope=https%3A%2F%2Fmanagement.azure.com%2F.default"));
}

TEST_F(AzureLogin, GivesUpAKeptTokenThatIsNoLongerTaken) {
  ASSERT_TRUE(Login(ServicePrincipal()).ok());
  seen_.clear();
  int exchanges = 0;
  host_.on_http = [&](const sdk::HttpRequest& request) {
    const sdk::HttpResponse answer = Answer(request);
    const bool first = request.url == kExchange && ++exchanges == 1;
    return first ? sdk::HttpResponse{401, {}, ""} : answer;
  };
  ASSERT_TRUE(flavor_.Authenticate({kHost, "a", "", ""}, GANTRY_PULL, &credential_).ok());
  EXPECT_THAT(Urls(), ElementsAre(kExchange, kSignIn, kExchange));
  EXPECT_THAT(seen_[1].body, HasSubstr("containerregistry"));
}

TEST_F(AzureLogin, ASecretThatEntraRefusesIsSentOnce) {
  answers_[kSignIn] = {401, {}, R"({"error_codes":[7000215]})"};
  EXPECT_FALSE(Login(ServicePrincipal()).ok());
  EXPECT_THAT(Urls(), ElementsAre(kSignIn));
}

TEST_F(AzureLogin, FallsBackWhenTheTenantDoesNotKnowTheRegistryService) {
  host_.on_http = [&](const sdk::HttpRequest& request) {
    const bool unknown =
        request.body.find("containerregistry") != std::string::npos && request.url == kSignIn;
    const sdk::HttpResponse answer = Answer(request);
    return unknown ? sdk::HttpResponse{400, {}, R"({"error_codes":[500011]})"} : answer;
  };
  ASSERT_TRUE(Login(ServicePrincipal()).ok());
  EXPECT_THAT(Urls(), ElementsAre(kSignIn, kSignIn, kExchange));
}

TEST_F(AzureLogin, SaysWhoHasNoRole) {
  for (const auto& [status, reason] :
       {std::pair{401, "UPSTREAM_AUTH_REJECTED"}, std::pair{403, "UPSTREAM_DENIED"}}) {
    answers_[kExchange] = {status, {}, R"({"errors":[{"code":"UNAUTHORIZED","message":"no"}]})"};
    const Outcome outcome = Login(ServicePrincipal());
    EXPECT_EQ(outcome.reason(), reason);
    EXPECT_THAT(outcome.message(), HasSubstr("refused to exchange the token of application c-1, "
                                             "object o-1, tenant t-1"));
    EXPECT_THAT(outcome.message(), Not(HasSubstr(EntraToken())));
  }
}

TEST_F(AzureLogin, AFixedTokenNeverOutlivesItself) {
  host_.secrets["token"] = EntraToken(600);
  ASSERT_TRUE(Login(Config("access-token")).ok());
  EXPECT_THAT(Urls(), ElementsAre(kExchange));
  EXPECT_EQ(InSeconds(), 600);

  const std::string expires = std::to_string(host_.now_unix_ms + 300'000);
  ASSERT_TRUE(Login(Config("access-token", "{}", kHost, expires)).ok());
  EXPECT_EQ(InSeconds(), 300) << "nor its connector";

  host_.secrets["token"] = EntraToken(-1);
  const Outcome expired = Login(Config("access-token"));
  EXPECT_EQ(expired.reason(), "CONNECTOR_EXPIRED");
  EXPECT_THAT(expired.remedy(), HasSubstr("az account get-access-token"));

  host_.secrets["token"] = EntraToken(600);
  answers_[kExchange].status = 401;
  seen_.clear();
  EXPECT_FALSE(Login(Config("access-token")).ok());
  EXPECT_THAT(Urls(), ElementsAre(kExchange)) << "there is no other token to try";
}

TEST_F(AzureLogin, ReadsTheFederatedTokenAnewEachTime) {
  host_.environment = {{"AZURE_TENANT_ID", "t-1"},
                       {"AZURE_CLIENT_ID", "c-1"},
                       {"AZURE_FEDERATED_TOKEN_FILE", "/var/run/token"},
                       {"AZURE_AUTHORITY_HOST", "https://login.microsoftonline.com/"}};
  host_.files["/var/run/token"] = "first\n";
  ASSERT_TRUE(Login(Config("workload-identity")).ok());
  EXPECT_THAT(seen_[0].body,
              HasSubstr("client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3A"
                        "client-assertion-type%3Ajwt-bearer&client_assertion=first"));
  EXPECT_THAT(seen_[0].body, Not(HasSubstr("first%0A")));
  host_.files["/var/run/token"] = "second";
  ASSERT_TRUE(Login(Config("workload-identity")).ok());
  EXPECT_THAT(seen_[2].body, HasSubstr("client_assertion=second"));

  host_.files["/other"] = "third";
  ASSERT_TRUE(Login(Config("workload-identity", R"({"tenant_id": "t-1", "client_id": "c-2",
                                                   "federated_token_file": "/other"})"))
                  .ok());
  EXPECT_THAT(seen_[4].body, HasSubstr("client_id=c-2&"));
  host_.files.clear();
  EXPECT_THAT(Login(Config("workload-identity")).message(), HasSubstr("/var/run/token"));
  host_.environment.clear();
  EXPECT_EQ(Login(Config("workload-identity")).reason(), "CONNECTOR_UNUSABLE");
}

TEST_F(AzureLogin, ImplicitTakesWhatIsThereInAzuresOwnOrder) {
  ASSERT_TRUE(Login(Config("implicit")).ok());
  EXPECT_EQ(Urls().front(), kMachine);
  host_.environment = {{"AZURE_TENANT_ID", "t-1"}, {"AZURE_CLIENT_ID", "c-9"}};
  seen_.clear();
  ASSERT_TRUE(Login(Config("implicit")).ok());
  EXPECT_THAT(seen_.front().url, HasSubstr("&client_id=c-9"));
  host_.environment["AZURE_FEDERATED_TOKEN_FILE"] = "/t";
  host_.files["/t"] = "assertion";
  seen_.clear();
  ASSERT_TRUE(Login(Config("implicit")).ok());
  EXPECT_THAT(seen_.front().body, HasSubstr("client_assertion=assertion"));
  host_.environment["AZURE_CLIENT_SECRET"] = "of-the-environment";
  seen_.clear();
  ASSERT_TRUE(Login(Config("implicit")).ok());
  EXPECT_THAT(seen_.front().body, HasSubstr("client_secret=of-the-environment"));
}

TEST_F(AzureLogin, UsesNothingOfTheMachineUnlessAllowed) {
  host_.local_allowed = false;
  for (const char* method : {"implicit", "managed-identity", "workload-identity"}) {
    const Outcome outcome = Login(Config(method));
    EXPECT_EQ(outcome.code, GANTRY_PERMISSION_DENIED) << method;
    EXPECT_THAT(outcome.host_failures, ElementsAre(GANTRY_PERMISSION_DENIED)) << method;
  }
  EXPECT_EQ(host_.http_calls, 0);
}

TEST_F(AzureLogin, HandsOutATokenForPullingOneRepository) {
  const Outcome outcome = Login(ServicePrincipal(), GANTRY_PULL | GANTRY_HAND_OUT);
  ASSERT_TRUE(outcome.ok()) << outcome.message();
  EXPECT_THAT(Urls(), ElementsAre(kSignIn, kExchange, kToken));
  EXPECT_EQ(seen_[2].body,
            "grant_type=refresh_token&service=myregistry.azurecr.io&"
            "scope=repository%3Ateam%2Fapp%3Apull&refresh_token=" +
                RefreshToken());
  EXPECT_EQ(credential_->scheme, GANTRY_AUTH_BASIC);
  EXPECT_EQ(credential_->username, "00000000-0000-0000-0000-000000000000");
  EXPECT_EQ(credential_->secret.Reveal(), AccessToken(R"(["pull"])"));
  EXPECT_EQ(InSeconds(), 4500);
  EXPECT_TRUE(credential_->read_only);
  EXPECT_TRUE(credential_->one_repository);

  // The token itself says what it opens, whatever was asked for.
  answers_[kToken].body = R"({"access_token":")" + AccessToken(R"(["pull","push"])") + "\"}";
  ASSERT_TRUE(Login(ServicePrincipal(), GANTRY_PULL | GANTRY_HAND_OUT).ok());
  EXPECT_FALSE(credential_->read_only);

  host_.secrets["token"] = EntraToken(60);
  ASSERT_TRUE(Login(Config("access-token"), GANTRY_PULL | GANTRY_HAND_OUT).ok());
  EXPECT_EQ(InSeconds(), 60);
}

TEST_F(AzureLogin, HandsOutNothingThatCannotPull) {
  answers_[kToken].body = R"({"access_token":")" + AccessToken("[]") + "\"}";
  const Outcome outcome = Login(ServicePrincipal(), GANTRY_PULL | GANTRY_HAND_OUT);
  EXPECT_EQ(outcome.reason(), "UPSTREAM_DENIED");
  EXPECT_THAT(outcome.message(), HasSubstr("myregistry.azurecr.io/team/app"));
  EXPECT_THAT(outcome.remedy(), HasSubstr("AcrPull"));
}

TEST_F(AzureLogin, HandsOutATokenForAllRepositoriesWhereThatExists) {
  ASSERT_TRUE(flavor_.Open(ServicePrincipal()).ok());
  const sdk::Target all{kHost, "", "", ""};
  const uint32_t actions = uint32_t{GANTRY_PULL} | GANTRY_HAND_OUT;
  ASSERT_TRUE(flavor_.Authenticate(all, actions, &credential_).ok());
  EXPECT_THAT(seen_.back().body, HasSubstr("scope=repository%3A%2A%3Apull&"));
  EXPECT_TRUE(credential_->read_only);
  EXPECT_FALSE(credential_->one_repository);
  answers_[kToken].body = R"({"access_token":")" + AccessToken("[]") + "\"}";
  answers_[kExchange].body =
      R"({"refresh_token":")" + RefreshToken(R"("aad_identity":"x",)") + "\"}";
  EXPECT_THAT(flavor_.Authenticate(all, actions, &credential_).remedy(),
              HasSubstr("Name one repository"));
}

TEST_F(AzureLogin, TheAdminUserIsAPasswordWithoutAnEnd) {
  ASSERT_TRUE(Login(Config("admin-user", R"({"username": "myregistry"})")).ok());
  EXPECT_EQ(host_.http_calls, 0);
  EXPECT_EQ(credential_->scheme, GANTRY_AUTH_BASIC);
  EXPECT_EQ(credential_->username, "myregistry");
  EXPECT_FALSE(credential_->read_only);
  EXPECT_FALSE(credential_->one_repository);
  EXPECT_EQ(credential_->secret.Reveal(), "pw");
  EXPECT_EQ(credential_->expires_unix_ms, 0);
}

}  // namespace
}  // namespace gantry::testing
