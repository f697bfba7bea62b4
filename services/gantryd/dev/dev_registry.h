// The development registry: Debian's docker-registry on loopback, started and supervised.
#pragma once

#include <absl/status/statusor.h>

#include <sys/types.h>

#include <atomic>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>

#include "base/call_context.h"
#include "net/http_client.h"

namespace gantry {

// Owns the child process: started again when it dies, stopped with this object, and killed by the
// kernel when the daemon is killed.  Its data stays in the state directory, and its port stays the
// same from start to start while nobody else takes it.
class DevRegistry {
 public:
  // Returns when the registry answers.  `http` is borrowed.
  //   UNAVAILABLE UPSTREAM_UNAVAILABLE   docker-registry is not installed, or does not come up; the
  //                                      message has the end of its log
  //   UNAVAILABLE STORE_FULL             the state directory cannot be written
  static absl::StatusOr<std::unique_ptr<DevRegistry>> Start(const CallContext& call,
                                                            HttpClient& http,
                                                            const std::string& directory);

  // "localhost:PORT".
  std::string host() const { return "localhost:" + std::to_string(port_); }

 private:
  DevRegistry(std::string setpriv, std::string program, std::string directory, int port);

  absl::Status WriteConfig() const;
  absl::Status WaitUntilReady(const CallContext& call, HttpClient& http) const;
  absl::StatusOr<pid_t> Spawn() const;
  // The supervisor's loop: one child after the other, each of them this thread's.
  void Supervise(std::stop_token stop);

  const std::string setpriv_, program_, directory_;
  const int port_;
  std::atomic<int> ended_ = 0;  // children so far that ended by themselves
  std::jthread supervisor_;     // last: stopped before anything it uses goes
};

}  // namespace gantry
