// flavors.manifest.json: which flavors the daemon may load, and what their bytes hash to.
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <string_view>
#include <vector>

namespace gantry {

inline constexpr char kFlavorManifestFile[] = "flavors.manifest.json";

struct FlavorManifestEntry {
  std::string name, file, sha256;  // file: a plain name; sha256: 64 lower-case hex digits
  int abi = 0;                     // major version of the ABI
};

// {"flavors": [{"name", "file", "sha256", "abi"}]}; sorted by name.
//   FAILED_PRECONDITION FLAVOR_NOT_LOADED   malformed, or a name or file twice; nothing is loaded
//   then
absl::StatusOr<std::vector<FlavorManifestEntry>> ParseFlavorManifest(std::string_view text);

}  // namespace gantry
