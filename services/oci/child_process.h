// A program run to its end: some input, some output, an exit status.
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "base/call_context.h"

namespace gantry {

struct ChildProcess {
  std::string path;                      // of the program; no PATH search, no shell
  std::vector<std::string> arguments;    // without the program's own name
  std::vector<std::string> environment;  // "NAME=value"
  std::string input;                     // at most 4 KiB
  size_t max_output_bytes = 64 << 10;
  milliseconds timeout{30'000};
};

struct ChildResult {
  int exit_code = 0;  // 128 + n after signal n
  std::string output;
  bool output_cut = false;
  bool timed_out = false;
};

// Runs it in a process group of its own, with stderr thrown away and no other open file, and kills
// the whole group when it is too slow, writes too much, or the call ends.
//   INVALID_ARGUMENT   the input is too long
//   INTERNAL           the system cannot start it: no memory, no program, not executable
//   CANCELLED, DEADLINE_EXCEEDED   of the call
absl::StatusOr<ChildResult> RunChild(const CallContext& call, const ChildProcess& child);

}  // namespace gantry
