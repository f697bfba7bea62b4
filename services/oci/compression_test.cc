#include "oci/compression.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "base/status.h"
#include "oci/diff_id_reader.h"
#include "oci/gzip_reader.h"
#include "oci/skip_bytes.h"
#include "oci/tar_fake.h"

namespace gantry {
namespace {

using ::testing::HasSubstr;

// Text and noise, longer than several of the compressor's blocks.
std::string Sample(size_t size) {
  std::mt19937 random(7);
  std::string bytes;
  while (bytes.size() < size) {
    const auto word = static_cast<uint32_t>(random());
    if (word % 3 == 0) {
      bytes += fmt::format("line {} of some text\n", word % 1000);
    } else {
      bytes.append(reinterpret_cast<const char*>(&word), sizeof word);
    }
  }
  bytes.resize(size);
  return bytes;
}

// Gives its bytes in pieces of random length, as sockets and pipes do.
class Dribble final : public ByteReader {
 public:
  Dribble(std::string bytes, unsigned seed, size_t longest = 100'000)
      : bytes_(std::move(bytes)), random_(seed), longest_(longest) {}
  absl::StatusOr<size_t> Read(std::span<char> buffer) override {
    const size_t piece = 1 + random_() % longest_;
    return bytes_.Read(buffer.first(std::min(buffer.size(), piece)));
  }

 private:
  StringReader bytes_;
  std::mt19937 random_;
  const size_t longest_;
};

std::string ReadInPieces(ByteReader& reader, unsigned seed) {
  std::mt19937 random(seed);
  std::string all, piece;
  for (;;) {
    piece.resize(1 + random() % 70'000);
    const auto n = reader.Read(piece);
    EXPECT_TRUE(n.ok()) << n.status();
    if (!n.ok() || *n == 0) return all;
    all.append(piece, 0, *n);
  }
}

absl::StatusOr<std::string> Unpacked(std::string gzip) {
  return ReadAll(*GzipDecompress(std::make_unique<StringReader>(std::move(gzip))), SIZE_MAX);
}

TEST(Compression, UnpacksToWhatWentIn) {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{1} << 20, (size_t{3} << 20) + 17}) {
    const std::string bytes = Sample(size);
    const auto unpacked = Unpacked(Gzip(bytes));
    ASSERT_TRUE(unpacked.ok()) << unpacked.status();
    EXPECT_TRUE(*unpacked == bytes) << size;
  }
}

TEST(Compression, GivesTheSameBytesHoweverTheyComeAndGo) {
  const std::string bytes = Sample((5 << 20) + 123);
  const std::string packed = Gzip(bytes);
  for (const size_t longest : {size_t{40}, size_t{3000}, size_t{100'000}, size_t{3} << 20}) {
    const auto reader = GzipCompress(std::make_unique<Dribble>(bytes, 1, longest));
    ASSERT_TRUE(ReadInPieces(*reader, 2) == packed) << longest;
  }
}

TEST(Compression, NamesNeitherFileNorTime) {
  const std::string packed = Gzip("x");
  EXPECT_EQ(packed.substr(0, 4), "\x1f\x8b\x08" + std::string(1, '\0'));
  EXPECT_EQ(packed.substr(4, 4), std::string(4, '\0'));
}

TEST(Compression, IsToldByTheFirstBytes) {
  EXPECT_EQ(DetectCompression("\x1f\x8b\x08"), Compression::kGzip);
  EXPECT_EQ(DetectCompression("\x28\xb5\x2f\xfd"), Compression::kZstd);
  EXPECT_EQ(DetectCompression("\xfd" "7zXZ"), Compression::kXz);
  EXPECT_EQ(DetectCompression("BZh9"), Compression::kBzip2);
  for (const char* plain : {"", "\x1f", "tar", "BZ"}) {
    EXPECT_EQ(DetectCompression(plain), Compression::kNone);
  }
}

TEST(GzipReader, TakesSeveralMembersInARow) {
  EXPECT_EQ(*Unpacked(Gzip("one") + Gzip("") + Gzip(" two")), "one two");
}

TEST(GzipReader, RefusesDamageAndTruncation) {
  const std::string packed = Gzip(Sample(5000));
  for (size_t size = 0; size < packed.size(); size += 97) {
    const auto cut = Unpacked(packed.substr(0, size));
    ASSERT_EQ(ReasonOf(cut.status()), reason::kSourceInvalid) << size;
    EXPECT_THAT(std::string(MessageOf(cut.status())), HasSubstr("truncated"));
    EXPECT_NE(DetailOf(cut.status()).remedy, "");
  }
  std::string damaged = packed;
  damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 0x55);
  EXPECT_EQ(ReasonOf(Unpacked(damaged).status()), reason::kSourceInvalid);
  EXPECT_EQ(ReasonOf(Unpacked(packed + "garbage").status()), reason::kSourceInvalid);
}

struct DiffId : ::testing::Test {
  ManualClock clock;
  CallContext call{clock, std::chrono::minutes(1), "test"};
};

TEST_F(DiffId, ALayerPassesAsItIsWhenItsTarIsTheRightOne) {
  const std::string tar = Sample((2 << 20) + 5), packed = Gzip(tar);
  const Digest diff_id = Digest::Of(tar);
  const auto plain = CheckTarDiffId(std::make_unique<Dribble>(tar, 1), diff_id);
  EXPECT_TRUE(ReadInPieces(*plain, 2) == tar);
  const auto gzip = CheckGzipDiffId(call, std::make_unique<Dribble>(packed, 3), diff_id);
  EXPECT_TRUE(ReadInPieces(*gzip, 4) == packed);
  const auto members = CheckGzipDiffId(
      call, std::make_unique<StringReader>(Gzip(tar.substr(0, 99)) + Gzip(tar.substr(99))),
      diff_id);
  EXPECT_TRUE(ReadAll(*members, SIZE_MAX).ok());
}

TEST_F(DiffId, ALayerThatLiesHasNoEnd) {
  const Digest other = Digest::Of("another");
  for (auto& reader : {CheckTarDiffId(std::make_unique<StringReader>("tar"), other),
                       CheckGzipDiffId(call, std::make_unique<StringReader>(Gzip("tar")), other)}) {
    const auto all = ReadAll(*reader, SIZE_MAX);
    EXPECT_EQ(all.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(ReasonOf(all.status()), reason::kDigestMismatch);
    EXPECT_THAT(std::string(MessageOf(all.status())), HasSubstr(Digest::Of("tar").text()));
    EXPECT_NE(DetailOf(all.status()).remedy, "");
  }
  const auto cut = CheckGzipDiffId(call, std::make_unique<StringReader>(Gzip("tar").substr(0, 15)),
                                   Digest::Of("tar"));
  EXPECT_EQ(ReasonOf(ReadAll(*cut, SIZE_MAX).status()), reason::kSourceInvalid);
}

// A preallocated file, as databases have them, packs to a thousandth.
TEST_F(DiffId, ALayerMayBeALargeFileOfZeros) {
  const std::string piece(16 << 20, '\0'), packed_piece = Gzip(piece);
  std::string packed;
  Sha256 tar;
  for (int i = 0; i < 19; ++i) {
    packed += packed_piece;
    tar.Update(piece);
  }
  ASSERT_GT(tar.bytes(), 300 << 20);
  ASSERT_GT(tar.bytes() / static_cast<int64_t>(packed.size()), 900);
  const auto layer =
      CheckGzipDiffId(call, std::make_unique<StringReader>(packed), tar.Finish());
  const auto read = ReadAll(*layer, SIZE_MAX);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE(*read == packed);
}

// Counts what was read of it.
class Counted final : public ByteReader {
 public:
  Counted(std::string bytes, size_t& read) : bytes_(std::move(bytes)), read_(read) {}
  absl::StatusOr<size_t> Read(std::span<char> buffer) override {
    GANTRY_ASSIGN_OR_RETURN(const size_t n, bytes_.Read(buffer));
    read_ += n;
    return n;
  }

 private:
  StringReader bytes_;
  size_t& read_;
};

TEST_F(DiffId, WhatUnpacksToNothingIsNotGathered) {
  const std::string nothing = Gzip("");
  std::string packed;
  for (int i = 0; i < 100'000; ++i) packed += nothing;
  size_t read = 0;
  const auto layer =
      CheckGzipDiffId(call, std::make_unique<Counted>(packed, read), Digest::Of(""));
  std::string buffer(1000, '\0'), all;
  for (;;) {
    const auto n = layer->Read(buffer);
    ASSERT_TRUE(n.ok()) << n.status();
    if (*n == 0) break;
    all.append(buffer, 0, *n);
    ASSERT_EQ(all.size(), read) << "held back";
  }
  EXPECT_TRUE(all == packed);
}

TEST_F(DiffId, UnpackingEndsWithTheCall) {
  const auto layer = CheckGzipDiffId(
      call, std::make_unique<StringReader>(Gzip("tar")), Digest::Of("tar"));
  call.RequestStop();
  std::array<char, 100> buffer;
  EXPECT_EQ(layer->Read(buffer).status().code(), absl::StatusCode::kCancelled);
}

TEST(SkipBytes, TellsHowFarItCame) {
  const SystemClock clock;
  CallContext call(clock, std::chrono::minutes(1), "test");
  StringReader reader("0123456789");
  EXPECT_EQ(*SkipBytes(call, reader, 4), 4);
  std::array<char, 2> next;
  EXPECT_EQ(*reader.Read(next), 2u);
  EXPECT_EQ(std::string(next.data(), 2), "45");
  EXPECT_EQ(*SkipBytes(call, reader, 100), 4);
  EXPECT_EQ(*SkipBytes(call, reader, 0), 0);
  call.RequestStop();
  EXPECT_EQ(SkipBytes(call, reader, 1).status().code(), absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace gantry
