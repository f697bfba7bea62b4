#include "clients/cli/credential_warning.h"

#include <fmt/format.h>

#include "clients/cli/output.h"

namespace gantry::cli {

void WarnAbout(const v1::PullCredential& credential) {
  if (credential.username().empty()) return;
  const std::string& host = credential.registry_host();
  if (credential.long_lived()) {
    PrintWarning(fmt::format(
        "this is the daemon's own credential for {}, which does not end by itself", host));
  }
  if (!credential.read_only()) {
    PrintWarning(fmt::format(
        "this credential for {} may push and delete, too, if the connector can", host));
  }
  if (!credential.repository().empty() && !credential.one_repository()) {
    PrintWarning(fmt::format(
        "this credential is not for {}/{} alone: it may open all that the connector does", host,
        credential.repository()));
  }
}

}  // namespace gantry::cli
