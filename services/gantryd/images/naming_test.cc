#include "gantryd/images/naming.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status.h"
#include "gantryd/registries/field_violations.h"

namespace gantry {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// 2024-01-15 10:30:45 UTC.
const WallTime kNow{std::chrono::seconds(1'705'314'645)};

absl::StatusOr<ImageName> Name(const NameWish& wish, const std::string& uri = "gcr.io/my-project",
                               const std::string& fallback = "") {
  return NameImage(*RegistryUri::Parse(uri), fallback, wish, kNow);
}

NameWish Pipeline(const std::string& pipeline, const std::string& version = "") {
  NameWish wish;
  wish.pipeline = pipeline;
  wish.version = version;
  return wish;
}

NameWish Explicit(const std::string& repository, std::vector<std::string> tags = {}) {
  NameWish wish;
  wish.repository = repository;
  wish.tags = std::move(tags);
  return wish;
}

std::string FieldOf(const absl::Status& status) {
  const auto violations = FieldViolationsOf(status);
  return violations.empty() ? "" : violations[0].field;
}

TEST(Naming, APipelineIsNamedBelowTheRegistryByItsVersionOrTheTime) {
  const auto name = Name(Pipeline("training_pipeline"));
  EXPECT_EQ(name->repository, "my-project/training_pipeline");
  EXPECT_THAT(name->tags, ElementsAre("2024-01-15-10-30-45"));
  EXPECT_THAT(Name(Pipeline("p", "v1.0+gpu"))->tags, ElementsAre("v1.0gpu"));
  EXPECT_EQ(Name(Pipeline("p"), "docker.io")->repository, "library/p");
  EXPECT_EQ(Name(Pipeline("p"), "localhost:5000")->repository, "p");
}

struct Case {
  const char *from, *to;
};

TEST(Naming, PipelinesAreSanitisedToLegalRepositories) {
  const Case cases[] = {
      {"training_pipeline", "training_pipeline"},
      {"Training Pipeline", "training-pipeline"},
      {"My.Pipeline", "my.pipeline"},
      {"team/My Pipeline", "team/my-pipeline"},
      {"a__b", "a__b"},
      {"a___b", "a_b"},
      {"a--b", "a--b"},
      {"a..b", "a.b"},
      {"a._b", "a-b"},
      {"a_-b", "a-b"},
      {"__init__", "init"},
      {"-a-", "a"},
      {"a:b@c", "a-b-c"},
      {"/a//b/", "a/b"},
      {"../../etc/passwd", "etc/passwd"},
      {"gr\xc3\xb6\xc3\x9f"
       "e",
       "gr-e"},
      {"a\nb\tc", "a-b-c"},
      {"docker.io.evil.example/x", "docker.io.evil.example/x"},
      {"\xff\xfe", ""},
      {"\xe6\x97\xa5\xe6\x9c\xac", ""},
      {"/._-/", ""},
      {"", ""},
  };
  for (const Case& c : cases) {
    const std::string got = SanitizeRepository(c.from);
    EXPECT_EQ(got, c.to);
    if (!got.empty()) {
      EXPECT_TRUE(ValidateRepository(got).ok()) << got;
    }
  }
}

TEST(Naming, EverySanitisedNameIsLegalAndStaysAsItIs) {
  const std::string alphabet = "aZ9._-/ \xc3";
  const size_t n = alphabet.size();
  for (size_t i = 0; i < n * n * n * n * n; ++i) {
    std::string text;
    for (size_t rest = i, k = 0; k < 5; ++k, rest /= n) text += alphabet[rest % n];
    const std::string name = SanitizeRepository(text);
    if (!name.empty()) {
      ASSERT_TRUE(ValidateRepository(name).ok()) << text;
      ASSERT_EQ(SanitizeRepository(name), name) << text;
    }
    const std::string tag = SanitizeTag(text);
    if (!tag.empty()) {
      ASSERT_TRUE(ValidateTag(tag).ok()) << text;
    }
  }
}

TEST(Naming, VersionsAreSanitisedToTags) {
  const Case cases[] = {{"1.0", "1.0"},   {"v1+build", "v1build"}, {"-rc", "_rc"}, {".x", "_x"},
                        {"a b/c", "abc"}, {"A_b", "A_b"},          {"+++", ""},    {"", ""}};
  for (const Case& c : cases) EXPECT_EQ(SanitizeTag(c.from), c.to) << c.from;
  EXPECT_EQ(SanitizeTag(std::string(500, 'x')), std::string(128, 'x'));
  EXPECT_EQ(SanitizeTag("++" + std::string(128, 'x')), std::string(128, 'x'));
}

TEST(Naming, NothingLeftOfANameIsAnError) {
  const auto version = Name(Pipeline("p", "+++"));
  EXPECT_EQ(version.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(FieldOf(version.status()), "version");
  EXPECT_THAT(MessageOf(version.status()), HasSubstr("cannot be empty"));
  EXPECT_EQ(FieldOf(Name(Pipeline("???")).status()), "pipeline");
  EXPECT_EQ(FieldOf(Name({}).status()), "pipeline");
}

TEST(Naming, RepositoryAndTagsAreTakenAsTheyAre) {
  const auto name = Name(Explicit("team/app", {"1.0", "Latest", "1.0"}));
  EXPECT_EQ(name->repository, "my-project/team/app");
  EXPECT_THAT(name->tags, ElementsAre("1.0", "Latest"));
  EXPECT_THAT(Name(Explicit("app"))->tags, IsEmpty());
  EXPECT_EQ(Name(Explicit("gcr.io/my-project/app"))->repository, "my-project/app");
  for (const NameWish& wish :
       {Explicit("Team/App"), Explicit("app", {"a b"}), Explicit("app", {""}),
        Explicit("app", {"-x"}), Explicit("gcr.io/my-project2/app")}) {
    const auto refused = Name(wish);
    EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(ReasonOf(refused.status()), reason::kInvalidReference);
  }
}

TEST(Naming, TheDefaultRepositoryServesWhenNothingIsNamed) {
  EXPECT_EQ(Name({}, "docker.io/me", "zenml")->repository, "me/zenml");
  EXPECT_THAT(Name({}, "docker.io/me", "zenml")->tags, ElementsAre("2024-01-15-10-30-45"));
  EXPECT_THAT(Name(Explicit("", {"a", "b"}), "docker.io/me", "zenml")->tags, ElementsAre("a", "b"));
  EXPECT_THAT(Name(Pipeline("", "v2"), "docker.io/me", "zenml")->tags, ElementsAre("v2"));
  EXPECT_EQ(Name(Pipeline("p"), "docker.io/me", "zenml")->repository, "me/p");
}

TEST(Naming, FieldsThatExcludeEachOtherAreRefused) {
  NameWish both = Pipeline("p");
  both.repository = "r";
  EXPECT_EQ(FieldOf(Name(both).status()), "repository");
  NameWish tags = Pipeline("p");
  tags.tags = {"t"};
  EXPECT_EQ(FieldOf(Name(tags).status()), "tags");
  NameWish version = Explicit("r");
  version.version = "v";
  EXPECT_EQ(FieldOf(Name(version).status()), "version");
}

TEST(Naming, HostAndRepositoryHaveAtMost255Characters) {
  const std::string longest(255 - std::string("gcr.io/my-project/").size(), 'a');
  EXPECT_TRUE(Name(Pipeline(longest)).ok());
  EXPECT_EQ(ReasonOf(Name(Pipeline(longest + "a")).status()), reason::kInvalidReference);
  EXPECT_TRUE(Name(Explicit(longest)).ok());
  EXPECT_EQ(ReasonOf(Name(Explicit(longest + "a")).status()), reason::kInvalidReference);
}

}  // namespace
}  // namespace gantry
