#include "gantryd/dev/dev_registry.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/status.h"

extern char** environ;

namespace gantry {
namespace {

namespace fs = std::filesystem;

constexpr milliseconds kFirstRestart{500};
constexpr milliseconds kSlowestRestart{30'000};
constexpr milliseconds kStopPatience{5'000};

std::string FindProgram(const std::string& name) {
  const char* path = std::getenv("PATH");
  for (const std::string_view directory : Split(path ? path : "/usr/bin:/bin", ':')) {
    const fs::path candidate = fs::path(directory) / name;
    if (access(candidate.c_str(), X_OK) == 0) return candidate.string();
  }
  return "";
}

// The port itself when it is free (or 0 was asked and the kernel chose one), else 0.
int TryPort(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  socklen_t size = sizeof address;
  int chosen = 0;
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0) {
    chosen = ntohs(address.sin_port);
  }
  close(fd);
  return chosen;
}

// The port of the last start, so that names of pushed images stay valid.
int ChoosePort(const fs::path& file) {
  int last = 0;
  std::ifstream(file) >> last;
  int port = last > 0 && last < 65536 ? TryPort(last) : 0;
  if (port == 0) port = TryPort(0);
  std::ofstream(file) << port << "\n";
  return port;
}

std::string TailOf(const fs::path& file) {
  std::ifstream in(file, std::ios::binary | std::ios::ate);
  const auto size = std::max<std::streamoff>(in.tellg(), 0);
  in.seekg(std::max<std::streamoff>(0, size - 400));
  std::string text(std::istreambuf_iterator<char>(in), {});
  return Excerpt(text, 400);
}

}  // namespace

DevRegistry::DevRegistry(std::string program, std::string directory, int port)
    : program_(std::move(program)), directory_(std::move(directory)), port_(port) {}

absl::StatusOr<std::unique_ptr<DevRegistry>> DevRegistry::Start(const CallContext& call,
                                                                HttpClient& http,
                                                                const std::string& directory) {
  std::string program = FindProgram("docker-registry");
  if (program.empty()) {
    return FailedPrecondition(reason::kInvalidConfig, "--dev needs docker-registry, which is not "
                                                      "installed")
        .Remedy("install it: apt-get install docker-registry");
  }
  std::error_code error;
  fs::create_directories(fs::path(directory) / "data", error);
  const int port = ChoosePort(fs::path(directory) / "port");
  if (error || port == 0) {
    return Unavailable(reason::kStoreUnavailable, "cannot set up the development registry in {}",
                       directory);
  }
  std::unique_ptr<DevRegistry> registry(new DevRegistry(std::move(program), directory, port));
  GANTRY_RETURN_IF_ERROR(registry->WriteConfig());
  GANTRY_RETURN_IF_ERROR(registry->Spawn());
  GANTRY_RETURN_IF_ERROR(registry->WaitUntilReady(call, http));
  registry->supervisor_ =
      std::jthread([r = registry.get()](std::stop_token stop) { r->Supervise(stop); });
  return registry;
}

absl::Status DevRegistry::WriteConfig() const {
  // JSON is YAML, and quotes paths rightly.
  const nlohmann::json config = {
      {"version", "0.1"},
      {"log", {{"level", "warn"}}},
      {"storage",
       {{"filesystem", {{"rootdirectory", (fs::path(directory_) / "data").string()}}},
        {"delete", {{"enabled", true}}}}},
      {"http", {{"addr", "127.0.0.1:" + std::to_string(port_)}, {"secret", "development"}}}};
  std::ofstream out(fs::path(directory_) / "config.yml");
  out << config.dump(2) << "\n";
  out.close();
  if (out) return absl::OkStatus();
  return Unavailable(reason::kStoreFull, "cannot write the development registry's configuration");
}

absl::Status DevRegistry::Spawn() {
  const std::string config = (fs::path(directory_) / "config.yml").string();
  const std::string log = (fs::path(directory_) / "log").string();
  // setpriv makes the kernel stop the child when the daemon is killed, however it is killed.
  const std::string setpriv = FindProgram("setpriv");
  std::vector<std::string> words;
  if (!setpriv.empty()) words = {setpriv, "--pdeathsig", "TERM"};
  words.insert(words.end(), {program_, "serve", config});
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log.c_str(),
                                   O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);  // the daemon blocks the signals that stop it
  posix_spawnattr_setpgroup(&attributes, 0);       // a Ctrl-C is for the daemon alone
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  pid_t child = -1;
  const int failed = posix_spawn(&child, argv[0], &actions, &attributes, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (failed != 0) {
    return Unavailable(reason::kUpstreamUnavailable, "cannot start {}: {}", program_,
                       std::generic_category().message(failed));
  }
  std::lock_guard lock(mu_);
  child_ = child;
  return absl::OkStatus();
}

absl::Status DevRegistry::WaitUntilReady(const CallContext& call, HttpClient& http) const {
  HttpRequest ping;
  ping.url = "http://127.0.0.1:" + std::to_string(port_) + "/v2/";
  for (;;) {
    if (const auto answer = http.Do(call, ping); answer.ok() && answer->status == 200) {
      return absl::OkStatus();
    }
    int status = 0;
    if (waitpid(child_, &status, WNOHANG) == child_ || !call.Sleep(milliseconds(20)).ok()) {
      return Unavailable(reason::kUpstreamUnavailable, "the development registry does not start: {}",
                         TailOf(fs::path(directory_) / "log"))
          .Remedy("see {}/log", directory_);
    }
  }
}

void DevRegistry::Supervise(std::stop_token stop) {
  const SystemClock clock;
  milliseconds pause = kFirstRestart;
  while (!stop.stop_requested()) {
    pid_t child;
    {
      std::lock_guard lock(mu_);
      child = child_;
    }
    siginfo_t info{};
    const bool ended = child <= 0 || (waitid(P_PID, static_cast<id_t>(child), &info,
                                             WEXITED | WNOHANG) == 0 && info.si_pid == child);
    if (!ended) {
      clock.Sleep(milliseconds(200), stop);
      continue;
    }
    spdlog::warn("the development registry ended (status {}); starting it again in {} ms",
                 info.si_status, pause.count());
    if (!clock.Sleep(pause, stop)) {
      std::lock_guard lock(mu_);
      child_ = -1;
      return;
    }
    pause = std::min(pause * 2, kSlowestRestart);
    if (const absl::Status s = Spawn(); !s.ok()) spdlog::error("{}", MessageOf(s));
  }
}

DevRegistry::~DevRegistry() {
  supervisor_.request_stop();
  if (supervisor_.joinable()) supervisor_.join();
  if (child_ <= 0) return;
  kill(child_, SIGTERM);
  const SystemClock clock;
  for (milliseconds waited{0}; waited < kStopPatience; waited += milliseconds(20)) {
    if (waitpid(child_, nullptr, WNOHANG) != 0) return;
    clock.Sleep(milliseconds(20), {});
  }
  kill(child_, SIGKILL);
  waitpid(child_, nullptr, 0);
}

}  // namespace gantry
