#include "net/host_gate.h"

#include <algorithm>
#include <ctime>

#include "base/status.h"
#include "base/strings.h"
#include "net/retry.h"

namespace gantry {
namespace {

// However long a registry asks for, a day later it is asked again.
constexpr milliseconds kLongestClosing = std::chrono::hours(24);
constexpr milliseconds kFirstPause{1'000};
constexpr milliseconds kLongestPause{30'000};

// How long a host is left alone that has said `times` times in a row that it wants to be, but not
// how long.
milliseconds PauseAfter(int times) {
  const milliseconds pause =
      std::min(kFirstPause * (1 << std::clamp(times - 1, 0, 10)), kLongestPause);
  return pause + UpTo(pause / 2);
}

}  // namespace

absl::StatusOr<HostGate::Place> HostGate::Enter(const CallContext& call, Pass pass) {
  Lock lock(mu_);
  if (pass == Pass::kOpening) {
    GANTRY_RETURN_IF_ERROR(WaitForOpening(lock, call));
    return Place(*this, limit_.round(), /*counts=*/false);
  }
  const uint64_t ticket = ++last_ticket_;
  queue_.push_back(ticket);
  const absl::Status let_in = WaitForPlace(lock, call, ticket);
  std::erase(queue_, ticket);
  if (let_in.ok()) limit_.Enter();
  Changed();
  if (!let_in.ok()) return let_in;
  return Place(*this, limit_.round(), /*counts=*/true);
}

absl::Status HostGate::WaitForPlace(Lock& lock, const CallContext& call, uint64_t ticket) {
  for (;;) {
    const bool first = queue_.front() == ticket;
    // One waits for the opening, the others for that one.
    GANTRY_RETURN_IF_ERROR(first ? WaitForOpening(lock, call) : CheckOpening(call));
    const MonoTime now = call.clock().Mono();
    if (first && limit_.HasRoom(now)) return absl::OkStatus();
    if (absl::Status s = call.Check(); !s.ok()) {
      if (call.stop_token().stop_requested()) return s;
      return Unavailable(
                 reason::kUpstreamThrottled,
                 "the registry takes only so many requests at once, and none of those under "
                 "way has ended in time")
          .Remedy("push fewer images to it at once, or give the call more time");
    }
    milliseconds wait = call.Remaining();
    if (first) wait = std::min(wait, std::chrono::ceil<milliseconds>(limit_.NextStep() - now));
    changed_.wait_for(lock, call.stop_token(), std::max(wait, milliseconds(1)),
                      [this, seen = changes_] { return changes_ != seen; });
  }
}

absl::Status HostGate::WaitForOpening(Lock& lock, const CallContext& call) {
  for (;;) {
    GANTRY_RETURN_IF_ERROR(CheckOpening(call));
    const auto wait = std::chrono::ceil<milliseconds>(open_at_ - call.clock().Mono());
    if (wait <= milliseconds(0)) return absl::OkStatus();
    lock.unlock();
    const absl::Status slept = call.Sleep(wait);
    lock.lock();
    if (!slept.ok()) return slept;
  }
}

absl::Status HostGate::CheckOpening(const CallContext& call) const {
  const auto wait = std::chrono::ceil<milliseconds>(open_at_ - call.clock().Mono());
  if (wait <= milliseconds(0)) return absl::OkStatus();
  if (wait <= kLongestWait && wait < call.Remaining()) return absl::OkStatus();
  return Unavailable(reason::kUpstreamThrottled, "the registry asked to wait {} s",
                     std::chrono::ceil<std::chrono::seconds>(wait).count())
      .RetryAfter(wait)
      .Remedy("try again after that time, or lower the load on the registry");
}

void HostGate::Changed() {
  ++changes_;
  changed_.notify_all();
}

HostGate::Place::~Place() {
  if (!gate_ || !counts_) return;
  const Lock lock(gate_->mu_);
  gate_->limit_.Leave();
  gate_->Changed();
}

void HostGate::Place::OnAnswer(const Clock& clock) {
  const Lock lock(gate_->mu_);
  gate_->limit_.OnAnswer(round_, clock.Mono());
}

void HostGate::Place::OnThrottled(const Clock& clock, std::optional<milliseconds> asked) {
  const Lock lock(gate_->mu_);
  gate_->limit_.OnThrottled(round_);
  const milliseconds wait =
      asked ? std::min(*asked, kLongestClosing) : PauseAfter(gate_->limit_.cuts_in_a_row());
  gate_->open_at_ = std::max(gate_->open_at_, clock.Mono() + wait);
  gate_->limit_.RestUntil(gate_->open_at_);
  gate_->Changed();
}

std::shared_ptr<HostGate> HostGates::For(const std::string& host) {
  std::lock_guard lock(mu_);
  auto& gate = gates_[host];
  if (!gate) gate = std::make_shared<HostGate>();
  return gate;
}

std::optional<milliseconds> ParseRetryAfter(std::string_view value, WallTime now) {
  value = Trim(value);
  if (!value.empty() && value.size() <= 9 && value.find_first_not_of("0123456789") == value.npos) {
    const std::chrono::seconds wait(std::stoll(std::string(value)));
    if (wait == std::chrono::seconds(0)) return std::nullopt;
    return wait;
  }
  std::tm parts{};
  const std::string text(value);
  const char* end = strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (!end || *end != '\0') return std::nullopt;
  const auto wait = WallTimeOf(timegm(&parts)) - now;
  if (wait <= milliseconds(0)) return std::nullopt;
  return std::chrono::ceil<milliseconds>(wait);
}

}  // namespace gantry
