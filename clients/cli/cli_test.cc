// What the command line does without a daemon: values, exit codes, errors.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/status.h"
#include "clients/cli/exit_code.h"
#include "clients/cli/key_values.h"
#include "clients/cli/output.h"
#include "clients/cli/session.h"
#include "clients/cli/usage_error.h"

namespace gantry::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(KeyValues, TakesBothFormsAndRefusesTheRest) {
  const ReadInput input = [] { return std::string(); };
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
  const ReadInput input = [] {
    std::istringstream typed("from standard input\r\n");
    return ReadValue(typed, "standard input");
  };
  EXPECT_EQ(*ResolveValue("@" + path, input), "from a file");
  EXPECT_EQ(*ResolveValue("-", input), "from standard input");
  EXPECT_EQ(*ResolveValue("env:GANTRY_TEST_SECRET", input), "from the environment");
  EXPECT_EQ(*ResolveValue("@@literal", input), "@literal");
  EXPECT_EQ(*ResolveValue("plain", input), "plain");
  EXPECT_THAT(std::string(MessageOf(ResolveValue("@/no/such/file", input).status())),
              HasSubstr("/no/such/file"));
  EXPECT_FALSE(ResolveValue("env:GANTRY_NO_SUCH_VARIABLE", input).ok());
}

TEST(KeyValues, RefusesWhatCannotBeASecret) {
  const ReadInput input = [] { return std::string(); };
  EXPECT_FALSE(ResolveValue("@" + testing::TempDir(), input).ok()) << "a directory";
  EXPECT_FALSE(ResolveValue("@/dev/zero", input).ok()) << "has no end";
  std::istringstream binary("\xff\xfe");
  EXPECT_FALSE(ReadValue(binary, "it").ok());
}

TEST(KeyValues, KnowsValuesThatStandInTheArguments) {
  EXPECT_THAT(
      LiteralFields({"--a=secret", "--b", "secret", "--c=@f", "--d=-", "--e=env:X", "--f="}),
      testing::ElementsAre("a", "b"));
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
  EXPECT_EQ(ExitCodeOf(ResourceExhausted(reason::kOverloaded, "x")), kQuota);
  EXPECT_EQ(ExitCodeOf(ResourceExhausted(reason::kUpstreamQuota, "x")), kQuota);
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
  EXPECT_EQ(Table({{"A", "B"}, {"long", ""}}), "A     B\nlong\n");
  EXPECT_EQ(HumanBytes(999), "999 B");
  EXPECT_EQ(HumanBytes(12'345'678), "12.3 MB");
  EXPECT_EQ(HumanBytes(999'999), "1.0 MB");
}

TEST(Output, AStrangersTextDoesNotSteerTheTerminal) {
  EXPECT_EQ(Printable("a\033[2Jb\x7F\xC2\x9B"
                      "1m g\xC3\xBC\n"),
            "a?[2Jb??1m g\xC3\xBC\n");
  EXPECT_THAT(DescribeError(NotFound(reason::kImageNotFound, "\033]0;owned\a"), Format::kHuman),
              Not(HasSubstr("\033")));
  EXPECT_THAT(Table({{"\033[31m", "x"}}), Not(HasSubstr("\033")));
}

TEST(Output, JsonHasEveryField) {
  EXPECT_THAT(ToJson(v1::ListRegistriesResponse()), HasSubstr("\"registries\": []"));
}

// How `gantry` fails with these arguments.
absl::Status Misuse(std::vector<std::string> arguments) {
  Session session;
  CLI::App app("", "gantry");
  AddGlobalOptions(app, session);
  app.require_subcommand(1);
  AddPushCommand(app, session);
  AddRegistryCommands(app, session);
  std::reverse(arguments.begin(), arguments.end());
  try {
    app.parse(arguments);
  } catch (const CLI::ParseError& e) {
    return UsageError(app, e);
  }
  return absl::OkStatus();
}

TEST(UsageErrors, SayWhatToType) {
  const auto remedy = [](std::vector<std::string> arguments) {
    return DetailOf(Misuse(std::move(arguments))).remedy;
  };
  EXPECT_EQ(remedy({"pusk", "oci:x"}), "did you mean 'push'? see 'gantry --help'");
  EXPECT_EQ(remedy({"push", "oci:x", "--pipline=p"}),
            "did you mean '--pipeline'? see 'gantry push --help'");
  EXPECT_EQ(remedy({"container-registry", "regster", "x"}),
            "did you mean 'register'? see 'gantry container-registry --help'");
  EXPECT_EQ(remedy({"push"}), "see 'gantry push --help'");
  EXPECT_EQ(MessageOf(Misuse({})), "'gantry' needs a command");
  EXPECT_EQ(MessageOf(Misuse({"push"})), "SOURCE is required");
  EXPECT_THAT(std::string(MessageOf(Misuse({"push", "oci:x", "-o", "xml"}))),
              HasSubstr("'xml' is not one of human, json"));
  EXPECT_TRUE(Misuse({"push", "oci:x", "-o", "json", "--version", "1"}).ok());
}

TEST(UsageErrors, KnowWhenJsonIsAskedFor) {
  const auto ask = [](std::vector<const char*> argv) {
    return AskForJson(static_cast<int>(argv.size()), argv.data());
  };
  EXPECT_TRUE(ask({"gantry", "push", "-o", "json"}));
  EXPECT_TRUE(ask({"gantry", "--output=json", "nonsense"}));
  EXPECT_FALSE(ask({"gantry", "push", "-o", "human"}));
  EXPECT_FALSE(ask({"gantry", "push", "json", "-o"}));
}

}  // namespace
}  // namespace gantry::cli
