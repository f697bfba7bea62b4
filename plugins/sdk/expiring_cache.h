// Values that a cloud gives for a while, kept while they are fresh.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "plugins/sdk/call.h"

namespace gantry::sdk {

// Thread-safe.  A value is fresh for three quarters of its life.  After that it is fetched anew; a
// fetch that fails is no failure while the old value lives.  The host lets callers that want the same
// wait for one of them, so nothing here waits: two that come together both fetch.
template <class V>
class ExpiringCache {
 public:
  // What a fetch gives: the value, and when it expires; 0: it is not kept.
  struct Entry {
    std::shared_ptr<const V> value;
    int64_t expires_unix_ms = 0;
  };

  // The next Get fetches: the cloud no longer takes the value.
  void Forget(const std::string& key) {
    const std::lock_guard lock(mu_);
    kept_.erase(key);
  }

  // `fetch(Entry&)` returns a Status.
  template <class Fetch>
  Status Get(const Call& call, const std::string& key, Fetch&& fetch, Entry& out) {
    const int64_t now = call.now_unix_ms();
    {
      const std::lock_guard lock(mu_);
      if (const auto it = kept_.find(key); it != kept_.end()) {
        out = it->second.entry;
        if (now < it->second.renew_unix_ms) return Ok();
      }
    }
    Entry fetched;
    Status status = std::forward<Fetch>(fetch)(fetched);
    if (!status.ok()) {
      return out.value && now < out.expires_unix_ms ? Ok() : std::move(status);
    }
    out = fetched;
    const std::lock_guard lock(mu_);
    if (kept_.size() >= kMaxKept) kept_.clear();
    if (fetched.expires_unix_ms <= now) {
      kept_.erase(key);
    } else {
      kept_[key] = {std::move(fetched), now + (out.expires_unix_ms - now) / 4 * 3};
    }
    return Ok();
  }

 private:
  struct Kept {
    Entry entry;
    int64_t renew_unix_ms = 0;
  };
  static constexpr size_t kMaxKept = 1024;
  std::mutex mu_;
  std::map<std::string, Kept> kept_;  // guarded by mu_
};

}  // namespace gantry::sdk
