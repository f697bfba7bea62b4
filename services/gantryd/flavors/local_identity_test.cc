#include "gantryd/flavors/local_identity.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

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

}  // namespace
}  // namespace gantry
