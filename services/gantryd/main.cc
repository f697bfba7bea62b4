// gantryd: start, wait for a signal, drain.
#include <signal.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <thread>

#include "base/status.h"
#include "gantryd/config.h"
#include "gantryd/daemon.h"
#include "gantryd/log.h"

namespace gantry {
namespace {

enum ExitCode { kDone = 0, kStartFailed = 1, kWatchdog = 3 };

// Before any thread: every thread inherits the mask, and only sigwait sees these signals.
sigset_t BlockSignals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return set;
}

// True when one came before `deadline`. A debugger or a leak check that stops the thread ends
// sigtimedwait with EINTR: that is not the deadline.
bool WaitForSignal(const sigset_t& signals, std::chrono::steady_clock::time_point deadline) {
  while (true) {
    const auto left = std::max(deadline - std::chrono::steady_clock::now(),
                               std::chrono::steady_clock::duration::zero());
    const auto whole = std::chrono::floor<std::chrono::seconds>(left);
    const timespec limit{whole.count(), std::chrono::nanoseconds(left - whole).count()};
    if (sigtimedwait(&signals, nullptr, &limit) > 0) return true;
    if (errno != EINTR) return false;
  }
}

// Ends the process when a call does not let the drain end, or when a second signal comes.
void WatchTheDrain(const sigset_t& signals, std::chrono::seconds patience) {
  std::thread([signals, patience] {
    const bool again = WaitForSignal(signals, std::chrono::steady_clock::now() + patience);
    std::fprintf(stderr, "gantryd: %s\n", again ? "second signal: ending at once"
                                                : "the drain does not end: giving up");
    _exit(kWatchdog);
  }).detach();
}

int Main(int argc, char** argv) {
  const sigset_t signals = BlockSignals();
  Config config;
  EarlyExit early;
  if (!ParseConfig(argc, argv, config, early)) {
    std::fputs(early.text.c_str(), early.code == 0 ? stdout : stderr);
    return early.code;
  }
  SetUpLog(config.log_level, config.log_format == "json");
  auto daemon = Daemon::Start(config);
  if (!daemon.ok()) {
    spdlog::critical("cannot start: {}", MessageOf(daemon.status()));
    if (const auto remedy = DetailOf(daemon.status()).remedy; !remedy.empty()) {
      spdlog::critical("what to do: {}", remedy);
    }
    return kStartFailed;
  }
  spdlog::info("listening on {}, state in {}", (*daemon)->address(), config.state_dir);
  int signal = 0;
  sigwait(&signals, &signal);
  spdlog::info("signal {}: draining", signal);
  WatchTheDrain(signals, config.drain_delay + config.drain_timeout + std::chrono::seconds(10));
  (*daemon)->Drain();
  daemon->reset();
  spdlog::info("ended");
  return kDone;
}

}  // namespace
}  // namespace gantry

int main(int argc, char** argv) { return gantry::Main(argc, argv); }
