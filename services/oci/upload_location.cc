#include "oci/upload_location.h"

#include "base/status.h"
#include "base/strings.h"

namespace gantry {
namespace {

// "registry.example.com/v2/…" or "localhost:5000/v2/…": what stands before the first slash can be
// no path segment of a relative reference that leads to an upload.
bool IsBareHost(const RegistryEndpoint& registry, std::string_view location) {
  const size_t slash = location.find('/');
  if (slash == location.npos || slash == 0) return false;
  const std::string_view first = location.substr(0, slash);
  if (EqualsIgnoreCase(first, registry.base().authority())) return true;
  const size_t colon = first.find(':');
  const bool has_port = colon != first.npos && colon + 1 < first.size() &&
                        first.find_first_not_of("0123456789", colon + 1) == first.npos;
  return has_port || (first.find('.') != first.npos && first.find_first_not_of('.') != first.npos &&
                      location.substr(slash, 4) == "/v2/");
}

}  // namespace

absl::StatusOr<std::string> ResolveUploadLocation(const RegistryEndpoint& registry,
                                                  const Url& request_url,
                                                  std::string_view location) {
  const std::string_view trimmed = Trim(location);
  if (trimmed.empty()) {
    return FailedPrecondition(reason::kUpstreamProtocol,
                              "registry {} opened an upload without saying where (no Location)",
                              registry.host())
        .With("registry", registry.host())
        .Remedy("check that {} is a registry, and that no proxy removes its headers",
                registry.host());
  }
  const std::string reference =
      IsBareHost(registry, trimmed) ? fmt::format("//{}", trimmed) : std::string(trimmed);
  GANTRY_ASSIGN_OR_RETURN(const Destination to, registry.Follow(request_url, reference));
  return to.url.text();
}

std::string WithDigest(std::string_view location, const Digest& digest) {
  const size_t query = location.find('?');
  const bool joined =
      query != location.npos && query + 1 < location.size() && location.back() != '&';
  const char* separator = query == location.npos ? "?" : joined ? "&" : "";
  return fmt::format("{}{}digest={}", location, separator, digest.text());
}

}  // namespace gantry
