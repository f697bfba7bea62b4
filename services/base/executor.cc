#include "base/executor.h"

#include <pthread.h>

#include <utility>

namespace gantry {

Executor::Executor(std::string name, int threads, size_t max_queue)
    : name_(std::move(name)), max_queue_(max_queue) {
  threads_.reserve(static_cast<size_t>(threads));
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Run(); });
}

Executor::~Executor() {
  {
    std::lock_guard lock(mu_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool Executor::TryPost(Job job, Ticket* ticket) {
  {
    std::lock_guard lock(mu_);
    if (stopping_ || queue_.size() >= max_queue_) return false;
    queue_.emplace(++last_ticket_, std::move(job));
    if (ticket) *ticket = last_ticket_;
  }
  wake_.notify_one();
  return true;
}

bool Executor::Withdraw(Ticket ticket) {
  std::unique_lock lock(mu_);
  const auto withdrawn = queue_.extract(ticket);
  lock.unlock();  // what the job holds goes without it
  return !withdrawn.empty();
}

void Executor::Run() {
  pthread_setname_np(pthread_self(), name_.substr(0, 15).c_str());
  for (;;) {
    Job job;
    {
      std::unique_lock lock(mu_);
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      job = std::move(queue_.extract(queue_.begin()).mapped());
    }
    job();
  }
}

}  // namespace gantry
