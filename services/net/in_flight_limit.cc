#include "net/in_flight_limit.h"

#include <algorithm>

namespace gantry {
namespace {

constexpr int kCalmAnswers = 8;
constexpr std::chrono::seconds kCalmTime{10};
constexpr std::chrono::minutes kRefusedFor{1};
constexpr int kEnough = 1 << 20;  // more than anybody sends at once

}  // namespace

bool InFlightLimit::HasRoom(MonoTime now) {
  Relax(now);
  return in_flight_ < limit_;
}

MonoTime InFlightLimit::NextStep() const { return changed_at_ + kCalmTime; }

void InFlightLimit::Enter() { most_ = std::max(most_, ++in_flight_); }

void InFlightLimit::Leave() {
  if (--in_flight_ == 0) most_ = 0;
}

void InFlightLimit::OnAnswer(int round, MonoTime now) {
  Relax(now);
  if (limit_ == kNone || round != round_ || ++answers_ < kCalmAnswers) return;
  Raise(1, now);
  changed_at_ = std::max(changed_at_, now);
}

void InFlightLimit::OnThrottled(int round) {
  if (round != round_) return;
  ++round_;
  ++cuts_in_a_row_;
  refused_ = std::max(most_, 1);
  limit_ = std::max(refused_ / 2, 1);
  answers_ = most_ = 0;
}

void InFlightLimit::RestUntil(MonoTime time) {
  refused_at_ = std::max(refused_at_, time);
  changed_at_ = std::max(changed_at_, time);
}

void InFlightLimit::Relax(MonoTime now) {
  if (limit_ == kNone || now < NextStep()) return;
  const auto steps = std::min<int64_t>((now - changed_at_) / kCalmTime, kEnough);
  changed_at_ += steps * kCalmTime;
  Raise(static_cast<int>(steps), now);
}

void InFlightLimit::Raise(int by, MonoTime now) {
  const auto minutes = std::clamp<int64_t>((now - refused_at_) / kRefusedFor, 0, kEnough);
  const int most = std::max(refused_ - 1, 1) + static_cast<int>(minutes);
  limit_ = std::max(limit_, std::min(limit_ + by, most));
  answers_ = cuts_in_a_row_ = 0;
}

}  // namespace gantry
