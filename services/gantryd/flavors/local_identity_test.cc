#include "gantryd/flavors/local_identity.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/status.h"

namespace gantry {
namespace {

class LocalIdentityTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = std::filesystem::temp_directory_path() / "local.XXXXXX";
    directory_ = mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  std::string File(const std::string& name, const std::string& content) {
    const std::string path = directory_ + "/" + name;
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }

  std::string directory_;
  const LocalIdentity local_{Environment{{{"AWS_REGION", "eu-west-1"}, {"EMPTY", ""}}}};
};

TEST_F(LocalIdentityTest, ReadsWhatTheEnvironmentHas) {
  EXPECT_EQ(local_.ReadEnvironment("AWS_REGION")->Reveal(), "eu-west-1");
  EXPECT_EQ(local_.ReadEnvironment("EMPTY").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReasonOf(local_.ReadEnvironment("NONE").status()), reason::kLocalNotFound);
}

TEST_F(LocalIdentityTest, ReadsAFileAnewEachTime) {
  const std::string path = File("token", "first");
  EXPECT_EQ(local_.ReadFile(path)->Reveal(), "first");
  File("token", "second, rotated");
  EXPECT_EQ(local_.ReadFile(path)->Reveal(), "second, rotated");
}

TEST_F(LocalIdentityTest, RefusesWhatIsNoFileOfSensibleSize) {
  EXPECT_EQ(local_.ReadFile(directory_ + "/none").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(local_.ReadFile(directory_).status().code(), absl::StatusCode::kFailedPrecondition);
  const std::string fifo = directory_ + "/fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_EQ(local_.ReadFile(fifo).status().code(), absl::StatusCode::kFailedPrecondition);
  const std::string limit(LocalIdentity::kMaxFileBytes, 'x');
  EXPECT_EQ(local_.ReadFile(File("limit", limit))->Reveal().size(), limit.size());
  const auto big = local_.ReadFile(File("big", limit + "x"));
  EXPECT_EQ(ReasonOf(big.status()), reason::kConnectorUnusable);
  EXPECT_FALSE(DetailOf(big.status()).remedy.empty());
}

TEST_F(LocalIdentityTest, KeepsTheDaemonsOwnStateToItself) {
  const std::string state = directory_ + "/state";
  std::filesystem::create_directories(state + "/dev-registry");
  std::filesystem::create_directory(directory_ + "/other");
  std::filesystem::create_directory(directory_ + "/state2");
  File("state/sealing.key", "key");
  File("state/dev-registry/x", "x");
  std::filesystem::create_symlink(state + "/sealing.key", directory_ + "/link");
  std::filesystem::create_symlink(state, directory_ + "/linked");
  std::filesystem::create_hard_link(state + "/sealing.key", directory_ + "/hard");
  const int open_key = open((state + "/sealing.key").c_str(), O_RDONLY | O_CLOEXEC);
  // By whatever name the daemon itself was told of it.
  for (const std::string& named :
       {state, directory_ + "/linked/", directory_ + "/other/../state"}) {
    const LocalIdentity local(Environment{}, named);
    for (const std::string& path :
         {state + "/sealing.key", state + "/dev-registry/x",
          directory_ + "/other/../state/sealing.key", directory_ + "/link",
          directory_ + "/linked/sealing.key", directory_ + "/hard",
          "/proc/self/fd/" + std::to_string(open_key),
          "/proc/self/root" + state + "/sealing.key"}) {
      const auto read = local.ReadFile(path);
      EXPECT_EQ(ReasonOf(read.status()), reason::kConnectorUnusable) << path;
      EXPECT_EQ(read.status().code(), absl::StatusCode::kFailedPrecondition) << path;
    }
    EXPECT_EQ(local.ReadFile(File("state2/token", "beside it"))->Reveal(), "beside it");
    EXPECT_EQ(local.ReadFile(File("token", "above it"))->Reveal(), "above it");
  }
  close(open_key);
}

TEST_F(LocalIdentityTest, AStateDirectoryThatIsNotThereKeepsNothing) {
  const LocalIdentity local(Environment{}, directory_ + "/none");
  EXPECT_EQ(local.ReadFile(File("token", "t"))->Reveal(), "t");
}

TEST_F(LocalIdentityTest, RefusesWhatTheKernelMakesUp) {
  std::filesystem::create_symlink("/proc/self/environ", directory_ + "/environ");
  for (const std::string& path :
       {std::string("/proc/self/environ"), std::string("/proc/self/maps"),
        std::string("/sys/kernel/mm/transparent_hugepage/enabled"), directory_ + "/environ"}) {
    if (!std::filesystem::exists(path)) continue;  // a sandbox may lack it
    EXPECT_EQ(ReasonOf(local_.ReadFile(path).status()), reason::kConnectorUnusable) << path;
  }
}

}  // namespace
}  // namespace gantry
