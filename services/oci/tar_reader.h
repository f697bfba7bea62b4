// Reads tar headers: ustar, GNU long names and sizes, PAX.  Data is the caller's to read or skip.
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/call_context.h"

namespace gantry {

struct TarEntry {
  enum class Type { kFile, kLink, kOther };  // kLink: hard or symbolic
  Type type = Type::kOther;
  std::string name;    // without "./" and trailing slashes; empty for what would leave the archive
  std::string target;  // of a link, relative to the archive's root; empty when it leads out
  int64_t size = 0;    // of a file's data
  int64_t offset = 0;  // of its first byte in the tar
};

// The bytes of a tar, forward.  Confined to one thread.
class TarInput {
 public:
  virtual ~TarInput() = default;
  virtual absl::StatusOr<size_t> Read(std::span<char> buffer) = 0;
  virtual absl::Status Skip(const CallContext& call, int64_t bytes) = 0;
};

// Calls `on_entry` for each entry in order; `head` holds the first `head_bytes` of a file's data, or
// all of it.
// Ends at the end-of-archive blocks, or at the end of the input between two entries.
//   INVALID_ARGUMENT SOURCE_INVALID   not a tar, empty, cut off in an entry, a header that is wrong,
//                                     sparse files, more than 100,000 entries or 32 MiB of names
absl::Status ScanTar(const CallContext& call, TarInput& input, size_t head_bytes,
                     const std::function<absl::Status(const TarEntry&, std::string head)>& on_entry);

// "a/./b/../c" as "a/c"; nothing when it is absolute or leads out.
std::optional<std::string> CleanPath(std::string_view path);

}  // namespace gantry
