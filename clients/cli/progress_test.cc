// A push as it is shown, rendering by rendering.
#include "clients/cli/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

namespace gantry::cli {
namespace {

using testing::HasSubstr;
using testing::Not;
using v1::BlobProgress;

v1::PushProgress One(const std::string& blob, BlobProgress::State state, int64_t sent,
                     int64_t size) {
  v1::PushProgress progress;
  BlobProgress& b = *progress.add_blobs();
  b.set_blob("sha256:" + blob);
  b.set_state(state);
  b.set_sent_bytes(sent);
  b.set_size_bytes(size);
  return progress;
}

TEST(Progress, PipedItIsOneLinePerFinishedBlob) {
  Progress progress(Progress::Style::kLines);
  EXPECT_EQ(progress.Update(One("aaa", BlobProgress::STATE_SENDING, 5, 10), {}), "");
  const std::string line = progress.Update(One("aaa", BlobProgress::STATE_SENT, 10, 10), {});
  EXPECT_THAT(line, HasSubstr("aaa"));
  EXPECT_THAT(line, HasSubstr("sent"));
  EXPECT_THAT(line, Not(HasSubstr("\033")));
  EXPECT_EQ(progress.Update(One("aaa", BlobProgress::STATE_SENT, 10, 10), {}), "");
}

TEST(Progress, OnATerminalBarsAreDrawnOverTheLastOnes) {
  Progress progress(Progress::Style::kBars);
  const std::string first = progress.Update(One("aaa", BlobProgress::STATE_SENDING, 5, 10), {});
  EXPECT_THAT(first, HasSubstr("[==========          ]"));
  EXPECT_THAT(first, Not(HasSubstr("\033[2A")));
  const std::string second = progress.Update(One("aaa", BlobProgress::STATE_SENT, 10, 10), {});
  EXPECT_THAT(second, HasSubstr("\033[2A")) << "a bar and the summary are gone back over";
  EXPECT_THAT(progress.Finish(), HasSubstr("1 of 1 blobs: 1 uploaded (10 B)"));
}

// What stands on a terminal of that width two seconds after half a layer was sent at once.
std::string DrawnIn(int columns) {
  const v1::PushProgress half =
      One("0123456789abcdef", BlobProgress::STATE_SENDING, 123'400'000, 246'800'000);
  Progress progress(Progress::Style::kBars);
  progress.set_columns(columns);
  (void)progress.Update(half, {});
  const std::string drawn =
      progress.Update(half, std::chrono::steady_clock::time_point(std::chrono::seconds(2)));
  return drawn.substr(drawn.find('J') + 1);
}

TEST(Progress, FitsEveryTerminal) {
  for (const int columns : {21, 30, 40, 70, 71, 80, 200}) {
    std::istringstream lines(DrawnIn(columns));
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LT(line.size(), static_cast<size_t>(columns)) << line;
    }
  }
  EXPECT_EQ(DrawnIn(40),
            "0123456789ab [=========          ]  50%\n"
            "0 of 1 blobs, 0 B uploaded\n");
  EXPECT_EQ(DrawnIn(80),
            "layer  0123456789ab  [==========          ]  123.4 MB of 246.8 MB  61.7 MB/s\n"
            "0 of 1 blobs: 0 uploaded (0 B), 0 mounted, 0 already there\n");
}

TEST(Progress, ShowsNoMoreBarsThanFit) {
  Progress progress(Progress::Style::kBars);
  std::string drawn;
  for (int i = 0; i < 60; ++i) {
    drawn = progress.Update(One(std::to_string(i), BlobProgress::STATE_SENDING, 1, 2), {});
  }
  EXPECT_EQ(std::count(drawn.begin(), drawn.end(), '\n'), 9);
}

}  // namespace
}  // namespace gantry::cli
