#include "net/connect_to.h"

#include <gtest/gtest.h>

#include "base/status.h"

namespace gantry {
namespace {

TEST(ConnectTo, ServesTheHostAndPortItNames) {
  const auto entry = ConnectTo::Parse("sts.amazonaws.com:443:127.0.0.1:8443");
  ASSERT_TRUE(entry.ok()) << entry.status();
  EXPECT_TRUE(entry->Serves("https://sts.amazonaws.com/"));
  EXPECT_TRUE(entry->Serves("https://STS.amazonaws.com:443?x"));
  EXPECT_FALSE(entry->Serves("http://sts.amazonaws.com/"));
  EXPECT_FALSE(entry->Serves("https://sts.amazonaws.com:8443/"));
  EXPECT_FALSE(entry->Serves("https://sts.amazonaws.com.evil.example/"));
}

TEST(ConnectTo, AnEmptyPartStandsForAny) {
  EXPECT_TRUE(ConnectTo::Parse("::127.0.0.1:1")->Serves("https://any.example:99/x"));
  EXPECT_TRUE(ConnectTo::Parse("a.example:::1")->Serves("http://a.example/"));
  EXPECT_FALSE(ConnectTo::Parse("a.example:::1")->Serves("http://b.example/"));
}

TEST(ConnectTo, TakesIpv6InBrackets) {
  const auto entry = ConnectTo::Parse("[fd00:ec2::254]:80:[::1]:9000");
  ASSERT_TRUE(entry.ok()) << entry.status();
  EXPECT_TRUE(entry->Serves("http://[fd00:ec2::254]/latest/api/token"));
  EXPECT_FALSE(entry->Serves("http://[fd00:ec2::23]/v1/credentials"));
}

TEST(ConnectTo, RefusesWhatIsNotOfTheForm) {
  for (const char* text : {"", "a", "a:1:b", "a:b:c:1", "a:1:b:2:3", "a:1:b:99999", "[::1:1:b:2",
                           "a b:1:c:2"}) {
    const auto entry = ConnectTo::Parse(text);
    ASSERT_FALSE(entry.ok()) << text;
    EXPECT_EQ(ReasonOf(entry.status()), reason::kInvalidArgument);
    EXPECT_FALSE(DetailOf(entry.status()).remedy.empty());
  }
}

}  // namespace
}  // namespace gantry
