#include "clients/cli/signals.h"

#include <signal.h>
#include <unistd.h>

#include "clients/cli/exit_code.h"

namespace gantry::cli {
namespace {

// SIGUSR2 is how the destructor ends the thread.
sigset_t Watched() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGUSR2);
  return set;
}

}  // namespace

SignalWatch::SignalWatch() {
  const sigset_t set = Watched();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
  thread_ = std::thread([this, set] {
    int received = 0;
    while (sigwait(&set, &received) == 0 && received != SIGUSR2) {
      if (!stop_.request_stop()) _exit(kCancelled);
    }
  });
}

SignalWatch::~SignalWatch() {
  pthread_kill(thread_.native_handle(), SIGUSR2);
  thread_.join();
}

}  // namespace gantry::cli
