#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <concepts>
#include <latch>
#include <limits>
#include <ostream>
#include <stdexcept>
#include <type_traits>

#include "base/bytes.h"
#include "base/call_context.h"
#include "base/characters.h"
#include "base/executor.h"
#include "base/guard.h"
#include "base/nearest.h"
#include "base/secret.h"
#include "base/status.h"
#include "base/strings.h"
#include "base/unique_fd.h"
#include "base/uuid.h"

namespace gantry {
namespace {

using std::chrono::seconds;

TEST(Status, CarriesReasonRemedyAndData) {
  const absl::Status s = NotFound(reason::kImageNotFound, "image {} is missing", "a:b")
                             .With("image", "a:b")
                             .With("odd", "3:x\n")
                             .Remedy("push {} first", "it")
                             .RetryAfter(seconds(2));
  EXPECT_EQ(s.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(MessageOf(s), "image a:b is missing");
  const ErrorDetail d = DetailOf(s);
  EXPECT_EQ(d.reason, "IMAGE_NOT_FOUND");
  EXPECT_EQ(d.remedy, "push it first");
  EXPECT_EQ(d.retry_after, seconds(2));
  EXPECT_EQ(d.metadata.at("odd"), "3:x\n");
}

TEST(Status, AnnotateKeepsCodeAndDetail) {
  const absl::Status s = Annotate(
      Unavailable(reason::kUpstreamThrottled, "slow down").RetryAfter(seconds(1)), "layer 3");
  EXPECT_EQ(s.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(MessageOf(s), "layer 3: slow down");
  EXPECT_EQ(DetailOf(s).retry_after, seconds(1));
}

TEST(Strings, ScrubsBadUtf8AndKeepsGood) {
  EXPECT_EQ(ScrubUtf8("g\xC3\xBCnstig"), "g\xC3\xBCnstig");
  EXPECT_EQ(ScrubUtf8("a\xFF\x62"), "a\xEF\xBF\xBD\x62");
  EXPECT_EQ(ScrubUtf8("\xC0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD");          // overlong
  EXPECT_EQ(ScrubUtf8("\xED\xA0\x80").find("\xED"), std::string::npos);  // surrogate
  EXPECT_EQ(ScrubUtf8("\xE2\x82"), "\xEF\xBF\xBD\xEF\xBF\xBD");          // cut short
}

TEST(Strings, ExcerptNeverCutsACharacter) {
  EXPECT_EQ(Excerpt("line\none", 100), "line one");
  EXPECT_EQ(Excerpt("\xC3\xBC\xC3\xBC", 3), "\xC3\xBC...");
}

TEST(Nearest, FindsWhatWasMistyped) {
  const std::vector<std::string> known = {"push", "image", "dockerhub", "dockerhub_registry"};
  EXPECT_EQ(NearestOf("pusk", known), "push");
  EXPECT_EQ(NearestOf("dockrhub", known), "dockerhub");
  EXPECT_EQ(NearestOf("imaeg", known), "image") << "neighbours swapped";
  EXPECT_EQ(NearestOf("completely-else", known), "");
  EXPECT_EQ(NearestOf("", known), "");
  EXPECT_EQ(NearestOf(std::string(1'000'000, 'x'), known), "");
  EXPECT_EQ(DidYouMean("pusk", known), "did you mean 'push'? ");
  EXPECT_EQ(DidYouMean("xyz", known), "");
}

TEST(Strings, Base64TakesBothAlphabetsAndNoPadding) {
  std::string out;
  ASSERT_TRUE(Base64Decode("dXNlcjpwYXNz", &out));
  EXPECT_EQ(out, "user:pass");
  ASSERT_TRUE(Base64Decode("_-8", &out));
  EXPECT_EQ(out, "\xFF\xEF");
  EXPECT_FALSE(Base64Decode("a*b", &out));
}

TEST(Strings, SplitAndTrim) {
  EXPECT_THAT(Split("a,,b", ','), testing::ElementsAre("a", "", "b"));
  EXPECT_EQ(Trim(" \t x\r\n"), "x");
  EXPECT_EQ(UrlEncode("a/b c"), "a%2Fb%20c");
}

TEST(Characters, ClassesHaveTheirMembersAndNoOther) {
  const auto members = [](bool (*is_member)(char)) {
    std::string all;
    for (int c = 0; c < 256; ++c) {
      if (is_member(static_cast<char>(c))) all += static_cast<char>(c);
    }
    return all;
  };
  const std::string digits = "0123456789", lower = "abcdefghijklmnopqrstuvwxyz";
  const std::string upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  EXPECT_EQ(members(IsDigit), digits);
  EXPECT_EQ(members(IsLowerAlnum), digits + lower);
  EXPECT_EQ(members(IsAlnum), digits + upper + lower);
  EXPECT_EQ(members(IsTokenChar), "!#$%&'*+-." + digits + upper + "^_`" + lower + "|~");
}

TEST(UniqueFd, ClosesOnceWhatItOwns) {
  const auto is_open = [](int fd) { return fcntl(fd, F_GETFD) != -1; };
  UniqueFd one(open("/dev/null", O_RDONLY | O_CLOEXEC));
  const int fd = one.get();
  ASSERT_TRUE(is_open(fd));
  {
    const UniqueFd two(std::move(one));
    EXPECT_EQ(two.get(), fd);
    EXPECT_EQ(one.get(), -1);
  }
  EXPECT_FALSE(is_open(fd));
  UniqueFd three(open("/dev/null", O_RDONLY | O_CLOEXEC));
  const int other = three.get();
  three.Close();
  EXPECT_EQ(three.get(), -1);
  EXPECT_FALSE(is_open(other));
}

TEST(Clock, TimesThatOthersWriteCanBeReckonedWith) {
  const WallTime now = WallTimeOf(1'795'521'600);
  EXPECT_EQ(now, WallTime(std::chrono::seconds(1'795'521'600)));
  for (const int64_t never : {int64_t{253'402'300'799}, std::numeric_limits<int64_t>::max()}) {
    EXPECT_GT(WallTimeOf(never) - now, std::chrono::years(100)) << "the year 9999, and the last";
  }
  for (const int64_t long_ago : {int64_t{-62'135'596'800}, std::numeric_limits<int64_t>::min()}) {
    EXPECT_GT(now - WallTimeOf(long_ago), std::chrono::years(50)) << "the year 1, and the first";
  }
  EXPECT_GT(WallTimeOf(std::numeric_limits<int64_t>::max()) -
                WallTimeOf(std::numeric_limits<int64_t>::min()),
            std::chrono::years(200));
}

TEST(CallContext, DeadlineIsMeasuredOnTheClockGiven) {
  const ManualClock clock;
  const CallContext call(clock, seconds(10), "r");
  EXPECT_TRUE(call.Sleep(seconds(9)).ok());
  EXPECT_EQ(call.Sleep(seconds(2)).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(ReasonOf(call.Sleep(seconds(2))), reason::kDeadlineExceeded);
  EXPECT_EQ(clock.slept(), seconds(9)) << "a wait that cannot help is not begun";
}

TEST(CallContext, CancelEndsAWait) {
  const SystemClock clock;
  CallContext call(clock, seconds(600), "r");
  std::thread other([&] { call.RequestStop(); });
  EXPECT_EQ(call.Sleep(seconds(500)).code(), absl::StatusCode::kCancelled);
  other.join();
}

TEST(Executor, RefusesWhenTheQueueIsFullAndRunsTheRest) {
  std::latch release(1);
  std::latch started(1);
  std::atomic<int> ran = 0;
  {
    Executor executor("test", 1, 2);
    ASSERT_TRUE(executor.TryPost([&] {
      started.count_down();
      release.wait();
      ++ran;
    }));
    started.wait();
    EXPECT_TRUE(executor.TryPost([&] { ++ran; }));
    EXPECT_TRUE(executor.TryPost([&] { ++ran; }));
    EXPECT_FALSE(executor.TryPost([&] { ++ran; }));
    release.count_down();
  }
  EXPECT_EQ(ran, 3);
}

TEST(Executor, AWithdrawnJobNeitherRunsNorKeepsItsPlace) {
  std::latch started(1), go(1);
  int ran = 0;
  {
    Executor executor("test", 1, 1);
    Executor::Ticket first = 0, second = 0;
    ASSERT_TRUE(executor.TryPost(
        [&] {
          started.count_down();
          go.wait();
        },
        &first));
    started.wait();
    EXPECT_FALSE(executor.Withdraw(first)) << "it has begun";
    ASSERT_TRUE(executor.TryPost([&] { ran += 100; }, &second));
    EXPECT_TRUE(executor.Withdraw(second));
    EXPECT_FALSE(executor.Withdraw(second));
    EXPECT_TRUE(executor.TryPost([&] { ++ran; })) << "its place is free";
    go.count_down();
  }
  EXPECT_EQ(ran, 1);
}

TEST(Guard, GivesBackWhatTheWorkDoesAndErrorsOfWhatItThrows) {
  EXPECT_EQ(*Guard([]() -> absl::StatusOr<int> { return 7; }), 7);
  const absl::Status refused = NotFound(reason::kImageNotFound, "x");
  EXPECT_EQ(Guard([&] { return refused; }), refused);
  const absl::Status thrown =
      Guard([]() -> absl::Status { throw std::runtime_error("password hunter2"); });
  EXPECT_EQ(thrown.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(ReasonOf(thrown), reason::kInternal);
  EXPECT_THAT(std::string(MessageOf(thrown)), testing::HasSubstr("std::runtime_error"));
  EXPECT_THAT(std::string(MessageOf(thrown)), testing::Not(testing::HasSubstr("hunter2")));
  EXPECT_NE(DetailOf(thrown).remedy, "");
  EXPECT_EQ(Guard([]() -> absl::StatusOr<int> { throw 7; }).status().code(),
            absl::StatusCode::kInternal);
}

template <class T>
concept Streamable = requires(std::ostream& out, const T& value) {
  out << value;
};

TEST(Secret, CannotBePrintedOrCompared) {
  static_assert(Streamable<std::string> && !Streamable<Secret>);
  static_assert(!std::equality_comparable<Secret>);
  static_assert(!std::equality_comparable_with<Secret, std::string_view>);
  static_assert(!std::totally_ordered<Secret>);
  static_assert(!std::is_convertible_v<Secret, std::string>);
  static_assert(!std::is_convertible_v<Secret, std::string_view>);
  static_assert(!fmt::is_formattable<Secret>::value);
  Secret a("hunter2");
  Secret b = std::move(a);
  EXPECT_TRUE(a.empty());  // NOLINT(bugprone-use-after-move): that is the claim
  EXPECT_EQ(b.Reveal(), "hunter2");
}

TEST(Bytes, ReadAllIsBounded) {
  StringReader small("12345");
  EXPECT_EQ(*ReadAll(small, 5), "12345");
  StringReader big("123456");
  EXPECT_EQ(ReasonOf(ReadAll(big, 5).status()), reason::kSourceInvalid);
}

TEST(Uuid, IsVersion4) {
  const std::string id = NewUuid();
  EXPECT_THAT(id, testing::MatchesRegex(
                      "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
  EXPECT_NE(id, NewUuid());
}

}  // namespace
}  // namespace gantry
