#include "clients/cli/docker_login_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/status.h"

namespace gantry::cli {
namespace {

namespace fs = std::filesystem;

class DockerLoginFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = fs::temp_directory_path() / "docker.XXXXXX";
    folder_ = mkdtemp(pattern.data());
    file_ = folder_ + "/deep/config.json";
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string folder_, file_;
};

TEST_F(DockerLoginFileTest, WhatIsNotTouchedStays) {
  EXPECT_EQ(*ReadLoginFile(file_), nlohmann::json::object());
  nlohmann::json content = {{"auths", {{"a", {{"auth", "eA=="}}}}}, {"HttpHeaders", {{"X", "y"}}}};
  ASSERT_TRUE(WriteLoginFile(file_, content).ok());
  EXPECT_EQ(*ReadLoginFile(file_), content);
  struct stat info {};
  ASSERT_EQ(stat(file_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ + "/deep"), {}), 1) << "no leftovers";
}

TEST_F(DockerLoginFileTest, ALinkStaysALink) {
  ASSERT_TRUE(WriteLoginFile(file_, {{"auths", nlohmann::json::object()}}).ok());
  const std::string link = folder_ + "/link.json";
  fs::create_symlink(file_, link);
  ASSERT_TRUE(WriteLoginFile(link, {{"credsStore", "x"}}).ok());
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_EQ((*ReadLoginFile(file_))["credsStore"], "x");
}

TEST_F(DockerLoginFileTest, ABrokenFileIsLeftAlone) {
  fs::create_directories(folder_ + "/deep");
  std::ofstream(file_) << "{\"auths\": ";
  const auto read = ReadLoginFile(file_);
  EXPECT_EQ(ReasonOf(read.status()), reason::kCredentialHelper);
  EXPECT_FALSE(DetailOf(read.status()).remedy.empty());
}

TEST_F(DockerLoginFileTest, AFolderThatCannotBeMadeIsSaid) {
  std::ofstream(folder_ + "/file") << "x";
  const absl::Status status = WriteLoginFile(folder_ + "/file/config.json", {});
  EXPECT_EQ(ReasonOf(status), reason::kCredentialHelper);
  EXPECT_FALSE(DetailOf(status).remedy.empty());
}

}  // namespace
}  // namespace gantry::cli
