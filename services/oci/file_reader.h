// Reads a stretch of a file.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <system_error>
#include <utility>

#include "base/bytes.h"
#include "base/status.h"
#include "base/unique_fd.h"

namespace gantry {

// Reads from an offset, at most `limit` bytes.  Owns the descriptor or shares it; reads by pread, so
// that several readers of one file do not disturb each other.
class FileReader final : public ByteReader {
 public:
  FileReader(UniqueFd fd, int64_t offset, int64_t limit)
      : FileReader(std::make_shared<UniqueFd>(std::move(fd)), offset, limit) {}
  FileReader(std::shared_ptr<UniqueFd> fd, int64_t offset, int64_t limit)
      : fd_(std::move(fd)), offset_(offset), left_(limit) {}

  absl::StatusOr<size_t> Read(std::span<char> buffer) override {
    const auto want = static_cast<size_t>(
        std::min<int64_t>(left_, static_cast<int64_t>(buffer.size())));
    ssize_t n = 0;
    do {
      n = pread(fd_->get(), buffer.data(), want, offset_);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
      return FailedPrecondition(reason::kSourceUnreadable, "reading failed: {}",
                                std::generic_category().message(errno));
    }
    offset_ += n;
    left_ -= n;
    return static_cast<size_t>(n);
  }
  // Moves on without reading.
  void Skip(int64_t bytes) { offset_ += bytes; }

 private:
  std::shared_ptr<UniqueFd> fd_;
  int64_t offset_, left_;
};

}  // namespace gantry
