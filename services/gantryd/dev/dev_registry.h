// The development registry: Debian's docker-registry on loopback, started and supervised.
#pragma once

#include <absl/status/statusor.h>

#include <sys/types.h>

#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/call_context.h"
#include "net/http_client.h"

namespace gantry {

// Owns the child process: started again when it dies, stopped with this object.  Its data stays in
// the state directory, and its port stays the same from start to start while nobody else takes it.
class DevRegistry {
 public:
  // Returns when the registry answers.  `http` is borrowed.
  //   FAILED_PRECONDITION   docker-registry is not installed; the remedy says how
  //   UNAVAILABLE           it does not come up; the message has the end of its log
  static absl::StatusOr<std::unique_ptr<DevRegistry>> Start(const CallContext& call,
                                                            HttpClient& http,
                                                            const std::string& directory);
  ~DevRegistry();

  // "localhost:PORT".
  std::string host() const { return "localhost:" + std::to_string(port_); }

 private:
  DevRegistry(std::string program, std::string directory, int port);

  absl::Status WriteConfig() const;
  absl::Status Spawn();
  absl::Status WaitUntilReady(const CallContext& call, HttpClient& http) const;
  void Supervise(std::stop_token stop);

  const std::string program_, directory_;
  const int port_;
  mutable std::mutex mu_;
  pid_t child_ = -1;  // guarded by mu_
  std::jthread supervisor_;
};

}  // namespace gantry
