#include "oci/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stop_token>

#include "base/status.h"
#include "base/unique_fd.h"

namespace gantry {
namespace {

constexpr size_t kMaxInput = 4096;  // PIPE_BUF: fits a pipe that nobody reads yet
constexpr milliseconds kExitPoll{10};

Error SystemError(std::string_view what, int error) {
  return Internal(reason::kInternal, "{}: {}", what, std::strerror(error));
}

absl::Status MakePipe(UniqueFd& read_end, UniqueFd& write_end) {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) return SystemError("pipe", errno);
  read_end = UniqueFd(fds[0]);
  write_end = UniqueFd(fds[1]);
  return absl::OkStatus();
}

// Owns the child; the destructor kills its group, unless it has ended by itself.  The group's
// number cannot be another's as long as the child is not reaped.
class RunningChild {
 public:
  explicit RunningChild(pid_t pid) : pid_(pid) {}
  RunningChild(const RunningChild&) = delete;
  RunningChild& operator=(const RunningChild&) = delete;
  ~RunningChild() {
    if (reaped_) return;
    kill(-pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }

  // True when it has ended.
  bool Poll() {
    int status = 0;
    if (!reaped_ && waitpid(pid_, &status, WNOHANG) != 0) {
      reaped_ = true;
      exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    return reaped_;
  }
  int exit_code() const { return exit_code_; }

 private:
  const pid_t pid_;
  bool reaped_ = false;
  int exit_code_ = 0;
};

absl::StatusOr<pid_t> Spawn(const ChildProcess& child, int input, int output) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);

  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::string path = child.path;
  std::vector<std::string> arguments = child.arguments, environment = child.environment;
  std::vector<char*> argv{path.data()}, envp;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  for (std::string& variable : environment) envp.push_back(variable.data());
  argv.push_back(nullptr);
  envp.push_back(nullptr);

  pid_t pid = 0;
  const int error =
      posix_spawn(&pid, path.c_str(), &actions, &attributes, argv.data(), envp.data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return SystemError(path, error);
  return pid;
}

}  // namespace

absl::StatusOr<ChildResult> RunChild(const CallContext& call, const ChildProcess& child) {
  GANTRY_RETURN_IF_ERROR(call.Check());
  if (child.input.size() > kMaxInput) {
    return InvalidArgument(reason::kInvalidArgument, "the program's input is too long");
  }
  UniqueFd input_read, input_write, output_read, output_write;
  GANTRY_RETURN_IF_ERROR(MakePipe(input_read, input_write));
  GANTRY_RETURN_IF_ERROR(MakePipe(output_read, output_write));
  // Written while the reading end is still open here, so that no SIGPIPE can come of it.
  if (write(input_write.get(), child.input.data(), child.input.size()) < 0) {
    return SystemError("pipe", errno);
  }
  input_write.Close();

  const UniqueFd stopped(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  const std::stop_callback on_stop(call.stop_token(), [&] { eventfd_write(stopped.get(), 1); });
  const auto limit = std::min(child.timeout, call.Remaining());
  const auto until = std::chrono::steady_clock::now() + limit;

  GANTRY_ASSIGN_OR_RETURN(const pid_t pid, Spawn(child, input_read.get(), output_write.get()));
  RunningChild running(pid);
  input_read.Close();
  output_write.Close();

  ChildResult result;
  std::array<char, 4096> buffer;
  for (bool open = true; open || !running.Poll();) {
    const auto left = std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      GANTRY_RETURN_IF_ERROR(call.Check());
      result.timed_out = true;
      return result;
    }
    // Output that is closed early leaves only the exit to wait for, which has no file to poll.
    const auto wait = open ? left : std::min(left, kExitPoll);
    pollfd fds[] = {{stopped.get(), POLLIN, 0}, {output_read.get(), POLLIN, 0}};
    const int ready = poll(fds, open ? 2 : 1, static_cast<int>(wait.count()));
    if (ready < 0 && errno != EINTR) return SystemError("poll", errno);
    if (ready <= 0) continue;
    if (fds[0].revents) {
      GANTRY_RETURN_IF_ERROR(call.Check());
    }
    if (!open || !fds[1].revents) continue;
    const ssize_t n = read(output_read.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    open = n > 0;
    if (n <= 0) continue;
    const size_t room = child.max_output_bytes - result.output.size();
    result.output.append(buffer.data(), std::min(room, static_cast<size_t>(n)));
    if (static_cast<size_t>(n) > room) {
      result.output_cut = true;
      return result;
    }
  }
  result.exit_code = running.exit_code();
  return result;
}

}  // namespace gantry
