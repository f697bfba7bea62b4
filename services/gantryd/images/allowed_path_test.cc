#include "gantryd/images/allowed_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/status.h"

namespace gantry {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

struct AllowedPathTest : ::testing::Test {
  AllowedPathTest() : dir(fs::canonical(::testing::TempDir()) /
            fmt::format("allowed_path.{}", getpid())) {
    fs::remove_all(dir);
    for (const char* name : {"root/sub", "rooted", "outside"}) fs::create_directories(dir / name);
    for (const char* name : {"root/a.tar", "root/sub/b.tar", "rooted/c.tar", "outside/d.tar"}) {
      std::ofstream(dir / name) << "x";
    }
    fs::create_symlink(dir / "outside/d.tar", dir / "root/link-out");
    fs::create_directory_symlink(dir / "outside", dir / "root/dir-out");
    fs::create_symlink("a.tar", dir / "root/link-in");
    fs::create_symlink("loop", dir / "root/loop");
    fs::create_directory_symlink(dir / "root", dir / "alias");
  }
  ~AllowedPathTest() override { fs::remove_all(dir); }

  std::string Reason(const std::string& path) {
    return ReasonOf(OpenAllowed(roots, dir / path).status());
  }

  std::string PathOf(const std::string& path) {
    const auto file = OpenAllowed(roots, path);
    return file.ok() ? file->path : file.status().ToString();
  }

  const fs::path dir;
  std::vector<std::string> roots{(dir / "root").string()};
};

TEST_F(AllowedPathTest, WhatLiesInARootMayBeRead) {
  EXPECT_EQ(PathOf(dir / "root/a.tar"), dir / "root/a.tar");
  EXPECT_EQ(PathOf(dir / "root/sub/../sub//b.tar"), dir / "root/sub/b.tar");
  EXPECT_EQ(PathOf(dir / "root"), dir / "root");
  EXPECT_EQ(PathOf(dir / "root/link-in"), dir / "root/a.tar");
  EXPECT_EQ(PathOf(dir / "alias/a.tar"), dir / "root/a.tar");
  roots = {(dir / "missing").string(), (dir / "alias").string() + "/"};
  EXPECT_EQ(PathOf(dir / "root/a.tar"), dir / "root/a.tar");
}

TEST_F(AllowedPathTest, WhatIsOpenCannotBeExchanged) {
  const auto file = OpenAllowed(roots, dir / "root/link-in");
  ASSERT_TRUE(file.ok()) << file.status();
  fs::remove(dir / "root/link-in");
  fs::create_symlink(dir / "outside/d.tar", dir / "root/link-in");
  std::ofstream(dir / "outside/d.tar") << "secret";
  std::ifstream in(file->open_path());
  std::string text;
  in >> text;
  EXPECT_EQ(text, "x");
}

TEST_F(AllowedPathTest, NothingElseMay) {
  for (const char* path : {"rooted/c.tar", "outside/d.tar", "root/../outside/d.tar",
                           "root/link-out", "root/dir-out/d.tar", "outside"}) {
    EXPECT_EQ(Reason(path), reason::kSourceNotAllowed) << path;
  }
  for (const std::string& path : {std::string("a.tar"), std::string(), std::string("/etc/passwd"),
                                  (dir / "root/a.tar").string() + std::string("\0x", 2)}) {
    const absl::Status status = OpenAllowed(roots, path).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
    EXPECT_THAT(DetailOf(status).remedy, HasSubstr("--allow-source-root"));
  }
  roots.clear();
  EXPECT_EQ(Reason("root/a.tar"), reason::kSourceNotAllowed);
}

TEST_F(AllowedPathTest, WhetherAFileExistsIsToldInRootsOnly) {
  EXPECT_EQ(Reason("root/none.tar"), reason::kSourceNotFound);
  EXPECT_EQ(Reason("root/no/such/dir.tar"), reason::kSourceNotFound);
  EXPECT_EQ(Reason("root/a.tar/x"), reason::kSourceNotFound);
  EXPECT_EQ(Reason("root/loop"), reason::kSourceUnreadable);
  EXPECT_EQ(Reason("outside/none.tar"), reason::kSourceNotAllowed);
  EXPECT_EQ(Reason("root/dir-out/none.tar"), reason::kSourceNotAllowed);
  EXPECT_EQ(Reason("root/../outside/none.tar"), reason::kSourceNotAllowed);
}

}  // namespace
}  // namespace gantry
