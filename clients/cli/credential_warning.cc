#include "clients/cli/credential_warning.h"

#include <fmt/format.h>

#include <iostream>

namespace gantry::cli {

void WarnAbout(const v1::PullCredential& credential) {
  if (credential.long_lived()) {
    std::cerr << fmt::format(
        "warning: this is the daemon's own credential for {}, which does not end by itself\n",
        credential.registry_host());
  }
}

}  // namespace gantry::cli
