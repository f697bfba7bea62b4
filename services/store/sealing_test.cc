// Secrets on disk: what opens them, and that nothing else does.
#include "store/sealing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "store/test_state_dir.h"
#include "tests/fakes/status_matchers.h"

namespace gantry {
namespace {

using ::testing::HasSubstr;

constexpr char kPlace[] = "table|row|column";

class Sealing : public ::testing::Test {
 protected:
  static auto Refuses() {
    return FailsWith(absl::StatusCode::kFailedPrecondition, reason::kSealingKey);
  }
  SealingKey Load() const { return *SealingKey::LoadOrCreate(dir_.File("key")); }

  StateDir dir_;
};

TEST_F(Sealing, TheFirstStartMakesAKeyThatItsOwnerAloneReads) {
  const std::string id = Load().id();
  struct stat info {};
  ASSERT_EQ(stat(dir_.File("key").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
  EXPECT_EQ(info.st_size, 32);
  EXPECT_EQ(Load().id(), id);
  std::filesystem::remove(dir_.File("key"));
  EXPECT_NE(Load().id(), id);
}

TEST_F(Sealing, AFingerprintIsTheKeysOwnAndTellsTwoApart) {
  const std::string mark = Load().Fingerprint("s3cret");
  EXPECT_EQ(mark.size(), 64u);
  EXPECT_EQ(Load().Fingerprint("s3cret"), mark);
  EXPECT_NE(Load().Fingerprint("s3cret "), mark);
  std::filesystem::remove(dir_.File("key"));
  EXPECT_NE(Load().Fingerprint("s3cret"), mark);
}

TEST_F(Sealing, OpensWhatItSealedAndShowsNothingOfIt) {
  const SealingKey key = Load();
  for (const std::string& value : {std::string(), std::string("s3cret"), std::string(100'000, 'x'),
                                   std::string("\0\xff", 2)}) {
    const std::string sealed = key.Seal(Secret(value), kPlace);
    EXPECT_EQ(key.Open(sealed, kPlace)->Reveal(), value);
    EXPECT_NE(key.Seal(Secret(value), kPlace), sealed) << "no two sealings look the same";
    if (value.size() > 2) {
      EXPECT_THAT(sealed, ::testing::Not(HasSubstr(value)));
    }
  }
}

TEST_F(Sealing, AChangedByteAnywhereIsSeen) {
  const SealingKey key = Load();
  const std::string sealed = key.Seal(Secret("s3cret"), kPlace);
  for (size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_THAT(key.Open(changed, kPlace).status(), Refuses()) << i;
  }
  // The last character's unused bits.
  std::string last = key.Seal(Secret("s3cre"), kPlace);
  for (const char c : std::string("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")) {
    std::string changed = last;
    char& end = changed[changed.find_last_not_of('=')];
    if (end == c) continue;
    end = c;
    EXPECT_THAT(key.Open(changed, kPlace).status(), Refuses()) << c;
  }
  for (const std::string text : {"", "s1", "s1....", "s1.x.AAAA.AAAA.AAAA"}) {
    EXPECT_THAT(key.Open(text, kPlace).status(), Refuses()) << text;
  }
}

TEST_F(Sealing, OpensNowhereElseAndWithNoOtherKey) {
  const std::string sealed = Load().Seal(Secret("s3cret"), kPlace);
  EXPECT_THAT(Load().Open(sealed, "table|other row|column").status(), Refuses());
  const std::string first = Load().id();
  std::filesystem::remove(dir_.File("key"));
  const absl::Status other = Load().Open(sealed, kPlace).status();
  EXPECT_THAT(other, Refuses());
  EXPECT_THAT(std::string(MessageOf(other)), HasSubstr("sealed by key " + first));
}

TEST_F(Sealing, AKeyThatOthersReadOrThatIsCutIsRefused) {
  Load();
  ASSERT_EQ(chmod(dir_.File("key").c_str(), 0640), 0);
  const absl::Status open = SealingKey::LoadOrCreate(dir_.File("key")).status();
  EXPECT_THAT(open, Refuses());
  EXPECT_THAT(DetailOf(open).remedy, HasSubstr("chmod 600"));
  ASSERT_EQ(chmod(dir_.File("key").c_str(), 0600), 0);
  std::filesystem::resize_file(dir_.File("key"), 31);
  EXPECT_THAT(SealingKey::LoadOrCreate(dir_.File("key")).status(), Refuses());
  std::filesystem::resize_file(dir_.File("key"), 33);
  EXPECT_THAT(SealingKey::LoadOrCreate(dir_.File("key")).status(), Refuses());
  std::filesystem::rename(dir_.File("key"), dir_.File("elsewhere"));
  std::filesystem::create_symlink("elsewhere", dir_.File("key"));
  EXPECT_THAT(SealingKey::LoadOrCreate(dir_.File("key")).status(), Refuses());
}

TEST_F(Sealing, NoRoomForAKeyIsSaid) {
  EXPECT_THAT(SealingKey::LoadOrCreate(dir_.File("no/such/directory/key")).status(),
              FailsWith(absl::StatusCode::kUnavailable, reason::kStoreFull));
}

}  // namespace
}  // namespace gantry
