// For tests: writes tars, right ones and ones that lie.
#pragma once

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "oci/compression.h"

namespace gantry {

// A ustar header as it is; the checksum fits.
inline std::string TarHeader(std::string_view name, char type, int64_t size,
                             std::string_view target = "") {
  std::array<char, 512> block{};
  name.copy(&block[0], 100);
  std::strcpy(&block[100], "0000644");
  if (size < int64_t{1} << 33) {
    fmt::format_to_n(&block[124], 11, "{:011o}", size);
  } else {  // as GNU tar writes it
    block[124] = '\x80';
    for (int i = 0; i < 8; ++i) block[135 - i] = static_cast<char>(size >> (8 * i));
  }
  block[156] = type;
  target.copy(&block[157], 100);
  std::memcpy(&block[257], "ustar\00000", 8);
  std::memset(&block[148], ' ', 8);
  int sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  fmt::format_to_n(&block[148], 7, "{:06o}", sum);
  block[154] = '\0';
  return {block.data(), block.size()};
}

class TarWriter {
 public:
  // Any entry: what the header says, and what follows it, filled up to whole blocks.
  TarWriter& Entry(std::string_view name, char type, int64_t size, std::string_view data,
                   std::string_view target = "") {
    bytes_ += TarHeader(name, type, size, target);
    bytes_ += data;
    bytes_.resize((bytes_.size() + 511) / 512 * 512);
    return *this;
  }
  TarWriter& File(std::string_view name, std::string_view data) {
    if (name.size() > 100) GnuName('L', name);
    return Entry(name.substr(0, 100), '0', static_cast<int64_t>(data.size()), data);
  }
  TarWriter& Symlink(std::string_view name, std::string_view target) {
    if (target.size() > 100) GnuName('K', target);
    return Entry(name, '2', 0, "", target.substr(0, 100));
  }
  TarWriter& HardLink(std::string_view name, std::string_view target) {
    return Entry(name, '1', 0, "", target);
  }
  // GNU tar: 'L' is a long name, 'K' a long link target, of the entry that follows.
  TarWriter& GnuName(char type, std::string_view name) {
    std::string data(name);
    data += '\0';
    return Entry("././@LongLink", type, static_cast<int64_t>(data.size()), data);
  }
  // POSIX pax: a record for the entry that follows.
  TarWriter& Pax(std::string_view key, std::string_view value) {
    const std::string rest = fmt::format(" {}={}\n", key, value);
    size_t length = rest.size() + 1;
    while (std::to_string(length).size() + rest.size() != length) ++length;
    const std::string record = std::to_string(length) + rest;
    return Entry("pax", 'x', static_cast<int64_t>(record.size()), record);
  }
  // Without the blocks that end an archive.
  const std::string& bytes() const { return bytes_; }
  std::string Finish() const { return bytes_ + std::string(1024, '\0'); }

 private:
  std::string bytes_;
};

inline std::string Gzip(std::string bytes) {
  return *ReadAll(*GzipCompress(std::make_unique<StringReader>(std::move(bytes))), SIZE_MAX);
}

constexpr int64_t kTenGiB = int64_t{10} << 30;

// `start` and so many zeros, packed: 10 MB are ten GiB.
inline std::string GzipBomb(std::string start, int64_t size = kTenGiB) {
  constexpr int64_t kPiece = 16 << 20;
  const std::string zeros = Gzip(std::string(kPiece, '\0'));
  std::string bomb = Gzip(std::move(start));
  for (int64_t i = 0; i < size / kPiece; ++i) bomb += zeros;
  return bomb;
}

}  // namespace gantry
