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

namespace gantry {
namespace {

namespace fs = std::filesystem;

constexpr milliseconds kFirstRestart{500};
constexpr milliseconds kSlowestRestart{30'000};
constexpr milliseconds kSteady{60'000};  // who ran that long starts again without a longer pause

absl::StatusOr<std::string> FindProgram(const char* name, const char* package) {
  const char* path = std::getenv("PATH");
  for (const std::string_view directory : Split(path ? path : "/usr/bin:/bin", ':')) {
    const fs::path candidate = fs::path(directory) / name;
    if (access(candidate.c_str(), X_OK) == 0) return candidate.string();
  }
  return Unavailable(reason::kUpstreamUnavailable, "--dev needs {}, which is not installed", name)
      .Remedy("install it, apt-get install {}, or start without --dev", package);
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

// Waits for the child's end, and asks for it when `stop` is requested.  Returns how it ended, in
// words.  docker-registry has no handler for SIGTERM, and so ends at once.
std::string WaitFor(pid_t child, const std::stop_token& stop) {
  siginfo_t info{};
  {
    const std::stop_callback ask(stop, [child] { kill(child, SIGTERM); });
    while (waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT) != 0 &&
           errno == EINTR) {
    }
  }  // up to here the child is a zombie, and so its number nobody else's
  waitpid(child, nullptr, 0);
  return fmt::format("{} {}", info.si_code == CLD_EXITED ? "exit status" : "signal",
                     info.si_status);
}

}  // namespace

DevRegistry::DevRegistry(std::string setpriv, std::string program, std::string directory, int port)
    : setpriv_(std::move(setpriv)), program_(std::move(program)), directory_(std::move(directory)),
      port_(port) {}

absl::StatusOr<std::unique_ptr<DevRegistry>> DevRegistry::Start(const CallContext& call,
                                                                HttpClient& http,
                                                                const std::string& directory) {
  GANTRY_ASSIGN_OR_RETURN(std::string program, FindProgram("docker-registry", "docker-registry"));
  GANTRY_ASSIGN_OR_RETURN(std::string setpriv, FindProgram("setpriv", "util-linux"));
  std::error_code error;
  fs::create_directories(fs::path(directory) / "data", error);
  const int port = ChoosePort(fs::path(directory) / "port");
  std::unique_ptr<DevRegistry> registry(
      new DevRegistry(std::move(setpriv), std::move(program), directory, port));
  GANTRY_RETURN_IF_ERROR(registry->WriteConfig());
  registry->supervisor_ =
      std::jthread([r = registry.get()](std::stop_token stop) { r->Supervise(stop); });
  GANTRY_RETURN_IF_ERROR(registry->WaitUntilReady(call, http));
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
  return Unavailable(reason::kStoreFull, "cannot set up the development registry in {}", directory_)
      .Remedy("check the state directory's owner, rights and free space");
}

absl::Status DevRegistry::WaitUntilReady(const CallContext& call, HttpClient& http) const {
  HttpRequest ping;
  ping.url = "http://127.0.0.1:" + std::to_string(port_) + "/v2/";
  for (;;) {
    if (const auto answer = http.Do(call, ping); answer.ok() && answer->status == 200) {
      return absl::OkStatus();
    }
    if (ended_ > 0 || !call.Sleep(milliseconds(20)).ok()) {
      return Unavailable(reason::kUpstreamUnavailable,
                         "the development registry does not start: {}",
                         TailOf(fs::path(directory_) / "log"))
          .Remedy("see {}/log", directory_);
    }
  }
}

absl::StatusOr<pid_t> DevRegistry::Spawn() const {
  const std::string config = (fs::path(directory_) / "config.yml").string();
  const std::string log = (fs::path(directory_) / "log").string();
  // setpriv makes the kernel kill the child when the thread that started it ends, as it does when
  // the daemon is killed.
  std::vector<std::string> words = {setpriv_, "--pdeathsig", "KILL", program_, "serve", config};
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
  // It needs no variable, the daemon's may hold secrets, and REGISTRY_… would change its settings.
  char* no_environment[] = {nullptr};
  pid_t child = -1;
  const int failed =
      posix_spawn(&child, argv[0], &actions, &attributes, argv.data(), no_environment);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (failed == 0) return child;
  return Unavailable(reason::kUpstreamUnavailable, "cannot start {}: {}", program_,
                     std::generic_category().message(failed));
}

void DevRegistry::Supervise(std::stop_token stop) {
  const SystemClock clock;
  milliseconds pause = kFirstRestart;
  while (!stop.stop_requested()) {
    const MonoTime started = clock.Mono();
    const absl::StatusOr<pid_t> child = Spawn();
    const std::string how =
        child.ok() ? WaitFor(*child, stop) : std::string(MessageOf(child.status()));
    if (stop.stop_requested()) return;
    ++ended_;
    if (clock.Mono() - started >= kSteady) pause = kFirstRestart;
    spdlog::warn("the development registry ended ({}); starting it again in {} ms", how,
                 pause.count());
    clock.Sleep(pause, stop);
    pause = std::min(pause * 2, kSlowestRestart);
  }
}

}  // namespace gantry
