// Pushes that are cancelled, or whose time is up.  What a request waits for is shared with it: its
// thread may outlive the test's body.
#include <latch>

#include "push/push_test_fixture.h"

namespace gantry {
namespace {

using fakes::On;
using fakes::Reply;
using std::chrono::seconds;

TEST_F(PushTest, ACancelledPushClosesItsUploadAndLeavesNoTag) {
  MakeOneLayer(8 * kMiB);
  plan_.method = UploadMethod::kChunked;
  plan_.chunk_bytes = 2 << 20;
  registry_.Script(On("PATCH upload").Nth(2).Change([this](Reply&) { call_.RequestStop(); }));
  ExpectFailed(Push(), absl::StatusCode::kCancelled, "CANCELLED");
  EXPECT_EQ(Uploads().back(), "DELETE upload 204");
  EXPECT_EQ(registry_.Count("PUT"), 0);
}

TEST_F(PushTest, APushIsCancelledWhileTheRegistryStalls) {
  MakeOneLayer(8 * kMiB);
  const auto over = std::make_shared<std::latch>(1);
  registry_.Script(On("PATCH upload").Before([this, over] {
    call_.RequestStop();
    over->wait();  // no answer comes before the push has ended
  }));
  const auto pushed = Push();
  over->count_down();
  ExpectFailed(pushed, absl::StatusCode::kCancelled, "CANCELLED");
  EXPECT_EQ(registry_.Count("DELETE upload 204"), 1);
}

TEST_F(PushTest, ACancelledPushOfManyBlobsClosesAllUploads) {
  std::vector<fakes::Layer> layers;
  for (uint64_t i = 0; i < 12; ++i) layers.push_back({fakes::RandomBytes(kMiB, i)});
  image_.AddManifest(layers);
  plan_.max_parallel_blobs = 4;
  const auto all_are_sending = std::make_shared<std::latch>(4);
  registry_.Script(On("PATCH upload").Times(4).Before([this, all_are_sending] {
    all_are_sending->arrive_and_wait();
    call_.RequestStop();
  }));
  ExpectFailed(Push(), absl::StatusCode::kCancelled, "CANCELLED");
  EXPECT_EQ(registry_.Count("DELETE upload 204"), 4);
  EXPECT_EQ(registry_.Count("POST upload"), 4) << "the rest is not begun";
  EXPECT_EQ(registry_.Count("PUT"), 0);
}

TEST_F(PushTest, ACancelledPushDoesNotWaitForARegistryThatAskedForIt) {
  MakeOneLayer(kMiB);
  registry_.Script(On("PUT manifest").Answer(429, {{"Retry-After", "60"}}).Before([this] {
    call_.RequestStop();
  }));
  ExpectFailed(Push(), absl::StatusCode::kCancelled, "CANCELLED");
  EXPECT_EQ(clock_.slept(), seconds(0));
}

TEST_F(PushTest, APushWhoseTimeIsUpClosesItsUploadAndLeavesNoTag) {
  MakeOneLayer(8 * kMiB);
  plan_.method = UploadMethod::kChunked;
  plan_.chunk_bytes = 2 << 20;
  registry_.Script(On("PATCH upload").Always().Change([this](Reply&) {
    clock_.Advance(std::chrono::minutes(25));
  }));
  ExpectFailed(Push(), absl::StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED");
  EXPECT_EQ(registry_.Count("DELETE upload 204"), 1);
  EXPECT_EQ(registry_.Count("PUT"), 0);
}

TEST_F(PushTest, APushThatIsCancelledBeforeItBeginsAsksNothing) {
  MakeOneLayer(kMiB);
  call_.RequestStop();
  ExpectFailed(Push(), absl::StatusCode::kCancelled, "CANCELLED");
  EXPECT_EQ(registry_.log().size(), 0u);
}

TEST_F(PushTest, ARegistryThatKnowsNoDeleteOfUploadsIsLeftAlone) {
  MakeOneLayer(2 * kMiB);
  registry_.Script(On("PATCH upload").Answer(500).Before([this] { call_.RequestStop(); }));
  registry_.Script(On("DELETE upload").Always().Answer(405));
  EXPECT_EQ(ReasonOf(Push().status()), "CANCELLED");
  EXPECT_EQ(registry_.Count("DELETE upload 405"), 1);
}

}  // namespace
}  // namespace gantry
