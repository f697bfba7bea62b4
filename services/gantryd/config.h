// How the daemon is set up: one definition for flags, file and environment.
#pragma once

#include <absl/status/statusor.h>

#include <chrono>
#include <string>
#include <vector>

#include "net/connect_to.h"

namespace gantry {

// Checked and complete.
struct Config {
  std::string listen = "127.0.0.1:7460";  // "host:port", or "unix:/path"
  std::string state_dir;                  // default: $XDG_STATE_HOME/gantry, ~/.local/state/gantry
  std::string flavor_dir;                 // default: beside the program, as installed or as built
  bool dev = false;
  std::vector<std::string> source_roots;  // server-side paths are opened only below these
  std::string docker_engine;              // socket of the engine that may be read; empty: none
  bool allow_implicit_login = false;      // connectors may use the daemon's own identity
  std::vector<std::string> allow_long_lived_credentials;  // flavors whose own secrets may be lent
  std::vector<ConnectTo> connect_to;      // hosts that other addresses serve
  std::string ca_certificates;            // PEM, trusted for every host
  std::string log_level = "info";
  std::string log_format = "text";
  int push_threads = 16;
  std::chrono::seconds drain_delay{0};    // between "not serving" and refusing calls
  std::chrono::seconds drain_timeout{20};  // for running calls
};

// What main() does instead of starting: print `text` and exit with `code`.
struct EarlyExit {
  int code = 0;
  std::string text;
};

// From the arguments, the environment (GANTRY_…) and the file of --config, in this order of weight.
// False, with `exit` filled in, for --help, --version and anything wrong.
bool ParseConfig(int argc, const char* const* argv, Config& config, EarlyExit& exit);

// OK for loopback addresses and unix sockets.  INVALID_ARGUMENT for any other: TLS and caller
// authentication come later, and without them the daemon would lend its credentials to everybody.
absl::Status CheckListenAddress(const std::string& listen);

}  // namespace gantry
