#include "clients/cli/standard_input.h"

#include <termios.h>
#include <unistd.h>

#include <iostream>
#include <sstream>
#include <utility>

#include "clients/cli/exit_code.h"

namespace gantry::cli {
namespace {

// Turns the terminal's echo off while it lives; does nothing where there is no terminal.
class EchoOff {
 public:
  EchoOff() : terminal_(tcgetattr(STDIN_FILENO, &saved_) == 0) {
    if (!terminal_) return;
    termios quiet = saved_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
  }
  ~EchoOff() { Restore(); }
  EchoOff(const EchoOff&) = delete;
  EchoOff& operator=(const EchoOff&) = delete;

  void Restore() const {
    if (terminal_) tcsetattr(STDIN_FILENO, TCSANOW, &saved_);
  }
  bool terminal() const { return terminal_; }

 private:
  termios saved_{};
  const bool terminal_;
};

}  // namespace

ReadInput StandardInput(std::stop_token stop) {
  return [stop = std::move(stop)]() -> absl::StatusOr<std::string> {
    const EchoOff echo;
    const std::stop_callback on_stop(stop, [&] {
      echo.Restore();
      _exit(kCancelled);
    });
    if (!echo.terminal()) return ReadValue(std::cin, "standard input");
    std::cerr << "value (not shown): " << std::flush;
    std::string line;
    std::getline(std::cin, line);
    std::cerr << "\n";
    std::istringstream typed(line);
    return ReadValue(typed, "standard input");
  };
}

}  // namespace gantry::cli
