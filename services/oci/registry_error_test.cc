#include "oci/registry_error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status.h"
#include "oci/fake_http.h"

namespace gantry {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string ErrorJson(std::string_view code, std::string_view message) {
  return fmt::format(R"({{"errors":[{{"code":"{}","message":"{}","detail":null}}]}})", code,
                     message);
}

absl::Status Error(const HttpResponse& response, std::string reference = "",
                   std::string host = "r.example.com") {
  return ErrorFromResponse(
      response, {"the manifest", std::move(host), "team/app", std::move(reference), WallTime()});
}

std::string Reason(int status, std::string body, std::string reference = "") {
  return ReasonOf(Error(Answer(status, {}, std::move(body)), std::move(reference)));
}

TEST(RegistryErrorTest, SaysWhatHappenedInTheRegistrysOwnWords) {
  const absl::Status error =
      Error(Answer(400, {}, ErrorJson("MANIFEST_INVALID", "layer type not taken")), "1.0");
  EXPECT_EQ(MessageOf(error),
            "registry r.example.com refused the manifest for team/app:1.0: HTTP 400 "
            "MANIFEST_INVALID: layer type not taken");
  const ErrorDetail detail = DetailOf(error);
  EXPECT_EQ(detail.reason, reason::kUpstreamRejected);
  EXPECT_EQ(detail.metadata.at("httpStatus"), "400");
  EXPECT_EQ(detail.metadata.at("registry"), "r.example.com");
  EXPECT_EQ(detail.metadata.at("upstreamCode"), "MANIFEST_INVALID");
  EXPECT_THAT(detail.remedy, HasSubstr("schema 2"));
}

TEST(RegistryErrorTest, TellsMissingRepositoryAndMissingImageApart) {
  EXPECT_EQ(Reason(404, ErrorJson("NAME_UNKNOWN", ""), "1.0"), "REPOSITORY_NOT_FOUND");
  EXPECT_EQ(Reason(404, ErrorJson("MANIFEST_UNKNOWN", ""), "1.0"), "IMAGE_NOT_FOUND");
  EXPECT_EQ(Reason(404, "", "1.0"), "IMAGE_NOT_FOUND");
  EXPECT_EQ(MessageOf(Error(Answer(404), "1.0")),
            "registry r.example.com does not have team/app:1.0: HTTP 404");
  EXPECT_EQ(Reason(404, ""), "REPOSITORY_NOT_FOUND");
  EXPECT_EQ(Reason(404, "<html>Not here</html>", "1.0"), "UPSTREAM_PROTOCOL");
}

TEST(RegistryErrorTest, ALostUploadIsNoMissingRepository) {
  for (const int status : {400, 404}) {
    const auto error = Error(Answer(status, {}, ErrorJson("BLOB_UPLOAD_INVALID", "gone")));
    EXPECT_EQ(ReasonOf(error), "UPSTREAM_REJECTED");
    EXPECT_EQ(DetailOf(error).metadata.at("upstreamCode"), "BLOB_UPLOAD_INVALID");
    EXPECT_THAT(DetailOf(error).remedy, HasSubstr("http.secret"));
  }
  const auto bare = ErrorFromResponse(
      Answer(404), {"a layer", "r.example.com", "team/app", "", WallTime(), /*in_upload=*/true});
  EXPECT_EQ(DetailOf(bare).metadata.at("upstreamCode"), "BLOB_UPLOAD_UNKNOWN");
}

TEST(RegistryErrorTest, ServerTroubleIsWorthAnotherTry) {
  for (const int status : {408, 499, 500, 502, 503, 504, 522}) {
    EXPECT_EQ(Error(Answer(status)).code(), absl::StatusCode::kUnavailable) << status;
    EXPECT_EQ(Reason(status, ""), "UPSTREAM_UNAVAILABLE") << status;
  }
  EXPECT_NE(Error(Answer(501)).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Reason(429, ""), "UPSTREAM_THROTTLED");
  EXPECT_EQ(Reason(400, ErrorJson("TOOMANYREQUESTS", "")), "UPSTREAM_THROTTLED");
  EXPECT_EQ(DetailOf(Error(Answer(503, {{"Retry-After", "2"}}))).retry_after, milliseconds(2000));
}

TEST(RegistryErrorTest, DenialQuotaAndConflict) {
  EXPECT_EQ(Reason(403, ErrorJson("DENIED", "no push right")), "UPSTREAM_DENIED");
  EXPECT_EQ(Reason(403, ErrorJson("DENIED", "adding 1 GiB will exceed the quota")),
            "UPSTREAM_QUOTA");
  EXPECT_EQ(Reason(507, ""), "UPSTREAM_QUOTA");
  EXPECT_EQ(Reason(412, ErrorJson("PRECONDITION", "matched tag rule")), "UPSTREAM_CONFLICT");
  EXPECT_EQ(Reason(409, ""), "UPSTREAM_CONFLICT");
  EXPECT_EQ(Reason(400, ErrorJson("TAG_INVALID", "tag is immutable")), "UPSTREAM_CONFLICT");
  EXPECT_EQ(Reason(407, "<html>proxy</html>"), "UPSTREAM_AUTH_REJECTED");
  EXPECT_EQ(Reason(302, ""), "UPSTREAM_PROTOCOL");
  EXPECT_EQ(Reason(200, ""), "UPSTREAM_PROTOCOL");
}

TEST(RegistryErrorTest, AProxysPageIsShownWithoutItsTags) {
  const auto error = Error(Answer(
      413, {{"Content-Type", "text/html"}},
      "<html><head><title>413 Too Large</title></head><body>\n<h1>nginx</h1></body></html>"));
  EXPECT_THAT(MessageOf(error), HasSubstr("HTTP 413: 413 Too Large nginx"));
  EXPECT_THAT(DetailOf(error).remedy, HasSubstr("client_max_body_size"));
}

TEST(RegistryErrorTest, AMissingScopeIsNamed) {
  const auto error = Error(Answer(
      401,
      {{"WWW-Authenticate",
        R"(Bearer realm="https://a/t",error="insufficient_scope",scope="repository:x:push")"}}));
  EXPECT_EQ(error.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(DetailOf(error).metadata.at("scope"), "repository:x:push");
  EXPECT_THAT(MessageOf(error), HasSubstr("missing: repository:x:push"));
  EXPECT_EQ(Reason(401, ""), "UPSTREAM_AUTH_REJECTED");
}

TEST(RegistryErrorTest, DockerHubHasRemediesOfItsOwn) {
  const auto limit =
      Error(Answer(429, {}, "You have reached your pull rate limit."), "", "docker.io");
  EXPECT_THAT(DetailOf(limit).remedy, HasSubstr("log in"));
  const auto scopes = Error(
      Answer(401, {}, R"({"details":"access token has insufficient scopes"})"), "", "docker.io");
  EXPECT_EQ(ReasonOf(scopes), "UPSTREAM_DENIED");
  EXPECT_THAT(DetailOf(scopes).remedy, HasSubstr("Read & Write"));
}

TEST(RegistryErrorTest, AStrangersTextIsBoundedAndClean) {
  for (const std::string& body :
       {std::string(100'000, 'x'), std::string("\x00\xff\r\n\x1b[31m", 9) + std::string(5000, 'y'),
        ErrorJson("A", std::string(100'000, 'z')), std::string(100'000, '['),
        R"({"errors":[{"detail":{"a":")" + std::string(90'000, 'w') + "\"}}]}",
        std::string(R"({"errors":[]})"), std::string(R"({"errors":[null]})"),
        std::string(R"([1,2])"), std::string("{\"errors\":[{\"code\":7}]}")}) {
    const auto error = Error(Answer(400, {}, body));
    EXPECT_LT(MessageOf(error).size(), 900u);
    EXPECT_THAT(std::string(MessageOf(error)), Not(HasSubstr("\x1b")));
  }
}

}  // namespace
}  // namespace gantry
