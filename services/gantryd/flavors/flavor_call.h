// One operation of a flavor under way: what the ABI's gantry_call points to.
#pragma once

#include <absl/status/status.h>

#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/call_context.h"
#include "gantryd/flavors/flavor.h"
#include "plugins/abi/flavor_abi.h"

// Made by the facade for each operation, on its stack.  Thread-safe: a flavor may work for one call
// on several threads, as long as all are done when the operation returns.
struct gantry_call {
 public:
  // What an operation may ask of the host, beside logging and time.
  enum class Rights { kNone, kSecrets, kNetwork, kPush };

  gantry_call(const gantry::CallContext& context, std::string_view operation, Rights rights)
      : context_(context), operation_(operation), rights_(rights) {}
  gantry_call(const gantry_call&) = delete;
  gantry_call& operator=(const gantry_call&) = delete;

  const gantry::CallContext& context() const { return context_; }
  std::string_view operation() const { return operation_; }
  bool May(Rights needed) const { return rights_ >= needed; }

  // Why the operation is about to fail; the last one counts.
  void SetError(absl::Status error);
  absl::Status error() const;

  // The one registry this operation is about, or empty; and of a push, its job.
  std::string registry_host;
  gantry::PushJob* job = nullptr;
  std::atomic<bool> pushing = false;

  void SetPushed(gantry::PushedImage image);
  std::optional<gantry::PushedImage> pushed() const;

  // What the flavor has logged at warning level, a sentence each; the first sixteen.
  void NoteWarning(std::string text) const;
  std::vector<std::string> warnings() const;

 private:
  const gantry::CallContext& context_;
  const std::string_view operation_;
  const Rights rights_;
  mutable std::mutex mu_;
  absl::Status error_;                         // guarded by mu_
  std::optional<gantry::PushedImage> pushed_;  // guarded by mu_
  mutable std::vector<std::string> warnings_;  // guarded by mu_
};
