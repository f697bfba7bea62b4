// One image, whichever way it comes: the answer to a push says the same of it.
#include "gantryd/images/caller_image_fake.h"
#include "gantryd/images/caller_source.h"
#include "net/host_gate.h"
#include "oci/directory_files.h"
#include "oci/fake_http.h"
#include "oci/oci_layout.h"
#include "oci/registry_source.h"
#include "oci/source_test_world.h"
#include "tests/fakes/in_process_registry.h"

namespace gantry {
namespace {

using Platforms = std::vector<std::string>;

struct SameImageTest : SourceTest {
  // From a layout, from a registry and from the caller.
  void ExpectPlatforms(Descriptor root, const Platforms& platforms) {
    layout.Root({root}).WriteTo(dir / "layout");
    const auto image = OciLayoutSource(OpenDirectory(dir / "layout"), "").Load(call);
    ASSERT_TRUE(image.ok()) << image.status();
    EXPECT_EQ(image->platforms, platforms) << "layout";
    for (const SourceManifest& manifest : image->manifests) {
      const std::string& digest = manifest.descriptor->digest.text();
      const std::pair stored(manifest.descriptor->media_type, manifest.bytes);
      server.manifests["team/app:1"] = server.manifests["team/app@" + digest] = stored;
      caller.blobs[digest] = manifest.bytes;
      for (const SourceBlob& blob : manifest.blobs) {
        caller.blobs[blob.key()] = server.blobs["team/app"][blob.key()] =
            layout.Read(LayoutFake::BlobName(*blob.digest));
      }
    }
    root.platform.reset();  // a caller names the root by its digest alone
    const auto from_caller = CallerSource(caller.Root(root)).Load(call);
    ASSERT_TRUE(from_caller.ok()) << from_caller.status();
    EXPECT_EQ(from_caller->platforms, platforms) << "caller";
    const auto client = std::make_shared<RegistryClient>(http, "localhost:5000", PlainHttp(),
                                                         std::make_shared<AnonymousCredentials>(),
                                                         std::make_shared<HostGate>());
    const auto pulled =
        RegistrySource(client, *Reference::Parse("localhost:5000/team/app:1")).Load(call);
    ASSERT_TRUE(pulled.ok()) << pulled.status();
    EXPECT_EQ(pulled->platforms, platforms) << "registry";
  }
  Descriptor Attestation(const std::string& text) {
    Descriptor attestation = layout.AddImage({text});
    attestation.platform = Platform{"unknown", "unknown", ""};
    return Named(attestation, "vnd.docker.reference.type", "attestation-manifest");
  }
  static Descriptor WithoutPlatform(Descriptor image) {
    image.platform.reset();
    return image;
  }

  LayoutFake layout;
  CallerImageFake caller;
  InProcessRegistry server{"localhost:5000"};
  FakeHttp http{[this](const SeenRequest& request) { return server.Serve(request); }};
};

TEST_F(SameImageTest, AttestationsAreNoPlatforms) {
  const Descriptor amd = layout.AddImage({"amd"}, "amd64"), arm = layout.AddImage({"arm"}, "arm64");
  ExpectPlatforms(layout.AddIndex({amd, Attestation("amd"), arm, Attestation("arm")}),
                  {"linux/amd64", "linux/arm64"});
}

TEST_F(SameImageTest, APlatformIsNamedOnce) {
  const Descriptor small = layout.AddImage({"small"}), large = layout.AddImage({"large"});
  ExpectPlatforms(layout.AddIndex({small, large}), {"linux/amd64"});
}

TEST_F(SameImageTest, WhatNoIndexSaysIsInTheConfigs) {
  ExpectPlatforms(WithoutPlatform(layout.AddImage({"one"}, "s390x")), {"linux/s390x"});
  const Descriptor amd = layout.AddImage({"amd"}, "amd64"), arm = layout.AddImage({"arm"}, "arm64");
  ExpectPlatforms(layout.AddIndex({WithoutPlatform(amd), WithoutPlatform(arm)}),
                  {"linux/amd64", "linux/arm64"});
}

}  // namespace
}  // namespace gantry
