#include "net/host_gate.h"

#include <algorithm>
#include <ctime>

#include "base/status.h"
#include "base/strings.h"

namespace gantry {
namespace {

constexpr milliseconds kLongestWait = std::chrono::minutes(5);

}  // namespace

absl::Status HostGate::Enter(const CallContext& call) {
  for (;;) {
    milliseconds wait{0};
    {
      std::lock_guard lock(mu_);
      wait = std::chrono::ceil<milliseconds>(open_at_ - call.clock().Mono());
    }
    if (wait <= milliseconds(0)) return absl::OkStatus();
    if (wait > kLongestWait || wait >= call.Remaining()) {
      return Unavailable(reason::kUpstreamThrottled, "the registry asked to wait {} s",
                         std::chrono::ceil<std::chrono::seconds>(wait).count())
          .RetryAfter(wait)
          .Remedy("try again after that time, or lower the load on the registry");
    }
    GANTRY_RETURN_IF_ERROR(call.Sleep(wait));
  }
}

void HostGate::Close(const Clock& clock, milliseconds wait) {
  std::lock_guard lock(mu_);
  open_at_ = std::max(open_at_, clock.Mono() + wait);
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
    return std::chrono::seconds(std::stoll(std::string(value)));
  }
  std::tm parts{};
  const std::string text(value);
  const char* end = strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (!end || *end != '\0') return std::nullopt;
  const auto wait = std::chrono::system_clock::from_time_t(timegm(&parts)) - now;
  if (wait <= milliseconds(0)) return std::nullopt;
  return std::chrono::ceil<milliseconds>(wait);
}

}  // namespace gantry
