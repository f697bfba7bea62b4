#include "oci/byte_pipe.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

#include "base/guard.h"
#include "base/status.h"

namespace gantry {
namespace {

constexpr size_t kCapacity = 4 << 20;

class Pipe final : public ByteReader, public ByteWriter {
 public:
  Pipe(const CallContext& call, Produce produce)
      : call_(call.clock(), call.Remaining(), call.request_id()),
        cancel_(call.stop_token(), [this] { call_.RequestStop(); }),
        thread_([this, produce = std::move(produce)] {
          const absl::Status status = Guard([&] { return produce(call_, *this); });
          std::lock_guard lock(mu_);
          result_ = status;
          done_ = true;
          changed_.notify_all();
        }) {}

  ~Pipe() override {
    call_.RequestStop();
    thread_.join();
  }

  absl::Status Write(std::string_view bytes) override {
    std::unique_lock lock(mu_);
    const auto room = [this] { return buffered_ < kCapacity; };
    if (!changed_.wait_for(lock, call_.stop_token(), call_.Remaining(), room)) return Ended();
    chunks_.emplace_back(bytes);
    buffered_ += bytes.size();
    changed_.notify_all();
    return absl::OkStatus();
  }

  absl::StatusOr<size_t> Read(std::span<char> buffer) override {
    std::unique_lock lock(mu_);
    const auto ready = [this] { return !chunks_.empty() || done_; };
    if (!changed_.wait_for(lock, call_.stop_token(), call_.Remaining(), ready)) return Ended();
    if (chunks_.empty()) {
      if (!result_.ok()) return result_;
      return 0;
    }
    const std::string& front = chunks_.front();
    const size_t n = std::min(buffer.size(), front.size() - used_);
    front.copy(buffer.data(), n, used_);
    used_ += n;
    buffered_ -= n;
    if (used_ == front.size()) {
      chunks_.pop_front();
      used_ = 0;
    }
    changed_.notify_all();
    return n;
  }

 private:
  absl::Status Ended() const {
    const absl::Status status = call_.Check();
    return status.ok() ? DeadlineExceeded(reason::kDeadlineExceeded, "the source is too slow")
                       : status;
  }

  CallContext call_;
  std::stop_callback<std::function<void()>> cancel_;
  std::mutex mu_;
  std::condition_variable_any changed_;
  std::deque<std::string> chunks_;  // guarded by mu_, as all below
  size_t used_ = 0, buffered_ = 0;
  bool done_ = false;
  absl::Status result_;
  std::thread thread_;  // last: it uses the rest
};

}  // namespace

std::unique_ptr<ByteReader> StreamFrom(const CallContext& call, Produce produce) {
  return std::make_unique<Pipe>(call, std::move(produce));
}

}  // namespace gantry
