#include "oci/error_hint.h"

#include <gtest/gtest.h>

#include "base/status.h"

namespace gantry {
namespace {

absl::Status Refusal(const char* status, const char* code, std::string message) {
  return Error(absl::StatusCode::kPermissionDenied, reason::kUpstreamDenied, std::move(message))
      .With("httpStatus", status)
      .With("upstreamCode", code)
      .With("registry", "acme.example")
      .With("repository", "team/app")
      .Remedy("the general advice");
}

const std::vector<ErrorHint> kHints = {
    {403, "DENIED", "uploadArtifacts", "the role is missing", "Grant push on {repository} at {host}."},
    {0, "AADSTS7000215", "", "", "Rotate the secret."},
    {403, "", "", "", "Ask the administrator."}};

TEST(ErrorHint, TheFirstRowThatFitsGivesMeaningAndRemedy) {
  const absl::Status hinted =
      WithHint(Refusal("403", "DENIED", "Permission UPLOADARTIFACTS denied"), kHints);
  EXPECT_EQ(MessageOf(hinted), "Permission UPLOADARTIFACTS denied: the role is missing");
  EXPECT_EQ(DetailOf(hinted).remedy, "Grant push on team/app at acme.example.");
  EXPECT_EQ(ReasonOf(hinted), reason::kUpstreamDenied);
  EXPECT_EQ(hinted.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(DetailOf(WithHint(Refusal("400", "AADSTS7000215", "no"), kHints)).remedy,
            "Rotate the secret.");
  EXPECT_EQ(DetailOf(WithHint(Refusal("403", "DENIED", "no"), kHints)).remedy,
            "Ask the administrator.");
}

TEST(ErrorHint, CodesAreComparedWithoutCase) {
  EXPECT_EQ(DetailOf(WithHint(Refusal("403", "denied", "uploadArtifacts"), kHints)).remedy,
            "Grant push on team/app at acme.example.");
  EXPECT_EQ(FindHint(kHints, 400, "aadsts7000215", "")->remedy, "Rotate the secret.");
  EXPECT_EQ(FindHint(kHints, 400, "aadsts700021", ""), nullptr);
}

TEST(ErrorHint, WhatIsNotKnownIsNamedAsSuch) {
  const absl::Status anonymous =
      PermissionDenied(reason::kUpstreamDenied, "uploadArtifacts").With("httpStatus", "403");
  EXPECT_EQ(
      DetailOf(WithHint(anonymous, {{403, "", "", "", "Push to {repository} at {host}."}})).remedy,
      "Push to the repository at the registry.");
}

TEST(ErrorHint, ARowForAStageIsForErrorsOnTheWayAlone) {
  const std::vector<ErrorHint> hints = {
      {0, "", "", "its DNS zone is not linked", "Link it to reach {host}.", "dns"},
      {0, "", "not known", "", "never"}};
  const absl::Status lost =
      Unavailable(reason::kUpstreamUnavailable, "acme.example: the host name is not known")
          .With("registry", "acme.example")
          .With("stage", "dns");
  const absl::Status hinted = WithHint(lost, hints);
  EXPECT_EQ(MessageOf(hinted),
            "acme.example: the host name is not known: its DNS zone is not linked");
  EXPECT_EQ(DetailOf(hinted).remedy, "Link it to reach acme.example.");
  const absl::Status refused =
      Unavailable(reason::kUpstreamUnavailable, "not known").With("stage", "tcp");
  EXPECT_EQ(WithHint(refused, hints), refused);
  EXPECT_EQ(DetailOf(WithHint(Refusal("404", "", "not known"), hints)).remedy, "never")
      << "answers are for the other rows";
}

TEST(ErrorHint, ApplyingItAgainChangesNothing) {
  const absl::Status once = WithHint(Refusal("403", "DENIED", "uploadArtifacts"), kHints);
  EXPECT_EQ(WithHint(once, kHints), once);
}

TEST(ErrorHint, WhatDoesNotFitIsLeftAlone) {
  const absl::Status other = Refusal("500", "UNKNOWN", "broken");
  EXPECT_EQ(WithHint(other, kHints), other);
  const absl::Status own = NotFound(reason::kRegistryNotFound, "no registry is named x");
  EXPECT_EQ(WithHint(own, {{0, "", "", "", "never"}}), own);
  EXPECT_TRUE(WithHint(absl::OkStatus(), kHints).ok());
}

}  // namespace
}  // namespace gantry
