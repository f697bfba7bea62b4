// Brings one flavor's shared object into the process, or says why not.
#pragma once

#include <absl/status/statusor.h>

#include "gantryd/flavors/manifest.h"
#include "gantryd/flavors/trusted_dir.h"
#include "plugins/abi/flavor_abi.h"

namespace gantry {

// Steps: the file is trusted (TrustedDir), its bytes are those of the manifest, then dlopen, and
// the table it exports is whole: magic, size, required operations, name, its own static data.  Once
// per file and process: asked again for the same file, it returns the same table.  Nothing is ever
// unloaded.  Thread-safe, but meant for the start, before any thread serves requests.
//   FAILED_PRECONDITION FLAVOR_NOT_LOADED   with what to do
absl::StatusOr<const gantry_flavor_table*> LoadFlavorTable(const TrustedDir& directory,
                                                           const FlavorManifestEntry& entry);

}  // namespace gantry
