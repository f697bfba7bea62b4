// What the command line does without a daemon: values, exit codes, errors, progress.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/status.h"
#include "clients/cli/exit_code.h"
#include "clients/cli/key_values.h"
#include "clients/cli/output.h"
#include "clients/cli/progress.h"

namespace gantry::cli {
namespace {

using testing::HasSubstr;
using testing::Not;
using v1::BlobProgress;

TEST(KeyValues, TakesBothFormsAndRefusesTheRest) {
  std::istringstream input;
  const auto values = ParseKeyValues({"--a=1", "--b", "two words", "--c=x=y", "--d="}, input);
  ASSERT_TRUE(values.ok()) << values.status();
  EXPECT_EQ(values->at("a"), "1");
  EXPECT_EQ(values->at("b"), "two words");
  EXPECT_EQ(values->at("c"), "x=y");
  EXPECT_EQ(values->at("d"), "");
  EXPECT_FALSE(ParseKeyValues({"stray"}, input).ok());
  EXPECT_FALSE(ParseKeyValues({"--key"}, input).ok());
  EXPECT_FALSE(ParseKeyValues({"--key", "--other=1"}, input).ok());
  EXPECT_FALSE(ParseKeyValues({"--a=1", "--a=2"}, input).ok());
}

TEST(KeyValues, SecretsComeFromFilesInputAndEnvironment) {
  const std::string path = testing::TempDir() + "/gantry-secret";
  std::ofstream(path) << "from a file\n";
  setenv("GANTRY_TEST_SECRET", "from the environment", 1);
  std::istringstream input("from standard input\r\n");
  EXPECT_EQ(*ResolveValue("@" + path, input), "from a file");
  EXPECT_EQ(*ResolveValue("-", input), "from standard input");
  EXPECT_EQ(*ResolveValue("env:GANTRY_TEST_SECRET", input), "from the environment");
  EXPECT_EQ(*ResolveValue("@@literal", input), "@literal");
  EXPECT_EQ(*ResolveValue("plain", input), "plain");
  EXPECT_THAT(std::string(MessageOf(ResolveValue("@/no/such/file", input).status())),
              HasSubstr("/no/such/file"));
  EXPECT_FALSE(ResolveValue("env:GANTRY_NO_SUCH_VARIABLE", input).ok());
}

TEST(KeyValues, Durations) {
  EXPECT_EQ(*ParseSeconds("90"), 90);
  EXPECT_EQ(*ParseSeconds("15m"), 900);
  EXPECT_EQ(*ParseSeconds("6h"), 21600);
  for (const char* bad : {"", "0", "m", "1d", "-5s", "5 s"})
    EXPECT_FALSE(ParseSeconds(bad).ok()) << bad;
}

TEST(ExitCodes, SayWhatKindOfFailure) {
  EXPECT_EQ(ExitCodeOf(absl::OkStatus()), kOk);
  EXPECT_EQ(ExitCodeOf(FailedPrecondition(reason::kUpstreamAuthRejected, "x")), kAuth);
  EXPECT_EQ(ExitCodeOf(NotFound(reason::kImageNotFound, "x")), kNotFound);
  EXPECT_EQ(ExitCodeOf(PermissionDenied(reason::kUpstreamDenied, "x")), kDenied);
  EXPECT_EQ(ExitCodeOf(Unavailable(reason::kUpstreamUnavailable, "x")), kUnavailable);
  EXPECT_EQ(ExitCodeOf(Unavailable(reason::kUpstreamThrottled, "x")), kThrottled);
  EXPECT_EQ(ExitCodeOf(DataLoss(reason::kIntegrity, "x")), kIntegrity);
  EXPECT_EQ(ExitCodeOf(InvalidArgument(reason::kDigestMismatch, "x")), kSource);
  EXPECT_EQ(ExitCodeOf(InvalidArgument(reason::kInvalidConfig, "x")), kUsage);
  EXPECT_EQ(ExitCodeOf(AlreadyExists(reason::kRegistryExists, "x")), kConflict);
  EXPECT_EQ(ExitCodeOf(Cancelled(reason::kCancelled, "x")), kCancelled);
}

TEST(Output, ErrorsForPeopleAndForPrograms) {
  const absl::Status s = NotFound(reason::kImageNotFound, "no \"x\"").Remedy("push it");
  EXPECT_EQ(DescribeError(s, Format::kHuman),
            "error: no \"x\"\n  reason: IMAGE_NOT_FOUND\n  what to do: push it\n");
  EXPECT_EQ(DescribeError(s, Format::kJson),
            "{\"code\":\"NOT_FOUND\",\"reason\":\"IMAGE_NOT_FOUND\",\"message\":\"no \\\"x\\\"\","
            "\"remedy\":\"push it\"}\n");
}

TEST(Output, TablesAlignByCharactersNotBytes) {
  EXPECT_EQ(Table({{"A", "B"}, {"g\xC3\xBC", "x"}, {"long", "y"}}),
            "A     B\ng\xC3\xBC    x\nlong  y\n");
  EXPECT_EQ(HumanBytes(999), "999 B");
  EXPECT_EQ(HumanBytes(12'345'678), "12.3 MB");
  EXPECT_EQ(HumanBytes(999'999), "1.0 MB");
}

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
  Progress progress(Progress::Style::kLines, 80);
  EXPECT_EQ(progress.Update(One("aaa", BlobProgress::STATE_SENDING, 5, 10), {}), "");
  const std::string line = progress.Update(One("aaa", BlobProgress::STATE_SENT, 10, 10), {});
  EXPECT_THAT(line, HasSubstr("aaa"));
  EXPECT_THAT(line, HasSubstr("sent"));
  EXPECT_THAT(line, Not(HasSubstr("\033")));
  EXPECT_EQ(progress.Update(One("aaa", BlobProgress::STATE_SENT, 10, 10), {}), "");
}

TEST(Progress, OnATerminalBarsAreDrawnOverTheLastOnes) {
  Progress progress(Progress::Style::kBars, 80);
  const std::string first = progress.Update(One("aaa", BlobProgress::STATE_SENDING, 5, 10), {});
  EXPECT_THAT(first, HasSubstr("[==========          ]"));
  EXPECT_THAT(first, Not(HasSubstr("\033[2A")));
  const std::string second = progress.Update(One("aaa", BlobProgress::STATE_SENT, 10, 10), {});
  EXPECT_THAT(second, HasSubstr("\033[2A")) << "a bar and the summary are gone back over";
  EXPECT_THAT(progress.Finish(), HasSubstr("1 of 1 blobs: 1 uploaded (10 B)"));
}

TEST(Progress, NeverWiderThanTheTerminal) {
  Progress progress(Progress::Style::kBars, 30);
  const std::string text =
      progress.Update(One(std::string(64, 'a'), BlobProgress::STATE_SENDING, 5, 10), {});
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_LT(line.size(), 30U) << line;
}

}  // namespace
}  // namespace gantry::cli
