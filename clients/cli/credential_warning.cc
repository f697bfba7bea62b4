#include "clients/cli/credential_warning.h"

#include <fmt/format.h>

#include <iostream>

namespace gantry::cli {

void WarnAbout(const v1::PullCredential& credential) {
  if (credential.username().empty()) return;
  const std::string& host = credential.registry_host();
  if (credential.long_lived()) {
    std::cerr << fmt::format(
        "warning: this is the daemon's own credential for {}, which does not end by itself\n",
        host);
  }
  if (!credential.read_only()) {
    std::cerr << fmt::format(
        "warning: this credential for {} may push and delete, too, if the connector can\n", host);
  }
  if (!credential.repository().empty() && !credential.one_repository()) {
    std::cerr << fmt::format(
        "warning: this credential is not for {}/{} alone: it may open all that the connector "
        "does\n",
        host, credential.repository());
  }
}

}  // namespace gantry::cli
