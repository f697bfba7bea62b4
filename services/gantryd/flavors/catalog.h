// All flavors of one directory, loaded or refused.
#pragma once

#include <absl/status/statusor.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gantryd/flavors/flavor.h"

namespace gantry {

// Immutable; thread-safe.  Instances must be gone before it goes.
class LoadedFlavors final : public FlavorCatalog {
 public:
  std::vector<FlavorInfo> List() const override;
  absl::StatusOr<Flavor*> Find(const std::string& name) const override;
  // Shared objects that lie in the directory but not in its manifest: never loaded.
  const std::vector<std::string>& unlisted() const { return unlisted_; }

 private:
  friend absl::StatusOr<std::unique_ptr<LoadedFlavors>> LoadFlavors(const std::string& directory);
  LoadedFlavors() = default;

  struct Entry {
    FlavorInfo info;
    std::unique_ptr<Flavor> flavor;  // null when refused
  };
  std::map<std::string, Entry> entries_;  // by name
  std::vector<std::string> unlisted_;
};

// Loads what `directory`/flavors.manifest.json lists.  A flavor that is refused becomes an entry
// with load_error; the others are loaded all the same.
//   FAILED_PRECONDITION FLAVOR_NOT_LOADED   no manifest, or one that is malformed or not trusted
absl::StatusOr<std::unique_ptr<LoadedFlavors>> LoadFlavors(const std::string& directory);

}  // namespace gantry
