#include "plugins/aws/ecr_host.h"

#include <gmock/gmock.h>

#include "plugins/aws/session_policy.h"
#include "plugins/aws/xml.h"
#include "plugins/sdk/json.h"

namespace gantry::aws {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// The hosts that botocore 1.43 sends to, and for FIPS the documented one before it.
TEST(EcrHost, NamesTheEndpointsOfEveryPartition) {
  const struct {
    const char *host, *api, *sts, *partition;
  } kCases[] = {
      {"123456789012.dkr.ecr.us-east-1.amazonaws.com", "api.ecr.us-east-1.amazonaws.com",
       "sts.us-east-1.amazonaws.com", "aws"},
      {"123456789012.dkr.ecr-fips.us-west-2.amazonaws.com", "ecr-fips.us-west-2.amazonaws.com",
       "sts-fips.us-west-2.amazonaws.com", "aws"},
      {"123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com",
       "ecr-fips.us-gov-west-1.amazonaws.com", "sts.us-gov-west-1.amazonaws.com", "aws-us-gov"},
      {"123456789012.dkr-ecr.eu-west-1.on.aws", "ecr.eu-west-1.api.aws", "sts.eu-west-1.api.aws",
       "aws"},
      {"123456789012.dkr-ecr-fips.us-east-2.on.aws", "ecr-fips.us-east-2.api.aws",
       "sts-fips.us-east-2.api.aws", "aws"},
      {"123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "api.ecr.cn-north-1.amazonaws.com.cn",
       "sts.cn-north-1.amazonaws.com.cn", "aws-cn"},
      {"123456789012.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn",
       "ecr.cn-north-1.api.amazonwebservices.com.cn", "sts.cn-north-1.api.amazonwebservices.com.cn",
       "aws-cn"},
      {"123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu", "api.ecr.eusc-de-east-1.amazonaws.eu",
       "sts.eusc-de-east-1.amazonaws.eu", "aws-eusc"},
      {"123456789012.dkr.ecr.us-iso-east-1.c2s.ic.gov", "api.ecr.us-iso-east-1.c2s.ic.gov",
       "sts.us-iso-east-1.c2s.ic.gov", "aws-iso"},
      {"123456789012.dkr.ecr.us-isob-east-1.sc2s.sgov.gov", "api.ecr.us-isob-east-1.sc2s.sgov.gov",
       "sts.us-isob-east-1.sc2s.sgov.gov", "aws-iso-b"},
      {"123456789012.dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk",
       "api.ecr.eu-isoe-west-1.cloud.adc-e.uk", "sts.eu-isoe-west-1.cloud.adc-e.uk", "aws-iso-e"},
      {"public.ecr.aws", "api.ecr-public.us-east-1.amazonaws.com", "sts.us-east-1.amazonaws.com",
       "aws"},
      {"ecr-public.aws.com", "ecr-public.us-east-1.api.aws", "sts.us-east-1.api.aws", "aws"}};
  for (const auto& row : kCases) {
    const auto host = EcrHost::Parse(row.host);
    ASSERT_TRUE(host.has_value()) << row.host;
    EXPECT_EQ(host->host(), row.host);
    EXPECT_EQ(host->api_hosts().at(0), row.api);
    EXPECT_EQ(host->sts_host(), row.sts);
    EXPECT_EQ(host->partition(), row.partition);
  }
  EXPECT_THAT(
      EcrHost::Parse("123456789012.dkr.ecr-fips.us-east-1.amazonaws.com")->api_hosts(),
      ElementsAre("ecr-fips.us-east-1.amazonaws.com", "api.ecr-fips.us-east-1.amazonaws.com"));
}

TEST(EcrHost, IsNotFooledByLookAlikes) {
  for (const char* host :
       {"", "docker.io", "12345678901.dkr.ecr.us-east-1.amazonaws.com",
        "1234567890123.dkr.ecr.us-east-1.amazonaws.com", "123456789012.dkr.ecr.amazonaws.com",
        "123456789012.dkr.ecr.us-east-1.amazonaws.com.evil.example",
        "123456789012.dkr.ecr.us-east-1.amazonaws.com.", "123456789012.dkr.ecr.us-east-1.on.aws",
        "123456789012.dkr-ecr.us-east-1.amazonaws.com", "123456789012.dkr.ecr-fipsus.amazonaws.com",
        "123456789012.dkr.ecr.", "123456789012.dkr.ecr", "x.public.ecr.aws",
        "123456789012.dkr.ecr.us_east.amazonaws.com"}) {
    EXPECT_FALSE(EcrHost::Parse(host).has_value()) << host;
  }
}

TEST(EcrHost, KnowsWhatRepositoriesCanBeCalled) {
  const EcrHost own = *EcrHost::Parse("123456789012.dkr.ecr.us-east-1.amazonaws.com");
  const EcrHost open = *EcrHost::Parse("public.ecr.aws");
  for (const char* name : {"ab", "team/app", "a.b/c__d/e---f", "0/1"}) {
    EXPECT_THAT(NameFault(own, name), IsEmpty()) << name;
  }
  for (const char* name :
       {"a", "", "Team/app", "a//b", "/ab", "ab/", "a..b", "a_-b", "-ab", "a___b"}) {
    EXPECT_FALSE(NameFault(own, name).empty()) << name;
  }
  EXPECT_FALSE(NameFault(own, std::string(257, 'a')).empty());
  EXPECT_THAT(NameFault(open, "alias/team/app"), IsEmpty());
  EXPECT_FALSE(NameFault(open, "alias/team__app").empty());
  EXPECT_FALSE(NameFault(open, "alias").empty());
}

TEST(SessionPolicy, NarrowsToThePullsOfOneRepository) {
  const EcrHost own = *EcrHost::Parse("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn");
  const sdk::Json alone = sdk::Json::Parse(PullPolicy(own, "team/app", "", false));
  ASSERT_EQ(alone["Statement"].size(), 2u);
  EXPECT_EQ(alone["Statement"][1]["Resource"].Text(),
            "arn:aws-cn:ecr:cn-north-1:123456789012:repository/team/app");

  const sdk::Json within = sdk::Json::Parse(
      PullPolicy(own, "team/app", R"({"Statement": {"Effect": "Deny", "Action": "*"}})", false));
  ASSERT_EQ(within["Statement"].size(), 3u);
  EXPECT_EQ(within["Statement"][size_t{0}]["Action"].Text(), "*");
  for (size_t i = 1; i < 3; ++i) EXPECT_EQ(within["Statement"][i]["Effect"].Text(), "Deny");
  EXPECT_EQ(sdk::Json::Parse(PullPolicy(own, "a", "", true))["Statement"].size(), 2u);
  const sdk::Json all = sdk::Json::Parse(RegistryPolicy(own))["Statement"];
  EXPECT_THAT(all[size_t{0}].Dump(), ::testing::HasSubstr("kms:CreateGrant"));
  EXPECT_THAT(all[size_t{1}].Dump(), ::testing::HasSubstr("ecr:CreateRepository"));
}

TEST(EcrHost, TheRolesPartitionHasTheRegion) {
  EXPECT_EQ(RegionFor("", ""), "us-east-1");
  EXPECT_EQ(RegionFor("", "eu-west-1"), "eu-west-1");
  EXPECT_EQ(RegionFor("arn:aws:iam::123456789012:role/r", ""), "us-east-1");
  EXPECT_EQ(RegionFor("arn:aws-cn:iam::123456789012:role/r", ""), "cn-north-1");
  EXPECT_EQ(RegionFor("arn:aws-cn:iam::123456789012:role/r", "cn-northwest-1"), "cn-northwest-1");
  EXPECT_EQ(RegionFor("arn:aws-us-gov:iam::123456789012:role/r", "us-east-1"), "us-gov-west-1");
  EXPECT_EQ(RegionFor("arn:aws-iso-b:iam::123456789012:role/r", ""), "us-isob-east-1");
  EXPECT_EQ(RegionFor("arn:elsewhere:iam::123456789012:role/r", "eu-west-1"), "eu-west-1");
}

TEST(Xml, ReadsTextAndEntities) {
  EXPECT_EQ(XmlText("<a><Code>X</Code><Message>a &lt;b&gt; &amp;amp;</Message></a>", "Message"),
            "a <b> &amp;");
  EXPECT_EQ(XmlText("<a><Code>X</a>", "Code"), "");
  EXPECT_EQ(XmlText("", "Code"), "");
}

}  // namespace
}  // namespace gantry::aws
