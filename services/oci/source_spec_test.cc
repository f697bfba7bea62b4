#include "oci/source_spec.h"

#include "net/curl_http_client.h"
#include "oci/source_test_world.h"

namespace gantry {
namespace {

using absl::StatusCode;
using Kind = SourceName::Kind;

struct SourceSpecTest : SourceTest {
  void ExpectName(const std::string& text, Kind kind, const std::string& location,
                  const std::string& selector = "") {
    const auto name = ParseSourceName(text);
    ASSERT_TRUE(name.ok()) << text;
    EXPECT_EQ(name->kind, kind) << text;
    EXPECT_EQ(name->location, location) << text;
    EXPECT_EQ(name->selector, selector) << text;
  }
};

TEST_F(SourceSpecTest, WordsAreThoseOfSkopeo) {
  const std::string file = Write("a.tar", "x");
  ExpectName("docker://ghcr.io/a/b:1", Kind::kRegistry, "ghcr.io/a/b:1");
  ExpectName("docker-daemon:app:1", Kind::kDockerDaemon, "app:1");
  ExpectName("docker-archive:" + file, Kind::kDockerArchive, file);
  ExpectName("docker-archive:" + file + ":app:1", Kind::kDockerArchive, file, "app:1");
  ExpectName("docker-archive:" + file + ":@2", Kind::kDockerArchive, file, "@2");
  ExpectName("oci-archive:" + file + ":v1", Kind::kOciArchive, file, "v1");
  ExpectName("oci:" + dir.string(), Kind::kOciLayout, dir);
  ExpectName("oci:" + dir.string() + ":" + Digest::Of("x").text(), Kind::kOciLayout, dir,
             Digest::Of("x").text());
  for (const char* wrong : {"", "app:1", "docker:", "oci:", "docker://", "tar:x", "oci-archive"}) {
    ExpectFails(ParseSourceName(wrong).status(), StatusCode::kInvalidArgument,
                reason::kInvalidArgument, "does not say what kind");
  }
}

TEST_F(SourceSpecTest, APathMayHaveColonsOfItsOwn) {
  const std::string file = Write("a:b:1", "x");
  ExpectName("oci-archive:" + file, Kind::kOciArchive, file);
  ExpectName("oci-archive:" + file + ":2", Kind::kOciArchive, file, "2");
  ExpectName("oci-archive:" + (dir / "none:2").string(), Kind::kOciArchive, dir / "none", "2");
}

TEST_F(SourceSpecTest, EveryKindIsOpened) {
  LayoutFake layout;
  const Descriptor root = layout.AddImage({"one"});
  layout.Root({root}).WriteTo(dir / "layout");
  const std::string oci = Write("oci.tar", layout.Tar());
  const std::string docker =
      Write("docker.tar.gz", Gzip(DockerSaveFake().Image({"app"}, {LayerFake("one")}).Tar()));
  CurlHttpClient http;
  for (const std::string& text :
       {"oci:" + (dir / "layout").string(), "oci-archive:" + oci, "docker-archive:" + docker}) {
    auto source = OpenLocalSource(*ParseSourceName(text), http, "");
    ASSERT_TRUE(source.ok()) << source.status();
    const auto image = (*source)->Load(call);
    EXPECT_TRUE(image.ok()) << image.status();
  }
  auto engine = OpenLocalSource(*ParseSourceName("docker-daemon:app"), http, dir / "none.sock");
  EXPECT_EQ(ReasonOf((*engine)->Load(call).status()), reason::kSourceUnreadable);
  EXPECT_FALSE(OpenLocalSource(*ParseSourceName("docker://a/b"), http, "").ok());
}

TEST_F(SourceSpecTest, AFileOfTheOtherKindIsRefusedByName) {
  LayoutFake layout;
  layout.Root({layout.AddImage({"one"})}).WriteTo(dir / "layout");
  const std::string docker =
      Write("docker.tar", DockerSaveFake().Image({"app"}, {LayerFake("one")}).Tar());
  CurlHttpClient http;
  const auto load = [&](const std::string& text) {
    return (*OpenLocalSource(*ParseSourceName(text), http, ""))->Load(call).status();
  };
  ExpectFails(load("oci-archive:" + docker), StatusCode::kInvalidArgument, reason::kSourceInvalid,
              "not an OCI layout");
  ExpectFails(load("oci:" + docker), StatusCode::kFailedPrecondition, reason::kSourceUnreadable,
              "not a directory");
  ExpectFails(load("docker-archive:" + (dir / "layout").string()), StatusCode::kFailedPrecondition,
              reason::kSourceUnreadable, "is a directory");
}

TEST_F(SourceSpecTest, AnImageWithoutANameGetsOneFromItsSource) {
  const auto suggest = [](const std::string& text) { return SuggestName(*ParseSourceName(text)); };
  EXPECT_EQ(suggest("docker://ghcr.io/team/app:1"), "app");
  EXPECT_EQ(suggest("docker-daemon:team/app@sha256:x"), "app");
  EXPECT_EQ(suggest("oci:/none/images/app/"), "app");
  EXPECT_EQ(suggest("docker-archive:/none/app.tar.gz"), "app");
  EXPECT_EQ(suggest("oci-archive:/none/app.tgz"), "app");
  EXPECT_EQ(suggest("oci-archive:/none/x.tar:docker.io/library/app:1"), "app");
  EXPECT_EQ(suggest("oci-archive:/none/x.tar:v1"), "x");
}

}  // namespace
}  // namespace gantry
