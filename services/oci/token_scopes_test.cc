#include "oci/token_scopes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gantry {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(TokenScopesTest, AsksForWhatTheRequestNeeds) {
  EXPECT_THAT(TokenScopes::For("a/b", {}, "").list(), ElementsAre("repository:a/b:pull"));
  EXPECT_THAT(TokenScopes::For("a/b", {.push = true}, "c").list(),
              ElementsAre("repository:a/b:pull,push", "repository:c:pull"));
  EXPECT_THAT(TokenScopes::For("a", {.pull = false, .remove = true}, "").list(),
              ElementsAre("repository:a:delete"));
  EXPECT_THAT(TokenScopes::For("", {}, "").list(), IsEmpty());
}

TEST(TokenScopesTest, WhatAChallengeAddsGoesFirstOrJoinsItsResource) {
  TokenScopes scopes = TokenScopes::For("a/b", {}, "");
  EXPECT_FALSE(scopes.Add("repository:a/b:pull"));
  EXPECT_TRUE(scopes.Add("aws repository:a/b:pull,push"));
  EXPECT_THAT(scopes.list(), ElementsAre("aws", "repository:a/b:pull,push"));
  EXPECT_FALSE(scopes.Add("aws"));
  EXPECT_FALSE(scopes.Add("  "));
}

TEST(TokenScopesTest, NamesMayHoldColons) {
  TokenScopes scopes;
  scopes.Add("repository:host:5000/a:pull");
  EXPECT_TRUE(scopes.Add("repository:host:5000/a:push"));
  EXPECT_THAT(scopes.list(), ElementsAre("repository:host:5000/a:pull,push"));
}

TEST(TokenScopesTest, TheKeyIgnoresTheOrder) {
  TokenScopes a, b;
  a.Add("x");
  a.Add("y");
  b.Add("y");
  b.Add("x");
  EXPECT_EQ(a.key(), b.key());
}

TEST(TokenScopesTest, DeleteCanBeLeftOut) {
  TokenScopes scopes = TokenScopes::For("a", {.push = true, .remove = true}, "");
  scopes.Add("aws repository:b:delete");
  EXPECT_THAT(scopes.WithoutDelete().list(), ElementsAre("aws", "repository:a:pull,push"));
}

}  // namespace
}  // namespace gantry
