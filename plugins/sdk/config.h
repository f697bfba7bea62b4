// A registry's configuration as the host gives it to open() and validate_config(); never a secret.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "plugins/sdk/json.h"

namespace gantry::sdk {

// {"uri", "default_repository", "config": {…},
//  "connector": {"type", "auth_method", "config": {…}, "expires_unix_ms", "registry"} or null}.
// A value; immutable, so thread-safe.
class Config {
 public:
  explicit Config(std::string_view json_text);

  // "docker.io/acme": without scheme and trailing slashes; the host has made the name canonical.
  const std::string& uri() const { return uri_; }
  std::string host() const;  // "docker.io"
  std::string path() const;  // "acme", or empty
  // Where images go that are not told where; below path(), or empty.
  std::string default_repository() const { return root_["default_repository"].Text(); }
  // The flavor's own fields.
  Json fields() const { return root_["config"]; }

  bool has_connector() const { return static_cast<bool>(root_["connector"]); }
  std::string connector_type() const { return root_["connector"]["type"].Text(); }
  std::string auth_method() const { return root_["connector"]["auth_method"].Text(); }
  // When the connector itself ends; 0: never.
  int64_t connector_expires_unix_ms() const {
    return root_["connector"]["expires_unix_ms"].Integer();
  }
  // Host of a registry that the connector is for, where it works alone; empty: none is known.
  std::string connector_registry() const;
  // The connector's fields that are no secrets; those are read with Call::ReadSecret.
  Json connector_fields() const { return root_["connector"]["config"]; }

 private:
  Json root_;
  std::string uri_;
};

// "https://Index.Docker.io/v1/" and "docker.io" are both "docker.io": the host alone, in lower
// case, the aliases of Docker Hub folded into one.
std::string RegistryHostOf(std::string_view text);

// What to do about a host that is none of the cloud's own, though it may lead to one of them: `use`
// says which ones are, and this sentence goes on with --connect-to and with flavor default.
std::string ForeignHostRemedy(std::string_view use, std::string_view host);

}  // namespace gantry::sdk
