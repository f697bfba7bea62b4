// Values that expire, each fetched by one caller while the others wait for it.
#pragma once

#include <absl/cleanup/cleanup.h>
#include <absl/functional/function_ref.h>
#include <absl/status/statusor.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "base/call_context.h"
#include "base/status.h"

namespace gantry {

// Thread-safe.  For tokens and credentials, whose fetching is slow, may fail, and must not be done
// by thirty uploads at once.
//
// A value is used up to `renew`; between `renew` and `expires` one caller renews it while the
// others go on with it, and a failure to renew is no failure as long as the old value lives.  A
// caller that gives up while it fetches hands over to one that waits.
template <class V>
class RefreshingCache {
 public:
  struct Entry {
    V value;
    MonoTime renew, expires;
  };
  using Fetch = absl::FunctionRef<absl::StatusOr<Entry>()>;

  // Failures are told to later callers for `failure_life`, without a new try.
  explicit RefreshingCache(milliseconds failure_life = milliseconds(0))
      : failure_life_(failure_life) {}

  // `fetched` is set to whether this call has fetched the value itself or waited for who did.
  // The error is that of `fetch`, or of the call.
  absl::StatusOr<V> Get(const CallContext& call, const std::string& key, Fetch fetch,
                        bool* fetched = nullptr) {
    std::unique_lock lock(mu_);
    const std::shared_ptr<Slot> slot = SlotFor(call, key);
    bool waited = false;
    for (;;) {
      GANTRY_RETURN_IF_ERROR(call.Check());
      const MonoTime now = call.clock().Mono();
      const bool alive = slot->entry && now < slot->entry->expires;
      if (alive && (now < slot->entry->renew || slot->fetching)) {
        if (fetched) *fetched = waited;
        return slot->entry->value;
      }
      if (!alive && !slot->failure.ok() && (now < slot->failure_until || waited)) {
        return slot->failure;
      }
      if (!slot->fetching) break;
      waited = true;
      const bool woken = done_.wait_for(lock, call.stop_token(), call.Remaining(),
                                        [&] { return !slot->fetching; });
      if (!woken) {
        GANTRY_RETURN_IF_ERROR(call.Check());
        return DeadlineExceeded(reason::kDeadlineExceeded, "the call's deadline has passed");
      }
    }
    slot->fetching = true;
    slot->failure = absl::OkStatus();
    absl::StatusOr<Entry> result = Unlocked(lock, *slot, fetch);
    if (fetched) *fetched = true;
    if (result.ok()) {
      slot->entry = *std::move(result);
      return slot->entry->value;
    }
    // Who gives up says nothing about the value: the next one tries for itself.
    if (!call.Check().ok()) return result.status();
    const MonoTime now = call.clock().Mono();
    if (slot->entry && now < slot->entry->expires) {
      slot->entry->renew = now + std::min<MonoTime::duration>((slot->entry->expires - now) / 4,
                                                              std::chrono::seconds(5));
      if (fetched) *fetched = false;
      return slot->entry->value;
    }
    slot->failure = result.status();
    slot->failure_until = now + failure_life_;
    return slot->failure;
  }

  // Forgets the value when `refused` says it is the one that was refused; nobody else may have
  // renewed it since.
  void DropIf(const std::string& key, absl::FunctionRef<bool(const V&)> refused) {
    std::lock_guard lock(mu_);
    const auto it = slots_.find(key);
    if (it == slots_.end()) return;
    Slot& slot = *it->second;
    if (slot.entry && refused(slot.entry->value)) slot.entry.reset();
    slot.failure_until = {};
  }

 private:
  struct Slot {
    std::optional<Entry> entry;
    bool fetching = false;
    absl::Status failure;  // of the last fetch, while it is of interest
    MonoTime failure_until{};
  };
  static constexpr size_t kMaxSlots = 1024;

  // Others may fetch for the slot again afterwards, also when `fetch` throws.
  absl::StatusOr<Entry> Unlocked(std::unique_lock<std::mutex>& lock, Slot& slot, Fetch fetch) {
    lock.unlock();
    const absl::Cleanup locked_again = [&] {
      lock.lock();
      slot.fetching = false;
      done_.notify_all();
    };
    return fetch();
  }

  std::shared_ptr<Slot> SlotFor(const CallContext& call, const std::string& key) {
    if (const auto it = slots_.find(key); it != slots_.end()) return it->second;
    if (slots_.size() >= kMaxSlots) {
      const MonoTime now = call.clock().Mono();
      std::erase_if(slots_, [now](const auto& item) {
        const Slot& slot = *item.second;
        return !slot.fetching && (!slot.entry || slot.entry->expires <= now);
      });
      if (slots_.size() >= kMaxSlots) slots_.clear();
    }
    return slots_.emplace(key, std::make_shared<Slot>()).first->second;
  }

  const milliseconds failure_life_;
  std::mutex mu_;
  std::condition_variable_any done_;
  std::map<std::string, std::shared_ptr<Slot>> slots_;  // it and the slots: guarded by mu_
};

}  // namespace gantry
