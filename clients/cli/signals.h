// Ctrl-C: the first asks the command to stop, the second ends the process.
#pragma once

#include <stop_token>
#include <thread>

namespace gantry::cli {

// Blocks SIGINT and SIGTERM for the whole process, so it must be made before any other thread, and
// waits for them on a thread of its own.
class SignalWatch {
 public:
  SignalWatch();
  ~SignalWatch();
  std::stop_token stop_token() const { return stop_.get_token(); }

 private:
  std::stop_source stop_;
  std::thread thread_;
};

}  // namespace gantry::cli
