#include "oci/tar_files.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <stop_token>

#include "oci/source_test_world.h"
#include "tests/fakes/memory_image.h"

namespace gantry {
namespace {

namespace fs = std::filesystem;
using absl::StatusCode;
using ::testing::HasSubstr;

struct TarFilesTest : SourceTest {
  std::string Write(const std::string& bytes) { return SourceTest::Write("image.tar", bytes); }
  std::string Read(FileSet& files, const std::string& name, int64_t offset = 0) {
    const auto reader = files.Open(call, name, offset);
    if (!reader.ok()) return reader.status().ToString();
    return ReadAll(**reader, 1 << 20).value_or("?");
  }
  void ExpectRefused(const std::string& path, StatusCode code, std::string_view reason,
                     const std::string& message, const std::string& remedy) {
    const absl::Status status = OpenTarFile(path)->Find(call, "a").status();
    ExpectFails(status, code, reason, message);
    EXPECT_THAT(std::string(MessageOf(status)), HasSubstr(path));
    EXPECT_THAT(DetailOf(status).remedy, HasSubstr(remedy));
  }

  const std::string tar = TarWriter()
                              .File("a", "first a")
                              .File("dir/b", "0123456789")
                              .Symlink("dir/link", "b")
                              .Symlink("up", "dir/../a")
                              .HardLink("hard", "./dir/b")
                              .Symlink("twice", "dir/link")
                              .Symlink("loop", "loop2")
                              .Symlink("loop2", "loop")
                              .Symlink("self", "self")
                              .Symlink("out", "../../etc/passwd")
                              .Symlink("absolute", "/etc/passwd")
                              .File("../outside", "x")
                              .File("a", "last a")
                              .Finish();
};

TEST_F(TarFilesTest, FindsFilesAtAnyOffset) {
  for (const std::string& bytes : {tar, Gzip(tar)}) {
    const auto files = OpenTarFile(Write(bytes));
    const auto info = files->Find(call, "dir/b");
    ASSERT_TRUE(info.ok()) << info.status();
    EXPECT_EQ((*info)->size, 10);
    EXPECT_EQ((*info)->head, "0123");
    EXPECT_EQ(Read(*files, "dir/b"), "0123456789");
    EXPECT_EQ(Read(*files, "dir/b", 7), "789");
    EXPECT_EQ(Read(*files, "dir/b", 10), "");
    EXPECT_EQ(Read(*files, "./dir//b", 9), "9");
    EXPECT_EQ(Read(*files, "a"), "last a") << "as tar unpacks";
    EXPECT_FALSE(files->Open(call, "dir/b", 11).ok());
    EXPECT_EQ(files->max_parallel_reads(), bytes == tar ? 64 : 1);
  }
}

TEST_F(TarFilesTest, FollowsLinksInsideTheArchiveOnly) {
  const auto files = OpenTarFile(Write(tar));
  for (const char* name : {"dir/link", "hard", "twice"}) {
    EXPECT_EQ(Read(*files, name), "0123456789") << name;
  }
  EXPECT_EQ(Read(*files, "up"), "last a");
  for (const char* name : {"loop", "self", "out", "absolute", "outside", "../outside", "dir",
                           "none", "/a", "../a", ""}) {
    const auto info = files->Find(call, name);
    ASSERT_TRUE(info.ok()) << info.status();
    EXPECT_FALSE(info->has_value()) << name;
    const absl::Status status = files->Open(call, name, 0).status();
    EXPECT_EQ(ReasonOf(status), reason::kSourceInvalid) << name;
    EXPECT_NE(DetailOf(status).remedy, "");
  }
}

TEST_F(TarFilesTest, LongChainsOfLinksAreNoFile) {
  TarWriter chain;
  chain.File("0", "x");
  for (int i = 1; i < 50; ++i) chain.Symlink(std::to_string(i), std::to_string(i - 1));
  const auto files = OpenTarFile(Write(chain.Finish()));
  EXPECT_TRUE((*files->Find(call, "31")).has_value());
  EXPECT_FALSE((*files->Find(call, "32")).has_value());
}

TEST_F(TarFilesTest, ReadersOfAPlainTarDoNotDisturbEachOther) {
  const auto files = OpenTarFile(Write(tar));
  const auto one = files->Open(call, "dir/b", 0), two = files->Open(call, "dir/b", 5);
  std::array<char, 2> buffer;
  ASSERT_TRUE((*one)->Read(buffer).ok());
  EXPECT_EQ(*ReadAll(**two, 100), "56789");
  EXPECT_EQ(*ReadAll(**one, 100), "23456789");
}

TEST_F(TarFilesTest, AStreamIsOpenedAgainOnlyToGoBack) {
  int opened = 0;
  const std::string one(100'000, '1'), two(200'000, '2');
  const auto files = OpenTarStream("stream", [&](const CallContext&) {
    ++opened;
    return std::make_unique<StringReader>(
        TarWriter().File("one", one).File("two", two).File("small", "3").Finish());
  });
  ASSERT_TRUE((*files->Find(call, "one")).has_value());
  EXPECT_EQ(Read(*files, "small"), "3");
  EXPECT_EQ(opened, 1) << "the scan keeps what is small";
  EXPECT_TRUE(Read(*files, "one") == one);
  EXPECT_TRUE(Read(*files, "two") == two);
  EXPECT_EQ(opened, 2) << "it lies ahead";
  EXPECT_TRUE(Read(*files, "one", 3) == one.substr(3));
  EXPECT_EQ(opened, 3) << "it lies behind";
}

TEST_F(TarFilesTest, AStreamKeepsSixteenMegabytesAtMost) {
  int opened = 0;
  TarWriter writer;
  const std::string small(60'000, 's');
  for (int i = 0; i < 400; ++i) writer.File(std::to_string(i), small);
  const auto files = OpenTarStream("stream", [&](const CallContext&) {
    ++opened;
    return std::make_unique<StringReader>(writer.Finish());
  });
  EXPECT_TRUE(Read(*files, "0") == small);
  EXPECT_EQ(opened, 1);
  EXPECT_TRUE(Read(*files, "399") == small);
  EXPECT_EQ(opened, 2);
}

// Fails once in the middle of a file.
class Flaky final : public ByteReader {
 public:
  Flaky(std::string bytes, int64_t good) : bytes_(std::move(bytes)), good_(good) {}
  absl::StatusOr<size_t> Read(std::span<char> buffer) override {
    if (good_ == 0) return Unavailable(reason::kUpstreamUnavailable, "gone");
    buffer = buffer.first(
        static_cast<size_t>(std::min<int64_t>(good_, static_cast<int64_t>(buffer.size()))));
    good_ -= static_cast<int64_t>(buffer.size());
    return bytes_.Read(buffer);
  }

 private:
  StringReader bytes_;
  int64_t good_;
};

TEST_F(TarFilesTest, AStreamThatBrokeIsOpenedAgain) {
  int opened = 0;
  const std::string large(100'000, 'x');
  const auto files = OpenTarStream("stream", [&](const CallContext&) {
    return std::make_unique<Flaky>(TarWriter().File("large", large).Finish(),
                                   ++opened == 2 ? 70'000 : 1 << 20);
  });
  ASSERT_TRUE((*files->Find(call, "large")).has_value());
  EXPECT_EQ(Read(*files, "large"), "?");
  EXPECT_TRUE(Read(*files, "large", 80'000) == large.substr(80'000)) << "though it lies ahead";
  EXPECT_EQ(opened, 3);
}

// Ends with the call that it was opened for, as a stream from a socket does.
class OfOneCall final : public ByteReader {
 public:
  OfOneCall(const CallContext& call, std::string bytes)
      : call_(call.stop_token()), bytes_(std::move(bytes)) {}
  absl::StatusOr<size_t> Read(std::span<char> buffer) override {
    if (call_.stop_requested()) return Cancelled(reason::kCancelled, "the stream's call has ended");
    return bytes_.Read(buffer);
  }

 private:
  const std::stop_token call_;
  StringReader bytes_;
};

TEST_F(TarFilesTest, AStreamLeftByOneCallServesNoOther) {
  const std::string one(100'000, '1'), two(200'000, '2');
  int opened = 0;
  const auto files = OpenTarStream("stream", [&](const CallContext& opener) {
    ++opened;
    return std::make_unique<OfOneCall>(opener,
                                       TarWriter().File("one", one).File("two", two).Finish());
  });
  const auto read = [&](const CallContext& reader, const std::string& name) {
    const auto file = files->Open(reader, name, 0);
    return file.ok() ? ReadAll(**file, 1 << 20).value_or("?") : ReasonOf(file.status());
  };
  ASSERT_TRUE((*files->Find(call, "one")).has_value());
  opened = 0;
  for (const bool cancelled : {true, false}) {
    std::optional<CallContext> first(std::in_place, clock, std::chrono::minutes(5), "first");
    EXPECT_TRUE(read(*first, "one") == one);
    if (cancelled) first->RequestStop();
    if (!cancelled) first.reset();
    CallContext second(clock, std::chrono::minutes(5), "second");
    EXPECT_TRUE(read(second, "two") == two) << "what ended the first call is nothing to this one";
  }
  EXPECT_EQ(opened, 4);
  std::optional<CallContext> first(std::in_place, clock, std::chrono::minutes(5), "first");
  EXPECT_TRUE(read(*first, "one") == one);
  first.reset();
  call.RequestStop();
  EXPECT_EQ(read(call, "two"), reason::kCancelled);
}

TEST_F(TarFilesTest, WhatIsNoArchiveIsRefusedWithARemedy) {
  const auto invalid = StatusCode::kInvalidArgument;
  const auto precondition = StatusCode::kFailedPrecondition;
  ExpectRefused(Write(""), invalid, reason::kSourceInvalid, "empty", "save or copy it again");
  ExpectRefused(Write(std::string(4000, 'x')), invalid, reason::kSourceInvalid, "well-formed tar",
                "archive of an image");
  ExpectRefused(Write(tar.substr(0, 1800)), invalid, reason::kSourceInvalid, "is truncated",
                "save or copy the image again");
  ExpectRefused(Write(Gzip(tar).substr(0, 100)), invalid, reason::kSourceInvalid,
                "gzip data is truncated", "save or copy");
  ExpectRefused(Write("\xfd"
                      "7zXZ1234"),
                invalid, reason::kSourceInvalid, "compressed by xz",
                "xz -d " + (dir / "image.tar").string());
  ExpectRefused(Write("\x28\xb5\x2f\xfd"
                      "1234"),
                invalid, reason::kSourceInvalid, "compressed by zstd", "zstd -d");
  ExpectRefused(Write("BZh91AY"), invalid, reason::kSourceInvalid, "compressed by bzip2",
                "bzip2 -d");
  ExpectRefused(dir / "none", StatusCode::kNotFound, reason::kSourceNotFound, "no file", "path");
  ExpectRefused(dir, precondition, reason::kSourceUnreadable, "is a directory",
                "oci:" + dir.string());
  const fs::path pipe = dir / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  ExpectRefused(pipe, precondition, reason::kSourceUnreadable, "is not a file", "to a file first");
}

TEST_F(TarFilesTest, WhatThisUserMayNotReadIsUnreadable) {
  const std::string path = Write(tar);
  fs::permissions(dir, fs::perms::all);
  fs::permissions(path, fs::perms::none);
  const bool root = geteuid() == 0;
  if (root) {
    ASSERT_EQ(seteuid(65534), 0);
  }
  ExpectRefused(path, StatusCode::kFailedPrecondition, reason::kSourceUnreadable, "denied",
                "right to read");
  if (root) {
    ASSERT_EQ(seteuid(0), 0);
  }
}

// A tar whose one file is 10 GiB of zeros.
class Zeros final : public ByteReader {
 public:
  explicit Zeros(std::function<void(int64_t given)> on_read) : on_read_(std::move(on_read)) {}

  absl::StatusOr<size_t> Read(std::span<char> buffer) override {
    size_t n = 0;
    if (given_ < static_cast<int64_t>(header_.size())) {
      n = header_.copy(buffer.data(), buffer.size(), static_cast<size_t>(given_));
    } else {
      std::fill(buffer.begin(), buffer.end(), '\0');
      n = buffer.size();
    }
    given_ += static_cast<int64_t>(n);
    on_read_(given_);
    return n;
  }

 private:
  const std::function<void(int64_t given)> on_read_;
  const std::string header_ = TarHeader("layer.tar", '0', kTenGiB);
  int64_t given_ = 0;
};

int64_t PeakKilobytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

TEST_F(TarFilesTest, ALargeFileIsNeverHeldAndItsScanEndsWithTheCall) {
  int64_t last = 0;
  const auto files = OpenTarStream("stream", [&](const CallContext&) {
    return std::make_unique<Zeros>([&](int64_t given) {
      last = given;
      if (given > 512 << 20) call.RequestStop();
    });
  });
  const int64_t before = PeakKilobytes();
  EXPECT_EQ(files->Find(call, "manifest.json").status().code(), StatusCode::kCancelled);
  EXPECT_LT(last, 520 << 20) << "it went on";
  EXPECT_LT(PeakKilobytes() - before, 64 << 10);
}

TEST_F(TarFilesTest, ABombIsFoundOutAtItsFirst256Megabytes) {
  const std::string bomb = GzipBomb(TarHeader("layer.tar", '0', kTenGiB));
  ASSERT_LT(bomb.size(), 12u << 20) << "small on disk";
  const int64_t before = PeakKilobytes();
  ExpectRefused(Write(bomb), StatusCode::kInvalidArgument, reason::kSourceInvalid,
                "unpacks to more than 200 times its size", "unpack the archive");
  EXPECT_LT(PeakKilobytes() - before, 64 << 10);
}

TEST_F(TarFilesTest, WhatUnpacksToMuchIsNoBombByThat) {
  const std::string random = fakes::RandomBytes(3 << 20, 1);
  std::string packed = Gzip(TarHeader("a", '0', (300 << 20) + (3 << 20))) + Gzip(random);
  const std::string zeros = Gzip(std::string(1 << 20, '\0'));
  for (int i = 0; i < 300; ++i) packed += zeros;
  packed += Gzip(std::string(1024, '\0'));
  EXPECT_TRUE((*OpenTarFile(Write(packed))->Find(call, "a")).has_value());
}

}  // namespace
}  // namespace gantry
