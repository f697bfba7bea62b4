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

  // `fetch(Entry&)` returns a Status.
  template <class Fetch>
  Status Get(const Call& call, const std::string& key, Fetch&& fetch, Entry& out) {
    bool kept = false;
    return Find(call, key, fetch, out, kept);
  }

  // Runs `use(const Entry&)`, which returns a Status; once more with a newly fetched value where
  // `is_refused(status)` says that the cloud no longer takes the one that was kept.
  template <class Fetch, class IsRefused, class Use>
  Status With(const Call& call, const std::string& key, Fetch&& fetch, IsRefused&& is_refused,
              Use&& use) {
    Entry entry;
    bool kept = false;
    GANTRY_FLAVOR_TRY(Find(call, key, fetch, entry, kept));
    Status status = use(std::as_const(entry));
    if (!kept || !is_refused(std::as_const(status))) return status;
    Forget(key, entry);
    GANTRY_FLAVOR_TRY(Find(call, key, fetch, entry, kept));
    return use(std::as_const(entry));
  }

 private:
  struct Kept {
    Entry entry;
    int64_t renew_unix_ms = 0;
  };
  static constexpr size_t kMaxKept = 1024;

  // `kept` is set to whether the value is one of before.
  template <class Fetch>
  Status Find(const Call& call, const std::string& key, Fetch& fetch, Entry& out, bool& kept) {
    const int64_t now = call.now_unix_ms();
    out = {};
    kept = true;
    {
      const std::lock_guard lock(mu_);
      if (const auto it = kept_.find(key); it != kept_.end()) {
        out = it->second.entry;
        if (now < it->second.renew_unix_ms) return Ok();
      }
    }
    Entry fetched;
    Status status = fetch(fetched);
    if (!status.ok()) {
      return out.value && now < out.expires_unix_ms ? Ok() : std::move(status);
    }
    kept = false;
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

  // Unless somebody has renewed it since.
  void Forget(const std::string& key, const Entry& refused) {
    const std::lock_guard lock(mu_);
    const auto it = kept_.find(key);
    if (it != kept_.end() && it->second.entry.value == refused.value) kept_.erase(it);
  }

  std::mutex mu_;
  std::map<std::string, Kept> kept_;  // guarded by mu_
};

}  // namespace gantry::sdk
