// Names of Azure container registries, and the clouds they are part of.
#pragma once

#include <string>
#include <string_view>

#include "plugins/sdk/types.h"

namespace gantry::azure {

// Azure's clouds share nothing: each has its own sign-in, its own API and its own registries.
struct Cloud {
  std::string_view registry_suffix;   // "azurecr.io"
  std::string_view authority;         // host of Microsoft Entra
  std::string_view resource_manager;  // host of Azure's API
};

enum class HostKind {
  kForeign,       // no registry of Azure's
  kLoginServer,   // "myregistry.azurecr.io", "name-hash.azurecr.io", "name.region.geo.azurecr.io"
  kDataEndpoint,  // "name.region.data.azurecr.io", which serves downloads only
};

HostKind KindOf(std::string_view host);

// The cloud of a registry's host; the public one when the host does not tell.
const Cloud& CloudOfRegistry(std::string_view host);
// The cloud that signs in at this host; the public one when no cloud does.
const Cloud& CloudOfAuthority(std::string_view authority);

// Reports, as an error of the field "uri", a host that cannot be pushed to.
void CheckHost(const std::string& host, sdk::Findings& findings);

// "https://login.microsoftonline.us/" and "login.microsoftonline.us" are both the latter; empty
// when it is no host name, or has a scheme other than https.
std::string HostOfAuthority(std::string_view text);

}  // namespace gantry::azure
