// How long a request body may be, as far as the proxies in front of a registry have told.
#pragma once

#include <algorithm>
#include <cstdint>
#include <mutex>

namespace gantry {

// Thread-safe; what one blob's upload learns, the others know.
class BodyLimit {
 public:
  // `least` is the smallest part that the registry takes, or 0.
  explicit BodyLimit(int64_t least = 0) : least_(std::max(least, kLeast)) {}

  // INT64_MAX while nothing was refused.
  int64_t bytes() const {
    std::lock_guard lock(mu_);
    return bytes_;
  }

  // After a 413 for so many bytes, or INT64_MAX for a stream, which does not say how many would do.
  // False when there is nothing smaller worth trying.
  bool Lower(int64_t refused) {
    std::lock_guard lock(mu_);
    if (refused <= least_) return false;
    bytes_ = std::min(bytes_, std::max(least_, std::min(refused / 4, kFirst)));
    return true;
  }

 private:
  static constexpr int64_t kFirst = 32 << 20;   // below what hosted proxies let through
  static constexpr int64_t kLeast = 512 << 10;  // nginx without a setting lets 1 MiB through

  const int64_t least_;
  mutable std::mutex mu_;
  int64_t bytes_ = INT64_MAX;  // guarded by mu_
};

}  // namespace gantry
