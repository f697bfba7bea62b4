// Connectors by themselves: tried, listed, and whom they ask.
#include "plugins/aws/aws_test_world.h"

namespace gantry::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST_F(AwsFlavor, AConnectorIsTriedWithoutARegistry) {
  ASSERT_TRUE(flavor_.Open(Config("", "secret-key")).ok());
  std::vector<sdk::Finding> findings;
  ASSERT_TRUE(flavor_.Verify(&findings).ok());
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].message, "arn:aws:iam::123456789012:user/me");
  EXPECT_THAT(urls_, ElementsAre("https://sts.us-east-1.amazonaws.com/",
                                 "https://api.ecr.us-east-1.amazonaws.com/"));
}

TEST_F(AwsFlavor, AnEndpointOfOneServiceCountsBeforeThatOfAll) {
  const struct {
    const char *fields, *sts, *ecr;
  } kCases[] = {
      {R"("endpoint_url": "https://all.example")", "https://all.example", "https://all.example"},
      {R"("endpoint_url": "https://all.example", "sts_endpoint_url": "https://sts.example")",
       "https://sts.example", "https://all.example"},
      {R"("endpoint_url": "https://all.example", "ecr_endpoint_url": "https://ecr.example/")",
       "https://all.example", "https://ecr.example/"},
      {R"("sts_endpoint_url": "https://sts.example")", "https://sts.example", kEcr},
      {R"("ecr_endpoint_url": "https://ecr.example")", kSts, "https://ecr.example"}};
  for (const auto& row : kCases) {
    urls_.clear();
    ASSERT_TRUE(
        flavor_.Open(Config(kHost, "iam-role", std::string(R"(, "role_arn": "r", )") + row.fields))
            .ok());
    once_["AssumeRole"] = {200, {}, kSession};
    ASSERT_TRUE(Login().ok());
    EXPECT_THAT(urls_, ElementsAre(row.sts, row.ecr));
    flavor_.Close();
  }
}

TEST_F(AwsFlavor, TheMachinesIdentityIsSentWhereItsEnvironmentSays) {
  const std::map<std::string, std::string> all = {{"AWS_ENDPOINT_URL", "https://all.example"}};
  const auto with = [](std::map<std::string, std::string> map, const std::string& name,
                       const std::string& value) {
    map[name] = value;
    return map;
  };
  const auto sts_and_all = with(all, "AWS_ENDPOINT_URL_STS", "https://sts.example");
  const std::string ignored = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS";
  const struct {
    std::map<std::string, std::string> environment;
    const char *sts, *ecr;
  } kCases[] = {
      {{}, kSts, kEcr},
      {all, "https://all.example", "https://all.example"},
      {sts_and_all, "https://sts.example", "https://all.example"},
      {with(sts_and_all, "AWS_ENDPOINT_URL_ECR", "https://gw.example/ecr/"), "https://sts.example",
       "https://gw.example/ecr/"},
      {with(all, "AWS_ENDPOINT_URL_ECR_PUBLIC", "https://public.example"), "https://all.example",
       "https://all.example"},
      {with(sts_and_all, ignored, "True"), kSts, kEcr},
      {with(sts_and_all, ignored, "false"), "https://sts.example", "https://all.example"}};
  host_.files["/token"] = "jwt";
  // Whoever makes a connector says nothing of it, not even by a field that its schema lacks.
  const std::string fields = R"(, "role_arn": "r", "web_identity_token_file": "/token",
      "endpoint_url": "https://evil.example", "sts_endpoint_url": "https://evil.example")";
  for (const char* method : {"implicit", "web-identity"}) {
    for (const auto& row : kCases) {
      urls_.clear();
      host_.environment = row.environment;
      host_.environment["AWS_ACCESS_KEY_ID"] = "AKIAMACHINE";
      host_.environment["AWS_SECRET_ACCESS_KEY"] = "s";
      ASSERT_TRUE(flavor_.Open(Config(kHost, method, fields)).ok());
      once_["AssumeRole"] = once_["AssumeRoleWithWebIdentity"] = {200, {}, kSession};
      ASSERT_TRUE(Login().ok());
      EXPECT_THAT(urls_, ElementsAre(row.sts, row.ecr)) << method;
      flavor_.Close();
    }
  }
}

TEST_F(AwsFlavor, AConnectorsOwnKeysDoNotFollowTheEnvironment) {
  host_.environment["AWS_ENDPOINT_URL"] = "https://all.example";
  for (const bool allowed : {true, false}) {
    host_.local_allowed = allowed;
    urls_.clear();
    ASSERT_TRUE(flavor_.Open(Config(kHost, "secret-key")).ok());
    ASSERT_TRUE(Login().ok());
    EXPECT_THAT(urls_, ElementsAre(kEcr));
    flavor_.Close();
  }
}

TEST_F(AwsFlavor, AnEndpointOfTheEnvironmentMustBeHttps) {
  host_.environment = {{"AWS_ACCESS_KEY_ID", "AKIAMACHINE"}, {"AWS_SECRET_ACCESS_KEY", "s"}};
  ASSERT_TRUE(flavor_.Open(Config(kHost, "implicit")).ok());
  for (const char* url :
       {"http://all.example", "all.example", "https://a@all.example", "https://"}) {
    host_.environment["AWS_ENDPOINT_URL"] = url;
    const Outcome refused = Login();
    EXPECT_EQ(refused.reason(), "CONNECTOR_UNUSABLE") << url;
    EXPECT_THAT(refused.message(), HasSubstr("AWS_ENDPOINT_URL of gantryd's environment"));
  }
  EXPECT_THAT(urls_, IsEmpty());
}

TEST_F(AwsFlavor, TheEndpointOfEcrIsNotThatOfItsPublicRegistry) {
  public_ = true;
  for (const char* field : {"ecr_endpoint_url", "endpoint_url"}) {
    const std::string fields = std::string(", \"") + field + R"(": "https://ecr.example")";
    ASSERT_TRUE(flavor_.Open(Config("public.ecr.aws/acme", "secret-key", fields)).ok());
    ASSERT_TRUE(Login(GANTRY_PUSH, "public.ecr.aws").ok());
    flavor_.Close();
  }
  EXPECT_THAT(
      urls_, ElementsAre("https://api.ecr-public.us-east-1.amazonaws.com/", "https://ecr.example"));

  urls_.clear();
  host_.environment = {{"AWS_ACCESS_KEY_ID", "AKIAMACHINE"},
                       {"AWS_SECRET_ACCESS_KEY", "s"},
                       {"AWS_ENDPOINT_URL_ECR", "https://ecr.example"}};
  ASSERT_TRUE(flavor_.Open(Config("public.ecr.aws/acme", "implicit")).ok());
  ASSERT_TRUE(Login(GANTRY_PUSH, "public.ecr.aws").ok());
  host_.environment["AWS_ENDPOINT_URL_ECR_PUBLIC"] = "https://public.example";
  ASSERT_TRUE(Login(GANTRY_PUSH, "public.ecr.aws").ok());
  EXPECT_THAT(urls_, ElementsAre("https://api.ecr-public.us-east-1.amazonaws.com/",
                                 "https://public.example"));
}

TEST_F(AwsFlavor, WhatCannotBeListedIsLeftOut) {
  const auto list = [&](const std::string& page_token = "") {
    sdk::ResourcePage page;
    listed_ = flavor_.ListResources(page_token, &page);
    std::vector<std::string> uris;
    for (const sdk::Resource& resource : page.resources) uris.push_back(resource.uri);
    return uris;
  };
  const std::string own = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
  const sdk::HttpResponse shared = {
      200, {}, R"({"registries": [{"registryUri": "public.ecr.aws/a"}]})"};
  ASSERT_TRUE(flavor_.Open(Config("", "secret-key")).ok());
  once_["DescribeRegistries"] = shared;
  EXPECT_THAT(list(), ElementsAre(own, "public.ecr.aws/a"));
  EXPECT_THAT(host_.warnings(), IsEmpty());

  once_["DescribeRegistries"] = Refusal("AccessDeniedException", "not authorized");
  EXPECT_THAT(list(), ElementsAre(own));
  EXPECT_THAT(host_.warnings(), ElementsAre(HasSubstr("the list lacks the public registries: ")));
  host_.unreachable = {"https://api.ecr-public.us-east-1.amazonaws.com/"};
  EXPECT_THAT(list(), ElementsAre(own));
  EXPECT_THAT(host_.warnings(), ::testing::Contains(HasSubstr("cannot be reached")));

  host_.unreachable = {"https://api.ecr.us-east-1.amazonaws.com/"};
  once_["DescribeRegistries"] = shared;
  EXPECT_THAT(list(), ElementsAre("public.ecr.aws/a"));
  EXPECT_THAT(host_.warnings(),
              ::testing::Contains(HasSubstr("the list lacks the private registry")));
  EXPECT_THAT(list("page 2"), IsEmpty());
  EXPECT_EQ(listed_.code, GANTRY_UNAVAILABLE);

  host_.unreachable.insert("https://api.ecr-public.us-east-1.amazonaws.com/");
  EXPECT_THAT(list(), IsEmpty());
  EXPECT_THAT(listed_.message(), HasSubstr("neither the API of ECR in us-east-1"));
  host_.unreachable.clear();
  once_["DescribeRepositories"] = Refusal("AccessDeniedException", "not for you");
  EXPECT_THAT(list(), IsEmpty());
  EXPECT_THAT(listed_.message(), HasSubstr("not for you"));
}

TEST_F(AwsFlavor, AConnectorIsTriedInTheRegionOfTheRegistryThatItIsFor) {
  const auto tried = [&](const std::string& registry, const std::string& fields = "") {
    std::string config = Config("", "secret-key", fields);
    config.insert(config.find("\"expires_unix_ms\""), R"("registry": ")" + registry + "\", ");
    urls_.clear();
    std::vector<sdk::Finding> findings;
    EXPECT_TRUE(flavor_.Open(config).ok());
    EXPECT_TRUE(flavor_.Verify(&findings).ok());
    flavor_.Close();
    return urls_;
  };
  host_.environment["AWS_REGION"] = "us-west-2";
  const std::string china = "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/team";
  EXPECT_THAT(tried(china), ElementsAre("https://sts.cn-north-1.amazonaws.com.cn/",
                                        "https://api.ecr.cn-north-1.amazonaws.com.cn/"));
  EXPECT_THAT(tried(china, R"(, "region": "cn-northwest-1")"),
              ElementsAre("https://sts.cn-northwest-1.amazonaws.com.cn/",
                          "https://api.ecr.cn-northwest-1.amazonaws.com.cn/"));
  for (const char* other : {"public.ecr.aws/acme", "docker.io"}) {
    EXPECT_THAT(tried(other), ElementsAre("https://sts.us-west-2.amazonaws.com/",
                                          "https://api.ecr.us-west-2.amazonaws.com/"));
  }
}

TEST_F(AwsFlavor, ARoleIsTriedInItsOwnPartition) {
  ASSERT_TRUE(
      flavor_.Open(Config("", "iam-role", R"(, "role_arn": "arn:aws-cn:iam::123456789012:role/r")"))
          .ok());
  once_["AssumeRole"] = {200, {}, kSession};
  std::vector<sdk::Finding> findings;
  ASSERT_TRUE(flavor_.Verify(&findings).ok());
  EXPECT_THAT(urls_, ElementsAre("https://sts.cn-north-1.amazonaws.com.cn/",
                                 "https://sts.cn-north-1.amazonaws.com.cn/",
                                 "https://api.ecr.cn-north-1.amazonaws.com.cn/"));
}

}  // namespace
}  // namespace gantry::testing
