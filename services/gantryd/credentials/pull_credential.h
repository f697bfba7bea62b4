// A credential that leaves the daemon, so that somebody else can pull; and the forms it leaves in.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/secret.h"

namespace gantry {

struct PullCredential {
  std::string registry;       // configured name
  std::string registry_host;  // canonical
  std::string repository;     // full path it was made for; empty: all of the registry's
  std::string username;       // empty: the registry asks for no login
  Secret password;
  std::optional<WallTime> expires;  // absent: not known
  // The connector's own secret, because the registry gives out nothing that ends by itself.
  bool long_lived = false;
  bool read_only = false;       // it can neither push nor delete; unset: perhaps it can
  bool one_repository = false;  // it opens `repository` alone; unset: perhaps more
};

// Docker's config.json with this one login; without one for a registry that asks for none.
Secret DockerConfigJson(const PullCredential& credential);

// A Secret of type kubernetes.io/dockerconfigjson, as JSON that `kubectl apply -f -` takes.  An empty
// namespace leaves the choice to kubectl.
Secret KubernetesSecret(const PullCredential& credential, const std::string& name,
                        const std::string& name_space);

// What is wrong with a name of a Kubernetes object (RFC 1123 subdomain), or nothing.
std::optional<std::string> CheckKubernetesName(const std::string& name);

}  // namespace gantry
