// docker-credential-gantry: docker, podman, skopeo and kubelets ask the daemon for logins.
#pragma once

#include <absl/status/statusor.h>

#include <string>

#include "clients/cpp/client.h"

namespace gantry::cli {

// What a helper answers: text for standard output, and an exit code.
struct HelperAnswer {
  std::string text;
  int exit_code = 0;
};

// Docker asks for logins by host alone, and so the widest of a host's registries answers.  What is
// to be known about that, when others there have a login of their own; else empty.
//   and the errors of ListRegistries
absl::StatusOr<std::string> UnheardAt(const client::Client& client, const std::string& host);

// One verb of docker's credential helper protocol: "get", "list", "store", "erase".  `input` is
// what came on standard input.  Failures are told on standard output, as the protocol wants it;
// what is to be known about a credential, on standard error.
HelperAnswer AnswerDocker(const client::Client& client, const std::string& verb,
                          const std::string& input);

// A kubelet's CredentialProviderRequest (credentialprovider.kubelet.k8s.io/v1) answered.
//   INVALID_ARGUMENT   it is none
absl::StatusOr<std::string> AnswerKubelet(const client::Client& client, const std::string& input);

}  // namespace gantry::cli
