// What TAB offers where no daemon answers.
#include "clients/cli/completion_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "clients/cli/session.h"

namespace gantry::cli {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Completion : public testing::Test {
 protected:
  Completion() : app_("", "gantry") {
    AddGlobalOptions(app_, session_);
    AddPushCommand(app_, session_);
    AddRegistryCommands(app_, session_);
    AddCompletionCommand(app_, session_);
  }
  // No daemon listens there.
  std::vector<std::string> After(const std::vector<std::string>& words) {
    return CompletionWords(app_, words, "unix:/nonexistent");
  }
  Session session_;
  CLI::App app_;
};

TEST_F(Completion, OfCommandsOptionsAndTheirWords) {
  EXPECT_THAT(After({""}), ElementsAre("completion", "container-registry", "push"));
  EXPECT_THAT(After({"pu"}), ElementsAre("push"));
  EXPECT_THAT(After({"completion", ""}), ElementsAre("bash", "zsh"));
  EXPECT_THAT(After({"container-registry", "d"}), ElementsAre("delete", "describe", "disconnect"));
  EXPECT_THAT(After({"push", "--pi"}), ElementsAre("--pipeline"));
  EXPECT_THAT(After({"push", "--progress", ""}), ElementsAre("auto", "json", "none", "plain"));
  EXPECT_THAT(After({"-o", "j"}), ElementsAre("json"));
  EXPECT_THAT(After({"push", "--output=h"}), ElementsAre("--output=human"));
  EXPECT_THAT(After({"push", "--pipeline", ""}), IsEmpty()) << "any text";
  EXPECT_THAT(After({"push", "--registry", ""}), IsEmpty()) << "no daemon, no names";
  EXPECT_THAT(After({"push", "--registry=x", "do"}),
              ElementsAre("docker-archive:", "docker-daemon:", "docker://"));
  EXPECT_THAT(After({"push", "oci:x", "o"}), IsEmpty()) << "SOURCE is given already";
}

TEST_F(Completion, OfPaths) {
  const std::string root = testing::TempDir() + "/gantry-completion";
  std::filesystem::remove_all(root);
  std::filesystem::create_directories(root + "/layout");
  std::ofstream(root + "/app.tar") << "x";
  std::ofstream(root + "/.hidden") << "x";
  EXPECT_THAT(After({"push", "oci:" + root + "/"}),
              ElementsAre("oci:" + root + "/app.tar", "oci:" + root + "/layout/"));
  EXPECT_THAT(After({"container-registry", "register", "--ca-file", root + "/a"}),
              ElementsAre(root + "/app.tar"));
  EXPECT_THAT(After({"container-registry", "register", "--token=@" + root + "/.h"}),
              ElementsAre("--token=@" + root + "/.hidden"));
}

}  // namespace
}  // namespace gantry::cli
