// Which files become flavors, and how those are refused that do not.
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "gantryd/flavors/catalog.h"
#include "gantryd/flavors/test_support.h"

namespace gantry {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// The load error of the one flavor in the directory; empty when it was loaded.
std::string LoadError(const FlavorDir& dir) {
  const auto flavors = LoadFlavors(dir.path());
  if (!flavors.ok()) return "no catalog: " + std::string(MessageOf(flavors.status()));
  return (*flavors)->List().front().load_error;
}

std::string ErrorOfFake(const std::string& name) {
  FlavorDir dir;
  dir.Copy(name);
  dir.WriteManifest();
  return LoadError(dir);
}

TEST(Loader, LoadsAFlavorAndAMinorVersionThatIsNewer) {
  EXPECT_EQ(ErrorOfFake("minimal"), "");
  EXPECT_EQ(ErrorOfFake("newer"), "");
}

TEST(Loader, RefusesTablesThatAreNotWhatTheyShouldBe) {
  EXPECT_THAT(ErrorOfFake("wrong_magic"), HasSubstr("magic number"));
  EXPECT_THAT(ErrorOfFake("short_table"), HasSubstr("152 bytes"));
  EXPECT_THAT(ErrorOfFake("wrong_name"), HasSubstr("calls itself \"somebody_else\""));
  EXPECT_THAT(ErrorOfFake("no_authenticate"), HasSubstr("required operation authenticate"));
  EXPECT_THAT(ErrorOfFake("heap_table"), HasSubstr("not its own static data"));
  EXPECT_THAT(ErrorOfFake("bad_description"), HasSubstr("lacks \"uri\""));
}

TEST(Loader, RefusesWhatIsNoFlavorOfThisVersion) {
  EXPECT_THAT(ErrorOfFake("no_symbol"), HasSubstr("no gantry_flavor_v*"));
  EXPECT_THAT(ErrorOfFake("future"), HasSubstr("exports gantry_flavor_v2"));
  FlavorDir dir;
  dir.Copy("minimal");
  dir.WriteManifest(/*abi=*/2);
  EXPECT_THAT(LoadError(dir), HasSubstr("version 2 of the flavor ABI"));
}

TEST(Loader, FindsAMissingFunctionWhenItLoadsNotWhenItCalls) {
  EXPECT_THAT(ErrorOfFake("unresolved"),
              AllOf(HasSubstr("nobody_defines_this"), HasSubstr("gantry_flavor_unresolved.so"),
                    ::testing::Not(HasSubstr("/proc/self/fd"))));
}

TEST(Loader, RefusesBytesThatAreNotThoseOfTheManifest) {
  FlavorDir dir;
  dir.Copy("minimal");
  dir.WriteManifest();
  std::ofstream(dir.File("minimal"), std::ios::app) << "x";
  EXPECT_THAT(LoadError(dir), AllOf(HasSubstr("checksum"), HasSubstr("install the flavor again")));
}

TEST(Loader, RefusesAFileThatOthersMayWrite) {
  FlavorDir dir;
  dir.Copy("minimal");
  dir.WriteManifest();
  ASSERT_EQ(chmod(dir.File("minimal").c_str(), 0775), 0);
  EXPECT_THAT(LoadError(dir), AllOf(HasSubstr("written by its group"), HasSubstr("chmod go-w")));
}

TEST(Loader, RefusesAnythingButARegularFile) {
  FlavorDir dir;
  dir.Copy("minimal");
  dir.WriteManifest();
  std::filesystem::rename(dir.File("minimal"), dir.path() + "/elsewhere");
  EXPECT_THAT(LoadError(dir), HasSubstr("cannot be opened"));
  std::filesystem::create_symlink("elsewhere", dir.File("minimal"));
  EXPECT_THAT(LoadError(dir), HasSubstr("symbolic link"));
  std::filesystem::remove(dir.File("minimal"));
  ASSERT_EQ(mkfifo(dir.File("minimal").c_str(), 0600), 0);
  EXPECT_THAT(LoadError(dir), HasSubstr("no regular file"));
}

TEST(Loader, RefusesADirectoryThatOthersMayWrite) {
  FlavorDir dir;
  dir.Copy("minimal");
  dir.WriteManifest();
  ASSERT_EQ(chmod(dir.path().c_str(), 0777), 0);
  EXPECT_THAT(LoadError(dir), AllOf(HasSubstr("no catalog"), HasSubstr("written by its group")));
  // Also when it is one above, although sticky there is not enough.
  ASSERT_EQ(chmod(dir.path().c_str(), 01777), 0);
  EXPECT_THAT(LoadError(dir), HasSubstr("written by its group"));
}

TEST(Loader, RefusesAParentDirectoryThatOthersMayWrite) {
  FlavorDir outer;
  FlavorDir inner;
  inner.Copy("minimal");
  inner.WriteManifest();
  const std::string moved = outer.path() + "/inner";
  std::filesystem::rename(inner.path(), moved);
  EXPECT_TRUE(LoadFlavors(moved).ok());
  ASSERT_EQ(chmod(outer.path().c_str(), 0777), 0);
  const auto flavors = LoadFlavors(moved);
  ASSERT_FALSE(flavors.ok());
  EXPECT_THAT(std::string(MessageOf(flavors.status())),
              HasSubstr(outer.path() + " can be written"));
}

TEST(Loader, RefusesWhatBelongsToAnotherUser) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  FlavorDir dir;
  dir.Copy("minimal");
  dir.WriteManifest();
  ASSERT_EQ(chown(dir.File("minimal").c_str(), 12345, 0), 0);
  EXPECT_THAT(LoadError(dir), AllOf(HasSubstr("belongs to user 12345"), HasSubstr("chown root")));
}

TEST(Loader, NeedsAManifestThatCanBeTrusted) {
  FlavorDir dir;
  EXPECT_THAT(LoadError(dir), HasSubstr("flavors.manifest.json cannot be opened"));
  dir.Write("flavors.manifest.json", "{}");
  EXPECT_THAT(LoadError(dir), HasSubstr("no list \"flavors\""));
  ASSERT_EQ(chmod((dir.path() + "/flavors.manifest.json").c_str(), 0666), 0);
  EXPECT_THAT(LoadError(dir), HasSubstr("can be written"));
  EXPECT_FALSE(LoadFlavors("/nonexistent/flavors").ok());
}

TEST(Loader, ReportsAnUnlistedFileAndDoesNotLoadIt) {
  FlavorDir dir;
  dir.Copy("minimal");
  dir.WriteManifest();
  dir.Copy("unlisted");
  const auto flavors = LoadFlavors(dir.path());
  ASSERT_TRUE(flavors.ok()) << flavors.status();
  EXPECT_EQ((*flavors)->List().size(), 1u);
  EXPECT_THAT((*flavors)->unlisted(), ElementsAre("gantry_flavor_unlisted.so"));
}

TEST(Loader, LoadsAFileOncePerProcess) {
  FlavorDir dir;
  dir.Copy("minimal");
  dir.WriteManifest();
  const auto open_files = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
  };
  EXPECT_EQ(LoadError(dir), "");
  const auto before = open_files();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(LoadError(dir), "");
  EXPECT_EQ(open_files(), before);
}

TEST(Loader, KeepsTwoFlavorsApart) {
  FlavorDir dir;
  dir.Copy("minimal");
  dir.Copy("newer");
  dir.Copy("wrong_magic");
  dir.WriteManifest();
  const auto flavors = LoadFlavors(dir.path());
  ASSERT_TRUE(flavors.ok());
  std::vector<std::string> loaded;
  for (const FlavorInfo& info : (*flavors)->List()) {
    if (info.load_error.empty()) loaded.push_back((*(*flavors)->Find(info.name))->info().name);
  }
  EXPECT_THAT(loaded, ElementsAre("minimal", "newer"));
}

TEST(Loader, CodeOfAThreadThatAFlavorLeftBehindStays) {
  FlavorDir dir;
  dir.Copy("thread_leak");
  dir.WriteManifest();
  const auto threads = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/task"), {});
  };
  std::thread([] {}).join();  // sanitizers make a thread of their own beside the first
  const auto before = threads();
  const SystemClock clock;
  const CallContext call(clock, milliseconds(20'000), "r");
  {
    const auto flavors = LoadFlavors(dir.path());
    ScriptedInstanceHost host;
    const auto instance = (*(*flavors)->Find("thread_leak"))->Open(call, "{}", host);
    ASSERT_TRUE(instance.ok()) << instance.status();
  }
  EXPECT_GT(threads(), before);
  // It ends by itself; had its code been unloaded, the process would be gone by now.
  while (threads() > before && call.Check().ok()) std::this_thread::yield();
  EXPECT_EQ(threads(), before);
}

}  // namespace
}  // namespace gantry
