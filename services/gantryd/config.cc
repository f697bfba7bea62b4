#include "gantryd/config.h"

#include <CLI/CLI.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/status.h"
#include "gantryd/registries/transport.h"
#include "net/address_policy.h"

namespace gantry {
namespace {

namespace fs = std::filesystem;

std::string DefaultStateDir() {
  if (const char* state = std::getenv("XDG_STATE_HOME"); state && *state == '/') {
    return std::string(state) + "/gantry";
  }
  const char* home = std::getenv("HOME");
  return home && *home == '/' ? std::string(home) + "/.local/state/gantry" : "/var/lib/gantry";
}

// <prefix>/bin/gantryd has <prefix>/lib/gantry/flavors; the build tree has flavors/ at its top.
std::string DefaultFlavorDir() {
  std::error_code ignored;
  const fs::path program = fs::read_symlink("/proc/self/exe", ignored);
  const fs::path installed = program.parent_path().parent_path() / "lib/gantry/flavors";
  for (const fs::path& directory : {installed, program.parent_path() / "../../flavors"}) {
    if (fs::exists(directory / "flavors.manifest.json", ignored)) {
      return fs::weakly_canonical(directory, ignored).string();
    }
  }
  return installed.string();
}

// What CLI11 fills in as text, and ParseConfig turns into Config's own types.
struct RawOptions {
  int64_t drain_delay, drain_timeout;
  std::vector<std::string> connect_to;
  std::string config_file, ca_file;
};

void DefineReach(CLI::App& app, Config& config, RawOptions& raw) {
  app.add_flag("--allow-implicit-login", config.allow_implicit_login,
               "Connectors may log in by this machine's own identity: environment, files, metadata "
               "services")
      ->envname("GANTRY_ALLOW_IMPLICIT_LOGIN");
  app.add_option("--allow-long-lived-credentials", config.allow_long_lived_credentials,
                 "Flavor whose connectors' own secrets may be handed out where the registry has no "
                 "short-lived ones; may be repeated")
      ->envname("GANTRY_ALLOW_LONG_LIVED_CREDENTIALS");
  app.add_option("--connect-to", raw.connect_to,
                 "HOST:PORT:HOST2:PORT2: connect to HOST2:PORT2 for HOST:PORT, as curl does; may be "
                 "repeated")
      ->envname("GANTRY_CONNECT_TO");
  app.add_option("--ca-certificates", raw.ca_file,
                 "PEM file of certificates to trust for every host, beside the system's")
      ->envname("GANTRY_CA_CERTIFICATES")
      ->check(CLI::ExistingFile);
}

void Define(CLI::App& app, Config& config, RawOptions& raw) {
  app.add_option("--config", raw.config_file, "Read options from this TOML or INI file")
      ->check(CLI::ExistingFile)
      ->configurable(false);
  app.allow_config_extras(CLI::config_extras_mode::error);
  app.set_version_flag("--version", "gantryd " GANTRY_VERSION);
  app.add_option("--listen", config.listen, "Loopback address host:port, or unix:/path")
      ->envname("GANTRY_LISTEN")
      ->capture_default_str();
  app.add_option("--state-dir", config.state_dir, "Where state and sealing key are kept")
      ->envname("GANTRY_STATE_DIR");
  app.add_flag("--dev", config.dev, "Start a docker-registry on loopback, as registry 'local'")
      ->envname("GANTRY_DEV");
  // No environment variable: whoever can set one must not choose the code that the daemon loads.
  app.add_option("--flavor-dir", config.flavor_dir, "Directory of flavors.manifest.json");
  app.add_option("--allow-source-root", config.source_roots,
                 "Clients may push images from paths below this directory; may be repeated")
      ->envname("GANTRY_ALLOW_SOURCE_ROOT");
  app.add_option("--docker-engine", config.docker_engine,
                 "Clients may push images of the Docker engine at this socket")
      ->envname("GANTRY_DOCKER_ENGINE");
  app.add_option("--log-level", config.log_level, "trace, debug, info, warn or error")
      ->envname("GANTRY_LOG_LEVEL")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error"}, CLI::ignore_case))
      ->capture_default_str();
  app.add_option("--log-format", config.log_format, "text or json")
      ->envname("GANTRY_LOG_FORMAT")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  app.add_option("--push-threads", config.push_threads, "Pushes that run at once")
      ->envname("GANTRY_PUSH_THREADS")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  app.add_option("--drain-delay", raw.drain_delay,
                 "Seconds from SIGTERM, when health says NOT_SERVING, to refusing calls")
      ->envname("GANTRY_DRAIN_DELAY")
      ->check(CLI::Range(0, 3600))
      ->capture_default_str();
  app.add_option("--drain-timeout", raw.drain_timeout, "Seconds that running calls have to end")
      ->envname("GANTRY_DRAIN_TIMEOUT")
      ->check(CLI::Range(0, 3600))
      ->capture_default_str();
}

absl::Status Finish(const RawOptions& raw, Config& config) {
  GANTRY_RETURN_IF_ERROR(CheckListenAddress(config.listen));
  for (const std::string& text : raw.connect_to) {
    GANTRY_ASSIGN_OR_RETURN(ConnectTo entry, ConnectTo::Parse(text));
    config.connect_to.push_back(std::move(entry));
  }
  if (raw.ca_file.empty()) return absl::OkStatus();
  std::ifstream in(raw.ca_file, std::ios::binary);
  config.ca_certificates.assign(std::istreambuf_iterator<char>(in), {});
  const auto fault = CheckCertificates(config.ca_certificates);
  if (!fault) return absl::OkStatus();
  return InvalidArgument(reason::kInvalidArgument, "--ca-certificates {} {}", raw.ca_file, *fault)
      .Remedy("give a file of PEM certificates");
}

}  // namespace

bool ParseConfig(int argc, const char* const* argv, Config& config, EarlyExit& exit) {
  CLI::App app("Holds registry credentials and pushes container images.", "gantryd");
  RawOptions raw{config.drain_delay.count(), config.drain_timeout.count(), {}, {}, {}};
  Define(app, config, raw);
  DefineReach(app, config, raw);
  try {
    app.parse(argc, argv);
    if (!raw.config_file.empty()) {
      // After the rest, and so only for what the rest left open: CLI11's own set_config() lets the
      // file outweigh the environment.
      std::ifstream file(raw.config_file);
      app.parse_from_stream(file);
    }
  } catch (const CLI::ParseError& e) {
    std::ostringstream text;
    exit.code = app.exit(e, text, text) == 0 ? 0 : 2;
    exit.text = text.str();
    return false;
  }
  if (const absl::Status s = Finish(raw, config); !s.ok()) {
    exit = {2, fmt::format("gantryd: {}\n  what to do: {}\n", MessageOf(s), DetailOf(s).remedy)};
    return false;
  }
  config.drain_delay = std::chrono::seconds(raw.drain_delay);
  config.drain_timeout = std::chrono::seconds(raw.drain_timeout);
  if (config.state_dir.empty()) config.state_dir = DefaultStateDir();
  if (config.flavor_dir.empty()) config.flavor_dir = DefaultFlavorDir();
  return true;
}

absl::Status CheckListenAddress(const std::string& listen) {
  if (listen.rfind("unix:/", 0) == 0) return absl::OkStatus();
  const size_t colon = listen.rfind(':');
  const std::string port = colon == listen.npos ? "" : listen.substr(colon + 1);
  const bool is_port = !port.empty() && port.size() <= 5 &&
                       port.find_first_not_of("0123456789") == port.npos &&
                       std::stoi(port) <= 65535;
  if (!is_port) {
    return InvalidArgument(reason::kInvalidArgument, "'{}' is not an address to listen on", listen)
        .Remedy("write host:port, such as 127.0.0.1:7460, or unix:/path");
  }
  if (IsLoopbackHost(listen.substr(0, colon))) return absl::OkStatus();
  return InvalidArgument(reason::kInvalidArgument,
                         "refusing to listen on {}: TLS and caller authentication are not there "
                         "yet, and without them everybody who reaches it could use the team's "
                         "credentials",
                         listen)
      .Remedy("listen on loopback, such as 127.0.0.1:7460, and reach it from other machines through "
              "an SSH tunnel");
}

}  // namespace gantry
