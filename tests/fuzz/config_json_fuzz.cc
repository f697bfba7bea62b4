// Files of registry logins from strangers: Docker's config.json, Podman's auth.json, and what
// DOCKER_AUTH_CONFIG may hold.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "oci/auth_file.h"

namespace gantry {
namespace {

constexpr std::array<std::pair<const char*, const char*>, 4> kImages = {{
    {"docker.io", "library/alpine"},
    {"ghcr.io", "team/app/part"},
    {"localhost:5000", "a"},
    {"123456789012.dkr.ecr.eu-west-1.amazonaws.com", "x/y"},
}};

void Look(const AuthFile& file) {
  for (const auto& [host, repository] : kImages) {
    for (const bool path_prefixes : {false, true}) {
      const auto login = file.Find(host, repository, path_prefixes);
      // A name without a scheme would be a login that nobody sends.
      if (login.ok() && login->scheme == Credential::Scheme::kAnonymous &&
          !login->secret.empty()) {
        std::abort();
      }
    }
    (void)file.HelperFor(host);
  }
}

}  // namespace
}  // namespace gantry

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto file = gantry::AuthFile::Parse(text, "config.json");
  if (file.ok()) gantry::Look(*file);
  const auto variable = gantry::AuthFile::Parse(text, "DOCKER_AUTH_CONFIG", /*strict=*/true);
  if (!variable.ok()) return 0;
  if (!file.ok()) std::abort();  // strict is never laxer
  for (const auto& [host, repository] : gantry::kImages) {
    if (!variable->HelperFor(host).empty()) std::abort();  // a variable runs no programs
  }
  gantry::Look(*variable);
  return 0;
}
