#include "oci/challenge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

namespace gantry {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

TEST(ChallengeTest, ReadsADockerHubChallenge) {
  const auto all = ParseChallenges(
      {R"(Bearer realm="https://auth.docker.io/token",service="registry.docker.io",)"
       R"(scope="repository:samalba/my-app:pull,push")"});
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_EQ(all[0].scheme, "bearer");
  EXPECT_THAT(all[0].params,
              UnorderedElementsAre(Pair("realm", "https://auth.docker.io/token"),
                                   Pair("service", "registry.docker.io"),
                                   Pair("scope", "repository:samalba/my-app:pull,push")));
}

TEST(ChallengeTest, ReadsSeveralChallengesOfOneField) {
  const auto all = ParseChallenges(
      {R"(Negotiate, Basic realm="a, b", charset="UTF-8", Bearer realm="https://r/t")"});
  ASSERT_THAT(all, SizeIs(3));
  EXPECT_EQ(all[0].scheme, "negotiate");
  EXPECT_THAT(all[0].params, IsEmpty());
  EXPECT_THAT(all[1].params, ElementsAre(Pair("charset", "UTF-8"), Pair("realm", "a, b")));
  EXPECT_EQ(all[2].Get("realm"), "https://r/t");
}

TEST(ChallengeTest, ReadsSeveralFieldsInOrder) {
  const auto all = ParseChallenges({"Negotiate", R"(Basic realm="x")", "BEARER realm=https://r"});
  ASSERT_THAT(all, SizeIs(3));
  EXPECT_EQ(all[1].scheme, "basic");
  EXPECT_EQ(all[2].scheme, "bearer");
}

TEST(ChallengeTest, TakesUnquotedValuesAndOddCase) {
  const auto all =
      ParseChallenges({"bEaReR REALM=https://gcr.io/v2/token?a=b&c=d,Service=gcr.io , scope=aws"});
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_EQ(all[0].Get("realm"), "https://gcr.io/v2/token?a=b&c=d");
  EXPECT_EQ(all[0].Get("service"), "gcr.io");
  EXPECT_EQ(all[0].Get("scope"), "aws");
}

TEST(ChallengeTest, UndoesEscapesAndKeepsCommasInQuotes) {
  const auto all = ParseChallenges({R"(Basic realm="say \"hi\", \\ twice" , error = "x")"});
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_EQ(all[0].Get("realm"), R"(say "hi", \ twice)");
  EXPECT_EQ(all[0].Get("error"), "x");
}

TEST(ChallengeTest, MissingParametersAreMissing) {
  const auto all = ParseChallenges({R"(Bearer realm="/token")"});
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_EQ(all[0].Get("service"), std::nullopt);
  EXPECT_EQ(all[0].Get("scope"), std::nullopt);
}

TEST(ChallengeTest, ReadsToken68) {
  const auto all = ParseChallenges({"Negotiate YIIJvwYGKwYBBQUCoIIJszCC==, Basic realm=x"});
  ASSERT_THAT(all, SizeIs(2));
  EXPECT_EQ(all[0].token68, "YIIJvwYGKwYBBQUCoIIJszCC==");
  EXPECT_EQ(all[1].Get("realm"), "x");
}

TEST(ChallengeTest, TheFirstOfDoubleParametersCounts) {
  const auto all = ParseChallenges({R"(Bearer realm="https://a",realm="https://b")"});
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_EQ(all[0].Get("realm"), "https://a");
}

TEST(ChallengeTest, GarbageIsLeftOut) {
  EXPECT_THAT(ParseChallenges({}), IsEmpty());
  EXPECT_THAT(ParseChallenges({"", " , ,, ", "=\"\"", "realm=\"x\""}), IsEmpty());
  EXPECT_THAT(ParseChallenges({R"(Bearer realm="open)"})[0].Get("realm"), "open");
  EXPECT_THAT(ParseChallenges({"Bearer realm=\"open\\"})[0].Get("realm"), "open\\");
  EXPECT_THAT(ParseChallenges({"\xff\x01;;; Basic realm=x"}), SizeIs(1));
}

TEST(ChallengeTest, LongHostileInputTakesLinearTime) {
  const auto start = std::chrono::steady_clock::now();
  for (const std::string unit : {"a ", "a,", "a=", "\"", "\\", "=", ",", "a=\"", "a b=c,"}) {
    std::string text;
    while (text.size() < (1 << 20)) text += unit;
    ParseChallenges({text, "Basic " + text});
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

}  // namespace
}  // namespace gantry
