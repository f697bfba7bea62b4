// Which scopes a token is asked for, and what is said when one is missing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status.h"
#include "oci/registry_auth_test_world.h"

namespace gantry {
namespace {

using ::testing::HasSubstr;

TEST_F(RegistryAuthTest, AMissingScopeIsNamed) {
  challenge_ += R"(,error="insufficient_scope")";
  rights_ = false;
  const auto status = Read(*Client(login_)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ReasonOf(status), "UPSTREAM_DENIED");
  EXPECT_EQ(DetailOf(status).metadata.at("scope"), "repository:team/app:pull");
  EXPECT_THAT(MessageOf(status), HasSubstr("repository:team/app:pull"));
  EXPECT_EQ(token_requests_, 1);
}

TEST_F(RegistryAuthTest, AScopeThatTheChallengeAddsIsAskedFor) {
  challenge_ = R"(Bearer realm="https://auth.example.com/token",service=r,scope="aws")";
  EXPECT_EQ(Status(*Client(login_)), 200);
  EXPECT_THAT(http_.seen()[1].url, HasSubstr("scope=aws&scope=repository"));
}

TEST_F(RegistryAuthTest, ARepositoryThatWasNotAskedForIsAnExample) {
  challenge_ =
      R"(Bearer realm="https://auth.example.com/token",service=r,scope="repository:user/image:pull")";
  EXPECT_TRUE(Client(login_)->Ping(call_).ok());
  EXPECT_EQ(http_.seen()[1].url, "https://auth.example.com/token?service=r");
}

TEST_F(RegistryAuthTest, DeleteIsNotAskedForUnlessDeleting) {
  challenge_ =
      R"(Bearer realm="https://auth.example.com/token",scope="repository:team/app:pull,delete")";
  const auto client = Client(login_);
  EXPECT_EQ(Status(*client), 200);
  RegistryRequest remove;
  remove.actions = {.remove = true};
  EXPECT_TRUE(Read(*client, remove).ok());
  const auto seen = http_.seen();
  EXPECT_EQ(seen[1].url.find("delete"), std::string::npos);
  EXPECT_THAT(seen[3].url, HasSubstr("pull%2Cdelete"));
}

TEST_F(RegistryAuthTest, ATokenServerThatKnowsNoDeleteIsAskedWithout) {
  token_failures_ = {Answer(400, {}, "invalid scope")};
  RegistryRequest remove;
  remove.actions = {.push = true, .remove = true};
  EXPECT_EQ(Read(*Client(login_), remove)->status, 200);
  EXPECT_EQ(http_.seen()[2].url.find("delete"), std::string::npos);
}

}  // namespace
}  // namespace gantry
