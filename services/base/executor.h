// A bounded pool of threads for work that blocks, so that gRPC's own threads never do.
#pragma once

#include <absl/functional/any_invocable.h>

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace gantry {

// Thread-safe.  The destructor runs what is queued, then joins.
class Executor {
 public:
  using Job = absl::AnyInvocable<void()>;
  using Ticket = uint64_t;

  Executor(std::string name, int threads, size_t max_queue);
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // False when the queue is full or the pool is stopping: the caller answers "overloaded" at once.
  // What the job throws ends the process: see base/guard.h.
  bool TryPost(Job job, Ticket* ticket = nullptr);
  // Takes a job out of the queue, where nobody waits for it any more.  False when it has begun.
  bool Withdraw(Ticket ticket);

 private:
  void Run();

  const std::string name_;
  const size_t max_queue_;
  std::mutex mu_;
  std::condition_variable wake_;
  std::map<Ticket, Job> queue_;  // in the order of their coming; guarded by mu_
  Ticket last_ticket_ = 0;       // guarded by mu_
  bool stopping_ = false;        // guarded by mu_
  std::vector<std::thread> threads_;
};

}  // namespace gantry
