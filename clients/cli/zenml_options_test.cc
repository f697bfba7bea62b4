#include "clients/cli/zenml_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status.h"

namespace gantry::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(ZenmlOptions, WhatChangesNothingIsTaken) {
  const auto kept = WithoutZenmlConnectorOptions(
      {"--token=@t", "--no-docs", "--generate_temporary_tokens=True", "--region", "eu-west-1"});
  ASSERT_TRUE(kept.ok()) << kept.status();
  EXPECT_THAT(*kept, ElementsAre("--token=@t", "--region", "eu-west-1"));
  EXPECT_THAT(*WithoutZenmlConnectorOptions({"--generate-temporary-tokens", "true", "--a=b"}),
              ElementsAre("--a=b"));
}

TEST(ZenmlOptions, TheRestSaysWhatThereIsInstead) {
  for (const auto& [argument, instead] :
       {std::pair{"--interactive", "describe-type"}, std::pair{"-i", "describe-type"},
        std::pair{"--show-secrets", "leave it out"},
        std::pair{"--generate_temporary_tokens=false", "leave it out"}}) {
    const absl::Status refused = WithoutZenmlConnectorOptions({argument}).status();
    EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument) << argument;
    EXPECT_THAT(DetailOf(refused).remedy, HasSubstr(instead)) << argument;
  }
  const absl::Status secret =
      WithoutZenmlRegistryOptions({"--authentication_secret=mine"}).status();
  EXPECT_THAT(MessageOf(secret), HasSubstr("--authentication_secret"));
  EXPECT_THAT(DetailOf(secret).remedy, HasSubstr("--type docker"));
  EXPECT_THAT(DetailOf(WithoutZenmlRegistryOptions({"-r", "x"}).status()).remedy,
              HasSubstr("service-connector register"));
}

}  // namespace
}  // namespace gantry::cli
