#include "gantryd/flavors/manifest.h"

#include <algorithm>
#include <set>

#include "base/status.h"
#include "oci/json.h"

namespace gantry {
namespace {

constexpr size_t kMaxFlavors = 256;

absl::Status Malformed(std::string_view what) {
  return FailedPrecondition(reason::kFlavorNotLoaded, "{}: {}", kFlavorManifestFile, what)
      .Remedy("Install the flavors again; the installation writes the manifest.");
}

bool IsFlavorName(std::string_view name) {
  return !name.empty() && name.size() <= 63 && name.front() >= 'a' && name.front() <= 'z' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
         });
}

// In the directory itself: no way out of it, and nothing hidden.
bool IsPlainFile(std::string_view file) {
  return file.size() > 3 && file.size() <= 255 && file.front() != '.' &&
         file.substr(file.size() - 3) == ".so" && std::all_of(file.begin(), file.end(), [](char c) {
           return c > ' ' && c < 0x7f && c != '/';
         });
}

bool IsSha256(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == text.npos;
}

}  // namespace

absl::StatusOr<std::vector<FlavorManifestEntry>> ParseFlavorManifest(std::string_view text) {
  const absl::StatusOr<Json> json = ParseJson(text);
  if (!json.ok()) return Malformed(MessageOf(json.status()));
  const Json* flavors = GetArray(*json, "flavors");
  if (flavors == nullptr) return Malformed("has no list \"flavors\"");
  if (flavors->size() > kMaxFlavors) return Malformed("lists more than 256 flavors");

  std::vector<FlavorManifestEntry> entries;
  std::set<std::string> names, files;
  for (const Json& item : *flavors) {
    FlavorManifestEntry entry;
    entry.name = GetString(item, "name").value_or("");
    entry.file = GetString(item, "file").value_or("");
    entry.sha256 = GetString(item, "sha256").value_or("");
    entry.abi = static_cast<int>(std::clamp<int64_t>(GetInt(item, "abi").value_or(0), 0, 1000));
    const std::string shown = Excerpt(entry.name, 63);
    if (!IsFlavorName(entry.name)) {
      return Malformed(fmt::format("\"{}\" is no name of a flavor", shown));
    }
    if (!IsPlainFile(entry.file)) {
      return Malformed(fmt::format("flavor {} has no plain file name ending in .so", shown));
    }
    if (!IsSha256(entry.sha256)) {
      return Malformed(fmt::format("flavor {} has no sha256 of 64 lower-case hex digits", shown));
    }
    if (!names.insert(entry.name).second || !files.insert(entry.file).second) {
      return Malformed(fmt::format("flavor {} or its file is listed twice", shown));
    }
    entries.push_back(std::move(entry));
  }
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return entries;
}

}  // namespace gantry
