// For tests: loads a source and reads its blobs.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "base/status.h"
#include "oci/image_fake.h"
#include "oci/image_source.h"
#include "oci/tar_files.h"

namespace gantry {

// A folder that goes with the test, and a call.  Confined to the test's thread.
struct SourceTest : ::testing::Test {
  SourceTest() {
    std::string name = ::testing::TempDir() + "source.XXXXXX";
    dir = std::filesystem::canonical(mkdtemp(name.data()));
  }
  ~SourceTest() override { std::filesystem::remove_all(dir); }

  std::string Write(const std::string& name, const std::string& bytes) {
    std::ofstream(dir / name, std::ios::binary) << bytes;
    return dir / name;
  }
  std::string Read(ImageSource& source, const SourceBlob& blob, int64_t offset = 0) {
    const auto reader = source.OpenBlob(call, blob, offset);
    if (!reader.ok()) return ReasonOf(reader.status());
    const auto bytes = ReadAll(**reader, 64 << 20);
    return bytes.ok() ? *bytes : ReasonOf(bytes.status());
  }
  // Every blob with a digest is what it says, and the same from its middle.
  void ExpectWhole(ImageSource& source, const SourceImage& image) {
    for (const SourceManifest& manifest : image.manifests) {
      if (manifest.descriptor) {
        EXPECT_EQ(Digest::Of(manifest.bytes), manifest.descriptor->digest);
      }
      for (const SourceBlob& blob : manifest.blobs) {
        const std::string bytes = Read(source, blob);
        if (blob.digest) {
          EXPECT_EQ(Digest::Of(bytes), *blob.digest) << bytes.substr(0, 80);
          EXPECT_EQ(static_cast<int64_t>(bytes.size()), blob.size);
        }
        const size_t middle = bytes.size() / 2;
        EXPECT_TRUE(Read(source, blob, static_cast<int64_t>(middle)) == bytes.substr(middle));
      }
    }
  }
  void ExpectFails(const absl::Status& status, absl::StatusCode code, std::string_view reason,
                   const std::string& message) {
    EXPECT_EQ(status.code(), code) << status;
    EXPECT_EQ(ReasonOf(status), reason) << status;
    EXPECT_THAT(std::string(MessageOf(status)), ::testing::HasSubstr(message));
    EXPECT_NE(DetailOf(status).remedy, "") << status;
  }

  std::filesystem::path dir;
  const SystemClock clock;
  CallContext call{clock, std::chrono::minutes(5), "test"};
};

}  // namespace gantry
