#include "oci/upload_location.h"

#include <gtest/gtest.h>

#include "base/status.h"

namespace gantry {
namespace {

class UploadLocationTest : public ::testing::Test {
 protected:
  std::string Resolve(std::string_view location) {
    const Url request = *Url::Parse("https://r.example.com/v2/a/blobs/uploads/");
    const auto url = ResolveUploadLocation(registry_, request, location);
    return url.ok() ? *url : ReasonOf(url.status());
  }
  const RegistryEndpoint registry_{"r.example.com", {}};
};

TEST_F(UploadLocationTest, TakesEveryFormThatRegistriesSend) {
  EXPECT_EQ(Resolve("https://r.example.com/v2/a/blobs/uploads/u?_state=a%2Bb"),
            "https://r.example.com/v2/a/blobs/uploads/u?_state=a%2Bb");
  EXPECT_EQ(Resolve("//r.example.com/v2/u"), "https://r.example.com/v2/u");
  EXPECT_EQ(Resolve("/v2/a/blobs/uploads/u?_nouploadcache=false&_state=x"),
            "https://r.example.com/v2/a/blobs/uploads/u?_nouploadcache=false&_state=x");
  EXPECT_EQ(Resolve("r.example.com/v2/u"), "https://r.example.com/v2/u");
  EXPECT_EQ(Resolve("storage.example.com:8443/v2/u"), "https://storage.example.com:8443/v2/u");
  EXPECT_EQ(Resolve("u-1?x=y"), "https://r.example.com/v2/a/blobs/uploads/u-1?x=y");
  EXPECT_EQ(Resolve("./u-1"), "https://r.example.com/v2/a/blobs/uploads/u-1");
  EXPECT_EQ(Resolve("http://r.example.com/v2/u"), "https://r.example.com/v2/u");
  EXPECT_EQ(Resolve(" /v2/u "), "https://r.example.com/v2/u");
}

TEST_F(UploadLocationTest, RefusesWhatLeadsNowhereOrInside) {
  EXPECT_EQ(Resolve(""), "UPSTREAM_PROTOCOL");
  EXPECT_EQ(Resolve("https://user@r.example.com/"), "UPSTREAM_PROTOCOL");
  EXPECT_EQ(Resolve("ftp://r.example.com/"), "UPSTREAM_PROTOCOL");
  EXPECT_EQ(Resolve("https://169.254.169.254/x"), "ADDRESS_REFUSED");
  EXPECT_EQ(Resolve("127.0.0.1:80/v2/x"), "ADDRESS_REFUSED");
}

TEST_F(UploadLocationTest, TheDigestJoinsTheQueryThatIsThere) {
  const Digest digest = Digest::Of("");
  const std::string parameter = "digest=" + digest.text();
  EXPECT_EQ(WithDigest("https://r/u", digest), "https://r/u?" + parameter);
  EXPECT_EQ(WithDigest("https://r/u?", digest), "https://r/u?" + parameter);
  EXPECT_EQ(WithDigest("https://r/u?_state=%3D%3D", digest),
            "https://r/u?_state=%3D%3D&" + parameter);
  EXPECT_EQ(WithDigest("https://r/u?a=b&", digest), "https://r/u?a=b&" + parameter);
}

}  // namespace
}  // namespace gantry
