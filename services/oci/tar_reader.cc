#include "oci/tar_reader.h"

#include <algorithm>
#include <array>
#include <fmt/ranges.h>
#include <vector>

#include "base/status.h"

namespace gantry {
namespace {

constexpr int64_t kBlock = 512;
// Far beyond what an archive of images has: what is kept of an entry stays in memory.
constexpr int64_t kMaxEntries = 100'000;
constexpr size_t kMaxNameBytes = 32 << 20;  // of all names and link targets
constexpr int64_t kMaxExtension = 1 << 20;  // of a long name or a PAX header

Error Invalid(std::string_view what) {
  return InvalidArgument(reason::kSourceInvalid, "not a whole, well-formed tar: {}", what)
      .Remedy("check that this is the archive of an image, and save or copy it again");
}

// POSIX.1-1988 ustar, with GNU's binary numbers.
struct Header {
  std::array<char, kBlock> block;

  std::string_view Field(size_t offset, size_t size) const {
    const std::string_view field(&block[offset], size);
    return field.substr(0, std::min(field.find('\0'), size));
  }
  std::optional<int64_t> Number(size_t offset, size_t size) const {
    const auto* bytes = reinterpret_cast<const unsigned char*>(&block[offset]);
    int64_t value = 0;
    if (bytes[0] & 0x80) {
      for (size_t i = 0; i < size; ++i) {
        if (value > (INT64_MAX >> 8)) return std::nullopt;
        value = value << 8 | (i == 0 ? bytes[i] & 0x7F : bytes[i]);
      }
      return value;
    }
    for (const char c : Trim(Field(offset, size))) {
      if (c < '0' || c > '7') return std::nullopt;
      value = value << 3 | (c - '0');
    }
    return value;
  }
  bool IsZero() const {
    return std::all_of(block.begin(), block.end(), [](char c) { return c == 0; });
  }
  bool ChecksumFits() const {
    int64_t sum = 8 * ' ';
    for (size_t i = 0; i < block.size(); ++i) {
      if (i < 148 || i >= 156) sum += static_cast<unsigned char>(block[i]);
    }
    return Number(148, 8) == sum;
  }
};

// What GNU and PAX extension entries say of the entry that follows.
struct Extension {
  std::string name, link;
  std::optional<int64_t> size;
  bool sparse = false;
};

absl::Status ParsePax(std::string_view records, Extension& next) {
  while (!records.empty()) {
    // "<length> <key>=<value>\n", the length counting itself.
    const size_t space = records.find(' ');
    int64_t length = 0;
    if (space == records.npos || space > 7) return Invalid("a PAX header is broken");
    for (const char c : records.substr(0, space)) {
      if (c < '0' || c > '9') return Invalid("a PAX header is broken");
      length = length * 10 + (c - '0');
    }
    const auto size = static_cast<size_t>(length);
    if (size <= space + 1 || size > records.size()) return Invalid("a PAX header is broken");
    const std::string_view record = records.substr(space + 1, size - space - 2);
    records.remove_prefix(size);
    const size_t equals = record.find('=');
    if (equals == record.npos) return Invalid("a PAX header is broken");
    const std::string_view key = record.substr(0, equals);
    const std::string_view value = record.substr(equals + 1);
    if (key == "path") next.name = value;
    if (key == "linkpath") next.link = value;
    if (key.substr(0, 11) == "GNU.sparse.") next.sparse = true;
    if (key == "size") {
      if (value.empty() || value.size() > 18 ||
          value.find_first_not_of("0123456789") != value.npos) {
        return Invalid("a PAX size is no number");
      }
      next.size = std::stoll(std::string(value));
    }
  }
  return absl::OkStatus();
}

class Scanner {
 public:
  Scanner(const CallContext& call, TarInput& input) : call_(call), input_(input) {}

  // Nothing at the end of the archive.
  absl::StatusOr<std::optional<TarEntry>> Next() {
    Extension next;
    bool extended = false;
    for (;;) {
      GANTRY_RETURN_IF_ERROR(call_.Check());
      Header header{};
      GANTRY_ASSIGN_OR_RETURN(const size_t got, ReadFully(header.block));
      if (got == 0 && position_ == 0) return Invalid("it is empty");
      if (got == 0 && !extended) return std::optional<TarEntry>();
      if (got < header.block.size()) return Invalid("it ends in the middle of a header");
      if (header.IsZero()) return std::optional<TarEntry>();
      if (!header.ChecksumFits()) return Invalid("a header's checksum is wrong");
      if (++entries_ > kMaxEntries) return Invalid("more than 100,000 entries");
      const auto size = header.Number(124, 12);
      if (!size || *size < 0) return Invalid("an entry's size is no number");
      const char type = header.block[156];
      if (type == 'L' || type == 'K' || type == 'x' || type == 'g') {
        GANTRY_ASSIGN_OR_RETURN(std::string data, ReadExtension(*size));
        if (type == 'L') next.name = data.substr(0, data.find('\0'));
        if (type == 'K') next.link = data.substr(0, data.find('\0'));
        if (type == 'x') GANTRY_RETURN_IF_ERROR(ParsePax(data, next));
        extended = extended || type != 'g';
        continue;
      }
      return Entry(header, next, type, *size);
    }
  }

  // The first bytes of the entry's data, then past the rest.
  absl::StatusOr<std::string> HeadAndSkip(const TarEntry& entry, size_t head_bytes) {
    std::string head(std::min(head_bytes, static_cast<size_t>(entry.size)), '\0');
    GANTRY_ASSIGN_OR_RETURN(const size_t got, ReadFully(head));
    if (got < head.size()) return Invalid("it ends in the middle of a file");
    const int64_t padded = (entry.size + kBlock - 1) / kBlock * kBlock;
    GANTRY_RETURN_IF_ERROR(input_.Skip(call_, padded - static_cast<int64_t>(head.size())));
    position_ += padded - static_cast<int64_t>(head.size());
    return head;
  }

 private:
  absl::StatusOr<size_t> ReadFully(std::span<char> buffer) {
    size_t filled = 0;
    while (filled < buffer.size()) {
      GANTRY_ASSIGN_OR_RETURN(const size_t n, input_.Read(buffer.subspan(filled)));
      if (n == 0) break;
      filled += n;
    }
    position_ += static_cast<int64_t>(filled);
    return filled;
  }

  absl::StatusOr<std::string> ReadExtension(int64_t size) {
    if (size > kMaxExtension) return Invalid("a name or header is longer than 1 MiB");
    std::string data(static_cast<size_t>((size + kBlock - 1) / kBlock * kBlock), '\0');
    GANTRY_ASSIGN_OR_RETURN(const size_t got, ReadFully(data));
    if (got < data.size()) return Invalid("it ends in the middle of a header");
    data.resize(static_cast<size_t>(size));
    return data;
  }

  absl::StatusOr<std::optional<TarEntry>> Entry(const Header& header, const Extension& next,
                                                char type, int64_t size) {
    TarEntry entry;
    std::string name(next.name);
    if (name.empty()) {
      const std::string_view prefix =
          header.Field(257, 5) == "ustar" ? header.Field(345, 155) : std::string_view();
      name = header.Field(0, 100);
      if (!prefix.empty() && header.block[263] == '0') name = std::string(prefix) + "/" + name;
    }
    entry.name = CleanPath(name).value_or("");
    entry.size = next.size.value_or(size);
    entry.offset = position_;
    if (entry.size > (int64_t{1} << 50)) return Invalid("an entry's size is beyond all measure");
    if (type == 'S' || next.sparse) {
      return Invalid("it has sparse files").Remedy("pack it again without tar's option --sparse");
    }
    if (type == '0' || type == '\0' || type == '7') {
      entry.type = TarEntry::Type::kFile;
    } else if (type == '1' || type == '2') {
      entry.type = TarEntry::Type::kLink;
      entry.size = 0;
      std::string link = next.link.empty() ? std::string(header.Field(157, 100)) : next.link;
      // A symbolic link is relative to where it stands, a hard link to the archive's root.
      const size_t slash = entry.name.rfind('/');
      if (type == '2' && slash != std::string::npos && link.substr(0, 1) != "/") {
        link = entry.name.substr(0, slash + 1) + link;
      }
      entry.target = CleanPath(link).value_or("");
    }
    if (type == '3' || type == '4' || type == '5' || type == '6') entry.size = 0;
    name_bytes_ += entry.name.size() + entry.target.size();
    if (name_bytes_ > kMaxNameBytes) return Invalid("its names are longer than 32 MiB together");
    return std::optional<TarEntry>(std::move(entry));
  }

  const CallContext& call_;
  TarInput& input_;
  int64_t position_ = 0;
  int64_t entries_ = 0;
  size_t name_bytes_ = 0;
};

}  // namespace

std::optional<std::string> CleanPath(std::string_view path) {
  if (path.substr(0, 1) == "/") return std::nullopt;
  std::vector<std::string_view> parts;
  for (const std::string_view part : Split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      if (parts.empty()) return std::nullopt;
      parts.pop_back();
    } else {
      parts.push_back(part);
    }
  }
  return fmt::format("{}", fmt::join(parts, "/"));
}

absl::Status ScanTar(
    const CallContext& call, TarInput& input, size_t head_bytes,
    const std::function<absl::Status(const TarEntry&, std::string head)>& on_entry) {
  Scanner scanner(call, input);
  for (;;) {
    GANTRY_ASSIGN_OR_RETURN(const auto entry, scanner.Next());
    if (!entry) return absl::OkStatus();
    GANTRY_ASSIGN_OR_RETURN(std::string head, scanner.HeadAndSkip(*entry, head_bytes));
    GANTRY_RETURN_IF_ERROR(on_entry(*entry, std::move(head)));
  }
}

}  // namespace gantry
