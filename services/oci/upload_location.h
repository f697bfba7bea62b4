// The Location of an upload session: opaque, always the newest, never put together by hand.
// OCI distribution-spec, "Pushing blobs".
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <string_view>

#include "oci/digest.h"
#include "oci/registry_endpoint.h"

namespace gantry {

// The whole URL that `location` names in an answer to a request for `request_url`.  Takes what
// registries send: whole URLs, "//host/path", "/path", paths relative to the request, and a bare
// "host/path".  The query is kept byte for byte.
//   FAILED_PRECONDITION UPSTREAM_PROTOCOL   empty or no URL
//   PERMISSION_DENIED ADDRESS_REFUSED       see RegistryEndpoint
absl::StatusOr<std::string> ResolveUploadLocation(const RegistryEndpoint& registry,
                                                  const Url& request_url,
                                                  std::string_view location);

// The location with "digest=" added to its query, which commits the session.
std::string WithDigest(std::string_view location, const Digest& digest);

}  // namespace gantry
