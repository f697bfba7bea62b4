#include "oci/directory_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include "oci/source_test_world.h"

namespace gantry {
namespace {

namespace fs = std::filesystem;
using absl::StatusCode;
using ::testing::HasSubstr;

struct DirectoryFilesTest : SourceTest {
  DirectoryFilesTest() {
    fs::permissions(dir, fs::perms::all);
    fs::create_directories(dir / "image/sub");
    std::ofstream(dir / "image/sub/a") << "0123456789";
    std::ofstream(dir / "secret") << "secret";
  }
  void ExpectRefused(const std::string& name, StatusCode code, std::string_view reason,
                   const std::string& message, const std::string& remedy) {
    const auto files = OpenDirectory(root);
    for (const absl::Status& status :
         {files->Find(call, name).status(), files->Open(call, name, 0).status()}) {
      ExpectFails(status, code, reason, message);
      EXPECT_THAT(DetailOf(status).remedy, HasSubstr(remedy));
    }
  }

  std::string root = dir / "image";
};

TEST_F(DirectoryFilesTest, ReadsItsFilesAtAnyOffset) {
  const auto files = OpenDirectory(root);
  const auto info = files->Find(call, "sub/a");
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ((*info)->size, 10);
  EXPECT_EQ(*ReadAll(**files->Open(call, "sub/a", 7), 100), "789");
  EXPECT_FALSE((*files->Find(call, "none")).has_value());
  EXPECT_FALSE((*files->Find(call, "sub/a/b")).has_value());
  EXPECT_EQ(ReasonOf(files->Open(call, "none", 0).status()), reason::kSourceInvalid);
  EXPECT_NE(DetailOf(files->Open(call, "none", 0).status()).remedy, "");
}

TEST_F(DirectoryFilesTest, NothingLeadsOutOfIt) {
  fs::create_symlink("../secret", dir / "image/out");
  fs::create_symlink("sub/a", dir / "image/in");
  fs::create_symlink("loop", dir / "image/loop");
  fs::create_directory_symlink("..", dir / "image/up");
  for (const std::string& name : {std::string("out"), std::string("in"), std::string("loop"),
                                  std::string("up/secret"), std::string("../secret"),
                                  (dir / "secret").string(), std::string("/proc/self/fd/0")}) {
    ExpectRefused(name, StatusCode::kInvalidArgument, reason::kSourceInvalid, "leads out of it",
                "without links");
  }
}

TEST_F(DirectoryFilesTest, WhatIsNoFileIsRefused) {
  ASSERT_EQ(mkfifo((dir / "image/pipe").c_str(), 0600), 0);
  for (const char* name : {"pipe", "sub"}) {
    ExpectRefused(name, StatusCode::kInvalidArgument, reason::kSourceInvalid, "not a plain file",
                "plain files");
  }
}

TEST_F(DirectoryFilesTest, TheDirectoryMustBeOne) {
  root = dir / "secret";
  ExpectRefused("a", StatusCode::kFailedPrecondition, reason::kSourceUnreadable, "not a directory",
              "oci-archive:" + root);
  root = dir / "none";
  ExpectRefused("a", StatusCode::kNotFound, reason::kSourceNotFound, "no directory", "path");
  root = dir / "loop";
  fs::create_symlink("loop", root);
  ExpectRefused("a", StatusCode::kFailedPrecondition, reason::kSourceUnreadable, "symbolic links",
              "right to read");
}

TEST_F(DirectoryFilesTest, WhatThisUserMayNotReadIsUnreadable) {
  fs::permissions(dir / "image/sub/a", fs::perms::none);
  const bool as_root = geteuid() == 0;
  if (as_root) {
    ASSERT_EQ(seteuid(65534), 0);
  }
  ExpectRefused("sub/a", StatusCode::kFailedPrecondition, reason::kSourceUnreadable, "denied",
              "right to read");
  if (as_root) {
    ASSERT_EQ(seteuid(0), 0);
  }
}

}  // namespace
}  // namespace gantry
