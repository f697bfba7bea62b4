#include "oci/tar_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "base/status.h"
#include "oci/tar_fake.h"

namespace gantry {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class StringInput final : public TarInput {
 public:
  explicit StringInput(std::string bytes) : bytes_(std::move(bytes)) {}
  absl::StatusOr<size_t> Read(std::span<char> buffer) override {
    const size_t n = bytes_.copy(buffer.data(), std::min<size_t>(buffer.size(), 300), offset_);
    offset_ += n;
    return n;
  }
  absl::Status Skip(const CallContext&, int64_t bytes) override {
    if (bytes > static_cast<int64_t>(bytes_.size() - offset_)) {
      return InvalidArgument(reason::kSourceInvalid, "truncated");
    }
    offset_ += static_cast<size_t>(bytes);
    return absl::OkStatus();
  }

 private:
  const std::string bytes_;
  size_t offset_ = 0;
};

struct TarReaderTest : ::testing::Test {
  absl::Status Scan(const std::string& tar) {
    StringInput input(tar);
    seen.clear();
    return ScanTar(call, input, 4, [&](const TarEntry& entry, std::string head) {
      const char* types[] = {"file", "link", "other"};
      seen.push_back(fmt::format("{} {} {} {} {}", types[static_cast<int>(entry.type)], entry.name,
                                 entry.size, entry.target, head));
      if (entry.type == TarEntry::Type::kFile) {
        contents.push_back(tar.substr(static_cast<size_t>(entry.offset),
                                      static_cast<size_t>(entry.size)));
      }
      return absl::OkStatus();
    });
  }
  void ExpectRefused(const std::string& tar, const std::string& why) {
    const absl::Status status = Scan(tar);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << why;
    EXPECT_EQ(ReasonOf(status), reason::kSourceInvalid);
    EXPECT_THAT(std::string(MessageOf(status)), HasSubstr(why));
    EXPECT_NE(DetailOf(status).remedy, "");
  }

  ManualClock clock;
  CallContext call{clock, std::chrono::hours(1), "test"};
  std::vector<std::string> seen, contents;
};

TEST_F(TarReaderTest, ListsFilesAndLinks) {
  ASSERT_TRUE(Scan(TarWriter()
                       .Entry("dir/", '5', 0, "")
                       .File("./dir/a", "12345")
                       .File("empty", "")
                       .Entry("old", '\0', 2, "xy")
                       .HardLink("dir/hard", "dir/a")
                       .Symlink("dir/soft", "../empty")
                       .Entry("pipe", '6', 0, "")
                       .Finish())
                  .ok());
  EXPECT_THAT(seen, ElementsAre("other dir 0  ", "file dir/a 5  1234", "file empty 0  ",
                                "file old 2  xy", "link dir/hard 0 dir/a ",
                                "link dir/soft 0 empty ", "other pipe 0  "));
  EXPECT_THAT(contents, ElementsAre("12345", "", "xy"));
}

TEST_F(TarReaderTest, TakesLongNamesOfGnuAndPax) {
  const std::string name(180, 'n'), target(150, 't');
  ASSERT_TRUE(Scan(TarWriter()
                       .File(name, "1")
                       .Symlink("s", target)
                       .Pax("path", name + "p")
                       .File("short", "2")
                       .Pax("linkpath", target + "p")
                       .Entry("h", '1', 0, "", "short")
                       .Pax("size", "3")
                       .Entry("sized", '0', 0, "abc")
                       .File("after", "")
                       .Finish())
                  .ok());
  EXPECT_THAT(seen, ElementsAre("file " + name + " 1  1", "link s 0 " + target + " ",
                                "file " + name + "p 1  2", "link h 0 " + target + "p ",
                                "file sized 3  abc", "file after 0  "));
}

TEST_F(TarReaderTest, TakesAPrefixAndABinarySize) {
  std::string header = TarHeader("name", '0', 0);
  header.replace(345, 6, "prefix");
  header.replace(124, 12, std::string("\x80\0\0\0\0\0\0\0\0\0\0\x03", 12));
  header.replace(148, 8, "        ");
  int sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  header.replace(148, 7, fmt::format("{:06o}", sum) + '\0');
  ASSERT_TRUE(Scan(header + "abc" + std::string(509, '\0')).ok()) << "ends without end blocks";
  EXPECT_THAT(seen, ElementsAre("file prefix/name 3  abc"));
}

TEST_F(TarReaderTest, NamesThatLeadOutHaveNoName) {
  ASSERT_TRUE(Scan(TarWriter()
                       .File("../../etc/passwd", "")
                       .File("/etc/passwd", "")
                       .File("a/../../b", "")
                       .Symlink("a/b/out", "../../../etc")
                       .Symlink("abs", "/etc/passwd")
                       .HardLink("a/b/hard", "../etc")
                       .Finish())
                  .ok());
  EXPECT_THAT(seen, ElementsAre("file  0  ", "file  0  ", "file  0  ", "link a/b/out 0  ",
                                "link abs 0  ", "link a/b/hard 0  "));
}

TEST_F(TarReaderTest, RefusesWhatIsNoTar) {
  ExpectRefused("", "it is empty");
  ExpectRefused("short", "ends in the middle of a header");
  ExpectRefused(std::string(5000, 'x'), "checksum");
  std::string flipped = TarWriter().File("a", "b").Finish();
  flipped[0] = 'b';
  ExpectRefused(flipped, "checksum");
}

TEST_F(TarReaderTest, RefusesEveryTruncation) {
  const std::string whole =
      TarWriter().File(std::string(120, 'l'), "some bytes").File("b", std::string(600, 'x')).bytes();
  for (size_t size = 1; size < whole.size(); ++size) {
    const bool between_entries = size == 2048;
    ASSERT_EQ(Scan(whole.substr(0, size)).ok(), between_entries) << size;
  }
}

TEST_F(TarReaderTest, RefusesNumbersThatLie) {
  const auto with_size = [](const std::string& field) {
    std::string header = TarHeader("a", '0', 0);
    header.replace(124, field.size(), field);
    header.replace(148, 8, "        ");
    int sum = 0;
    for (const char c : header) sum += static_cast<unsigned char>(c);
    header.replace(148, 7, fmt::format("{:06o}", sum) + '\0');
    return header;
  };
  ExpectRefused(with_size("9999"), "size is no number");
  ExpectRefused(with_size("-1"), "size is no number");
  ExpectRefused(with_size(std::string(12, '\xff')), "size is no number");
  ExpectRefused(with_size("\x80" + std::string(3, '\0') + std::string(8, '\x7f')),
                "beyond all measure");
  ExpectRefused(with_size("\x80" + std::string(4, '\0') + "\x10" + std::string(6, '\0')),
                "beyond all measure");
  ExpectRefused(with_size("77777777777"), "in the middle of a file");
  ExpectRefused(TarWriter().Pax("size", "1e3").File("a", "").Finish(), "PAX size is no number");
  ExpectRefused(TarWriter().Pax("size", "-1").File("a", "").Finish(), "PAX size is no number");
}

TEST_F(TarReaderTest, RefusesBrokenExtensions) {
  for (const char* records : {"x", "99 path=a\n", "3 \n", "7 path\n", "12345678 a=b\n", "0 a=b\n"}) {
    ExpectRefused(TarWriter().Entry("pax", 'x', static_cast<int64_t>(strlen(records)), records)
                      .File("a", "").Finish(), "PAX header is broken");
  }
  ExpectRefused(TarHeader("l", 'L', (1 << 20) + 1), "longer than 1 MiB");
  ExpectRefused(TarHeader("x", 'x', int64_t{1} << 32), "longer than 1 MiB");
}

TEST_F(TarReaderTest, RefusesSparseFiles) {
  ExpectRefused(TarWriter().Entry("s", 'S', 3, "abc").Finish(), "sparse");
  ExpectRefused(TarWriter().Pax("GNU.sparse.major", "1").File("s", "abc").Finish(), "sparse");
  EXPECT_THAT(DetailOf(Scan(TarWriter().Entry("s", 'S', 0, "").Finish())).remedy,
              HasSubstr("--sparse"));
}

// An endless archive from a small file: what is kept of it has a bound.
class Repeated final : public TarInput {
 public:
  explicit Repeated(std::string bytes) : bytes_(std::move(bytes)) {}
  absl::StatusOr<size_t> Read(std::span<char> buffer) override {
    const size_t n = bytes_.copy(buffer.data(), buffer.size(), offset_);
    offset_ = (offset_ + n) % bytes_.size();
    read += static_cast<int64_t>(n);
    return n;
  }
  absl::Status Skip(const CallContext&, int64_t bytes) override {
    offset_ = (offset_ + static_cast<size_t>(bytes)) % bytes_.size();
    return absl::OkStatus();
  }
  int64_t read = 0;

 private:
  const std::string bytes_;
  size_t offset_ = 0;
};

TEST_F(TarReaderTest, RefusesAMillionEntriesBeforeTheyAreRead) {
  Repeated input(TarWriter().File("a", "").bytes());
  int entries = 0;
  const absl::Status status = ScanTar(call, input, 4, [&](const TarEntry&, const std::string&) {
    ++entries;
    return absl::OkStatus();
  });
  EXPECT_EQ(ReasonOf(status), reason::kSourceInvalid);
  EXPECT_THAT(std::string(MessageOf(status)), HasSubstr("more than 100,000 entries"));
  EXPECT_EQ(entries, 100'000);
}

TEST_F(TarReaderTest, RefusesNamesWithoutEnd) {
  Repeated input(TarWriter().File(std::string(1 << 19, 'n'), "").bytes());
  const absl::Status status =
      ScanTar(call, input, 4, [](const TarEntry&, const std::string&) { return absl::OkStatus(); });
  EXPECT_EQ(ReasonOf(status), reason::kSourceInvalid);
  EXPECT_THAT(std::string(MessageOf(status)), HasSubstr("32 MiB"));
  EXPECT_LT(input.read, 40 << 20);
  // Extensions that no entry follows are counted as entries.
  Repeated extensions(TarWriter().Pax("comment", "x").bytes());
  EXPECT_EQ(ReasonOf(ScanTar(call, extensions, 4, [](const TarEntry&, const std::string&) {
              return absl::OkStatus();
            })),
            reason::kSourceInvalid);
}

TEST_F(TarReaderTest, EndsWhenTheCallEnds) {
  Repeated input(TarWriter().File("a", "").bytes());
  int entries = 0;
  const absl::Status status = ScanTar(call, input, 4, [&](const TarEntry&, const std::string&) {
    if (++entries == 5) call.RequestStop();
    return absl::OkStatus();
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(entries, 5);
}

TEST(CleanPath, StaysInside) {
  EXPECT_EQ(CleanPath("a/./b//../c/"), "a/c");
  EXPECT_EQ(CleanPath("./"), "");
  EXPECT_EQ(CleanPath("a/.."), "");
  for (const char* out : {"/a", "..", "../a", "a/../../b"}) {
    EXPECT_EQ(CleanPath(out), std::nullopt) << out;
  }
}

}  // namespace
}  // namespace gantry
