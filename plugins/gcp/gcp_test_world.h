// For the tests of this folder: a registry with a login, and a Google that answers by URL.
#pragma once

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "plugins/sdk/json.h"
#include "tests/conformance/fake_host.h"
#include "tests/conformance/flavor_driver.h"
#include "tests/conformance/google_key.h"

namespace gantry::testing {

inline constexpr char kTokenUrl[] = "https://oauth2.googleapis.com/token";
inline constexpr char kTokenInfoUrl[] = "https://oauth2.googleapis.com/tokeninfo";
inline constexpr char kStsUrl[] = "https://sts.googleapis.com/v1/token";
inline constexpr char kApiUrl[] = "https://artifactregistry.googleapis.com/v1/projects/my-project";
inline constexpr char kFullScope[] = "https://www.googleapis.com/auth/cloud-platform";
inline constexpr char kReadOnlyScope[] = "https://www.googleapis.com/auth/cloud-platform.read-only";

class GcpTest : public ::testing::Test {
 protected:
  GcpTest();
  void TearDown() override { EXPECT_THAT(host_.faults(), ::testing::IsEmpty()); }

  // A registry at us-docker.pkg.dev/my-project/my-repo with a connector of type gcp.
  void Open(const std::string& method, const std::string& connector_fields = "{}",
            const std::string& registry_fields = "{}", int64_t expires_unix_ms = 0);

  // What requests are answered whose URL begins like this; the newest that fits counts.
  void Answer(const std::string& url, int status, const std::string& body,
              sdk::Headers headers = {});
  void AnswerToken(const std::string& url);

  Outcome Login(uint32_t actions = GANTRY_PULL | GANTRY_PUSH);
  // A field of the form that was sent as the nth request.
  std::string Form(size_t n, const std::string& field) const;

  FakeHost host_;
  FlavorDriver flavor_{*gantry_flavor_v1(), host_};
  std::optional<sdk::Credential> credential_;
  std::vector<sdk::HttpRequest> sent_;

 private:
  struct Scripted {
    std::string url;
    sdk::HttpResponse response;
  };
  std::vector<Scripted> answers_;
};

}  // namespace gantry::testing
