#include "clients/cli/engine_socket.h"

#include <algorithm>

#include "base/status.h"

namespace gantry::cli {
namespace {

constexpr std::string_view kDefault = "/var/run/docker.sock";
constexpr std::string_view kUnix = "unix://";

// What a message may show: the rest of the value may hold a password.
std::string_view SchemeOf(std::string_view docker_host) {
  const std::string_view scheme = docker_host.substr(0, docker_host.find("://"));
  const bool is_scheme = scheme.size() < docker_host.size() &&
                         std::all_of(scheme.begin(), scheme.end(),
                                     [](char c) { return c >= 'a' && c <= 'z'; });
  return is_scheme ? scheme : "tcp";  // as Docker takes a host without a scheme
}

}  // namespace

absl::StatusOr<std::string> EngineSocket(std::string_view docker_host) {
  if (docker_host.empty() || docker_host == kUnix) return std::string(kDefault);
  if (docker_host.substr(0, kUnix.size()) == kUnix) {
    return std::string(docker_host.substr(kUnix.size()));
  }
  return FailedPrecondition(reason::kSourceUnreadable,
                            "DOCKER_HOST names an engine that is reached by {}, and gantry reads "
                            "images of an engine through its unix socket only",
                            SchemeOf(docker_host))
      .Remedy(
          "save the image with 'docker save -o image.tar NAME' and push docker-archive:image.tar; "
          "or set DOCKER_HOST to unix:// and a socket of the engine that has the image");
}

}  // namespace gantry::cli
