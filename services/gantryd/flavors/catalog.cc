#include "gantryd/flavors/catalog.h"

#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <set>
#include <utility>

#include "base/nearest.h"
#include "base/status.h"
#include "gantryd/flavors/description.h"
#include "gantryd/flavors/flavor_v1.h"
#include "gantryd/flavors/loader.h"
#include "gantryd/flavors/manifest.h"
#include "gantryd/flavors/trusted_dir.h"

namespace gantry {
namespace {

constexpr size_t kMaxManifestFileBytes = 1 << 20;

std::string Sentence(const absl::Status& status) {
  const std::string remedy = DetailOf(status).remedy;
  return std::string(MessageOf(status)) + (remedy.empty() ? "" : ". " + remedy);
}

absl::StatusOr<std::unique_ptr<Flavor>> Load(const TrustedDir& directory,
                                             const FlavorManifestEntry& entry) {
  GANTRY_ASSIGN_OR_RETURN(const gantry_flavor_table* table, LoadFlavorTable(directory, entry));
  GANTRY_ASSIGN_OR_RETURN(FlavorInfo info, DescribeFlavor(*table));
  info.file = directory.path() + "/" + entry.file;
  info.sha256 = entry.sha256;
  return MakeFlavorV1(*table, std::move(info));
}

}  // namespace

std::vector<FlavorInfo> LoadedFlavors::List() const {
  std::vector<FlavorInfo> infos;
  for (const auto& [name, entry] : entries_) infos.push_back(entry.info);
  return infos;
}

absl::StatusOr<Flavor*> LoadedFlavors::Find(const std::string& name) const {
  const auto it = entries_.find(name);
  if (it == entries_.end()) {
    std::vector<std::string> known;
    for (const auto& [other, entry] : entries_) known.push_back(other);
    return NotFound(reason::kFlavorNotFound, "there is no flavor {}", Excerpt(name, 63))
        .Remedy("{}flavors of this daemon: {}", DidYouMean(name, known), fmt::join(known, ", "));
  }
  if (it->second.flavor == nullptr) {
    return FailedPrecondition(reason::kFlavorNotLoaded, "flavor {} could not be loaded: {}", name,
                              it->second.info.load_error);
  }
  return it->second.flavor.get();
}

absl::StatusOr<std::unique_ptr<LoadedFlavors>> LoadFlavors(const std::string& directory) {
  GANTRY_ASSIGN_OR_RETURN(const TrustedDir trusted, TrustedDir::Open(directory));
  struct stat info {};
  GANTRY_ASSIGN_OR_RETURN(const UniqueFd fd, trusted.OpenFile(kFlavorManifestFile, &info));
  GANTRY_ASSIGN_OR_RETURN(const std::string text, ReadFd(fd.get(), kMaxManifestFileBytes));
  GANTRY_ASSIGN_OR_RETURN(const std::vector<FlavorManifestEntry> manifest,
                          ParseFlavorManifest(text));

  std::unique_ptr<LoadedFlavors> catalog(new LoadedFlavors);
  std::set<std::string> listed;
  for (const FlavorManifestEntry& entry : manifest) {
    listed.insert(entry.file);
    LoadedFlavors::Entry& made = catalog->entries_[entry.name];
    absl::StatusOr<std::unique_ptr<Flavor>> flavor = Load(trusted, entry);
    if (flavor.ok()) {
      made.info = (*flavor)->info();
      made.flavor = *std::move(flavor);
    } else {
      made.info.name = entry.name;
      made.info.file = trusted.path() + "/" + entry.file;
      made.info.load_error = Sentence(flavor.status());
      spdlog::error("flavor {} refused: {}", entry.name, made.info.load_error);
    }
  }
  GANTRY_ASSIGN_OR_RETURN(const std::vector<std::string> names, trusted.List());
  for (const std::string& name : names) {
    if (name.ends_with(".so") && !listed.contains(name)) catalog->unlisted_.push_back(name);
  }
  return catalog;
}

}  // namespace gantry
