#include "gantryd/readiness.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "base/guard.h"
#include "base/status.h"

namespace gantry {
namespace {

constexpr std::chrono::seconds kInterval{5};

}  // namespace

Readiness::Readiness(const Clock& clock, Store& store, Tell tell)
    : clock_(clock),
      store_(store),
      tell_(std::move(tell)),
      thread_([this](const std::stop_token& stop) { Watch(stop); }) {}

void Readiness::Watch(const std::stop_token& stop) {
  bool ready = true;
  while (clock_.Sleep(kInterval, stop)) {
    const absl::Status status = Guard([this] { return store_.Check(); });
    if (status.ok() == ready) continue;
    ready = status.ok();
    if (ready) {
      spdlog::info("the state can be used again");
    } else {
      spdlog::error("not ready: {}", MessageOf(status));
    }
    tell_(ready);
  }
}

}  // namespace gantry
