// Named files that an image is made of: a directory, or a tar.
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/call_context.h"

namespace gantry {

struct FileInfo {
  int64_t size = 0;
  int64_t rank = 0;   // files of one stream are read best in ascending order
  std::string head;   // the first bytes, up to four
};

// Thread-safe after the first Find().
class FileSet {
 public:
  virtual ~FileSet() = default;
  // Nothing when there is no such regular file.
  //   INVALID_ARGUMENT SOURCE_INVALID, FAILED_PRECONDITION SOURCE_UNREADABLE, NOT_FOUND
  //   SOURCE_NOT_FOUND when the set itself is not there
  virtual absl::StatusOr<std::optional<FileInfo>> Find(const CallContext& call,
                                                       const std::string& name) = 0;
  // The file from `offset` on.  The reader must not outlive the set.
  virtual absl::StatusOr<std::unique_ptr<ByteReader>> Open(const CallContext& call,
                                                           const std::string& name,
                                                           int64_t offset) = 0;
  virtual int max_parallel_reads() const { return 64; }
  // What it is, for messages: a path.
  virtual const std::string& name() const = 0;
};

// A small file, whole: a manifest, a config.  SOURCE_INVALID when it is missing or over 4 MiB.
absl::StatusOr<std::string> ReadDocument(const CallContext& call, FileSet& files,
                                         const std::string& name);

// INVALID_ARGUMENT SOURCE_INVALID: what `set` should have and has not.
absl::Status NoSuchFile(std::string_view set, std::string_view name);

}  // namespace gantry
