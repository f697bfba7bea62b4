// For tests: an engine, a registry that can be made to fail, and a clock that nobody waits for.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/status.h"
#include "net/curl_http_client.h"
#include "net/host_gate.h"
#include "oci/fake_http.h"
#include "push/push_engine.h"
#include "tests/fakes/memory_image.h"
#include "tests/fakes/scripted_registry.h"

namespace gantry {

class RecordingProgress final : public ProgressSink {
 public:
  void OnBlob(const BlobProgressEvent& event) override {
    if (on_blob) on_blob(event);
    std::lock_guard lock(mu_);
    events_.push_back(event);
  }
  void OnNotice(std::string_view notice) override {
    std::lock_guard lock(mu_);
    notices_.emplace_back(notice);
  }
  std::vector<std::string> notices() const {
    std::lock_guard lock(mu_);
    return notices_;
  }
  // How many blobs came to this state.
  int Count(BlobState state) const {
    std::lock_guard lock(mu_);
    return static_cast<int>(
        std::count_if(events_.begin(), events_.end(),
                      [&](const BlobProgressEvent& event) { return event.state == state; }));
  }

  std::function<void(const BlobProgressEvent&)> on_blob;

 private:
  mutable std::mutex mu_;
  std::vector<BlobProgressEvent> events_;
  std::vector<std::string> notices_;
};

// One blob at a time, so that the registry's log has one order.
class PushTest : public ::testing::Test {
 protected:
  static constexpr char kRepo[] = "team/app";
  static constexpr size_t kMiB = 1 << 20;

  PushTest() { plan_.max_parallel_blobs = 1; }

  absl::StatusOr<PushedImage> Push() {
    return engine_.Push(call_, plan_, client_, image_, progress_);
  }
  // The image gets one layer, and the registry its config: what is left to see is the layer's way.
  void MakeOneLayer(size_t size) {
    image_.AddManifest({{fakes::RandomBytes(size, size)}});
    store_.PutBlob(kRepo, image_.bytes.at(image_.blob(0, 0).key()));
  }
  // As MakeOneLayer; the layer has its digest and length only when it has been read.
  void MakeOneUnpackedLayer(size_t size) {
    image_.AddUnpacked({{fakes::RandomBytes(size, size)}});
    store_.PutBlob(kRepo, image_.bytes.at(image_.blob(0, 0).key()));
  }
  // Of the layer that MakeOneLayer made.
  const Digest& layer() const { return *image_.blob(0, 1).digest; }
  // The log's lines of uploads.
  std::vector<std::string> Uploads() const {
    std::vector<std::string> lines;
    for (const std::string& line : registry_.log()) {
      if (line.find(" upload ") != line.npos) lines.push_back(line);
    }
    return lines;
  }

  // The tag names the image, and every byte of it is there.
  void ExpectStored(const absl::StatusOr<PushedImage>& pushed) {
    ASSERT_TRUE(pushed.ok()) << MessageOf(pushed.status());
    for (const std::string& tag : plan_.tags) {
      EXPECT_EQ(store_.Tags(kRepo)[tag], pushed->digest.text());
    }
    for (const auto& [key, bytes] : image_.bytes) {
      EXPECT_TRUE(store_.Blob(kRepo, Digest::Of(bytes).text()) == bytes) << key;
    }
    EXPECT_EQ(store_.open_uploads(), 0u);
  }
  // Nobody can pull anything, and nothing is left lying about.
  void ExpectFailed(const absl::StatusOr<PushedImage>& pushed, absl::StatusCode code,
                    std::string_view reason) {
    ASSERT_FALSE(pushed.ok());
    EXPECT_EQ(pushed.status().code(), code) << MessageOf(pushed.status());
    EXPECT_EQ(ReasonOf(pushed.status()), reason) << MessageOf(pushed.status());
    EXPECT_TRUE(store_.Tags(kRepo).empty());
    EXPECT_EQ(store_.open_uploads(), 0u);
  }

  ManualClock clock_;
  CallContext call_{clock_, std::chrono::minutes(60), "r"};
  fakes::ScriptedRegistry registry_{clock_};
  fakes::StrictRegistry& store_ = registry_.store();
  CurlHttpClient http_;
  RegistryClient client_{http_, registry_.host(), PlainHttp(),
                         std::make_shared<FakeCredentials>(BasicCredential("ann", "s3cret")),
                         nullptr};
  MemoryLayerCache layers_;
  PushEngine engine_{layers_};
  RecordingProgress progress_;
  fakes::MemoryImage image_;
  PushPlan plan_{.repository = kRepo, .tags = {"1.0"}, .mount_from = {}};
};

}  // namespace gantry
