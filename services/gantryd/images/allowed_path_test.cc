#include "gantryd/images/allowed_path.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/status.h"

namespace gantry {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

struct AllowedPathTest : ::testing::Test {
  AllowedPathTest() : dir(MakeFolder()) {
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

  static fs::path MakeFolder() {
    std::string name = ::testing::TempDir() + "allowed.XXXXXX";
    return fs::canonical(mkdtemp(name.data()));
  }
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

TEST_F(AllowedPathTest, TheLinksOfProcLeadNowhere) {
  const UniqueFd inside(open((dir / "root/a.tar").c_str(), O_RDONLY));
  const UniqueFd outside(open((dir / "outside/d.tar").c_str(), O_RDONLY));
  for (const UniqueFd* fd : {&inside, &outside}) {
    for (const char* where : {"/proc/self/fd/", "/dev/fd/"}) {
      EXPECT_FALSE(OpenAllowed(roots, where + std::to_string(fd->get())).ok());
    }
  }
  EXPECT_EQ(ReasonOf(OpenAllowed(roots, "/proc/self/fd/" + std::to_string(outside.get())).status()),
            reason::kSourceNotAllowed);
  EXPECT_FALSE(OpenAllowed(roots, "/proc/self/root" + (dir / "root/a.tar").string()).ok());
  EXPECT_EQ(ReasonOf(OpenAllowed(roots, "/proc/self/environ").status()), reason::kSourceNotAllowed);
  fs::create_symlink("/proc/self/fd/" + std::to_string(inside.get()), dir / "root/magic");
  EXPECT_FALSE(OpenAllowed(roots, dir / "root/magic").ok());
}

// In its own mounts anybody can put a file of ours below a path that is allowed.
TEST_F(AllowedPathTest, AnotherProcessesMountsAreNotOurs) {
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    const bool mounted =
        unshare(CLONE_NEWNS) == 0 && mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
        mount((dir / "outside/d.tar").c_str(), (dir / "root/a.tar").c_str(), nullptr, MS_BIND,
              nullptr) == 0;
    (void)!write(ready[1], mounted ? "1" : "0", 1);
    pause();
  }
  char mounted = '0';
  ASSERT_EQ(read(ready[0], &mounted, 1), 1);
  const std::string path = "/proc/" + std::to_string(child) + "/root" + (dir / "root/a.tar").string();
  const bool refused = !OpenAllowed(roots, path).ok();
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  close(ready[0]);
  close(ready[1]);
  if (mounted != '1') GTEST_SKIP() << "this user may not mount";
  EXPECT_TRUE(refused);
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
