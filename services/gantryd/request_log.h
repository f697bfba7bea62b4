// Idempotency: a request id's first answer is every later answer.
#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/statusor.h>

#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "store/store.h"

namespace gantry {

// Thread-safe.
class RequestLog {
 public:
  explicit RequestLog(Store& store) : store_(store) {}  // borrowed

  // Runs `work` once per request id and returns its answer's bytes; without an id it just runs it.
  // `body` is what makes two requests the same, secrets and all; the store keeps a keyed hash of it.
  // Failures are forgotten, so that a repeat tries again; so is an answer that could not be written
  // down.
  // Of an id that a killed daemon had begun, `done` is asked first, with the time of that: for the
  // answer, if the work was done and only the answer was not written down.
  //   INVALID_ARGUMENT REQUEST_ID_REUSED     the id belongs to another request
  //   ABORTED REQUEST_IN_PROGRESS            the first call still runs; carries RetryAfter
  absl::StatusOr<std::string> Once(
      const std::string& request_id, const std::string& method, const std::string& body,
      absl::FunctionRef<absl::StatusOr<std::string>()> work,
      absl::FunctionRef<std::optional<std::string>(WallTime begun)> done =
          [](WallTime) { return std::nullopt; });

 private:
  // The first call has ended: writes its answer down, or forgets the id.
  void End(const std::string& request_id, const absl::StatusOr<std::string>& answer);

  Store& store_;
  std::mutex mu_;
  std::set<std::string> to_forget_;  // ended, though the store still calls them running; by mu_
};

}  // namespace gantry
