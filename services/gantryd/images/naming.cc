#include "gantryd/images/naming.h"

#include <algorithm>
#include <ctime>

#include "base/characters.h"
#include "base/status.h"
#include "gantryd/registries/field_violations.h"
#include "gantryd/registries/repository_name.h"

namespace gantry {
namespace {

constexpr size_t kMaxTag = 128;

// What a run of characters between two words becomes; separator := '.' | '_' | '__' | '-'+.
std::string Separator(std::string_view run) {
  const auto all = [run](char c) { return run.find_first_not_of(c) == run.npos; };
  if (all('-')) return std::string(run);
  if (all('_')) return run.size() == 2 ? "__" : "_";
  if (all('.')) return ".";
  return "-";
}

std::string SanitizeComponent(std::string_view text) {
  std::string out;
  size_t i = 0;
  while (i < text.size()) {
    const size_t begin = i;
    while (i < text.size() && !IsLowerAlnum(text[i])) ++i;
    const std::string_view run = text.substr(begin, i - begin);
    if (i == text.size()) break;
    if (!run.empty() && !out.empty()) out += Separator(run);
    while (i < text.size() && IsLowerAlnum(text[i])) out += text[i++];
  }
  return out;
}

absl::StatusOr<std::string> VersionTag(const NameWish& wish, WallTime now) {
  if (wish.version.empty()) return VersionOfTime(now);
  std::string tag = SanitizeTag(wish.version);
  if (!tag.empty()) return tag;
  return InvalidField("version",
                      fmt::format("nothing of '{}' may stand in a tag, which cannot be empty",
                                  Excerpt(wish.version, 200)),
                      "use letters, digits, '_', '.' and '-', or leave it out for the time in UTC");
}

absl::Status CheckWish(const NameWish& wish) {
  if (!wish.pipeline.empty() && !wish.repository.empty()) {
    return InvalidField("repository", "cannot be given together with pipeline",
                        "give pipeline and version for a sanitised name, or repository and tags "
                        "for one that is taken as it is");
  }
  if (!wish.pipeline.empty() && !wish.tags.empty()) {
    return InvalidField("tags", "cannot be given together with pipeline",
                        "give the tag as version, or repository instead of pipeline");
  }
  if (!wish.version.empty() && (!wish.repository.empty() || !wish.tags.empty())) {
    return InvalidField("version", "goes with pipeline, not with repository or tags",
                        "give the version as one of the tags");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> CheckTags(const std::vector<std::string>& tags) {
  std::vector<std::string> once;
  for (const std::string& tag : tags) {
    GANTRY_RETURN_IF_ERROR(ValidateTag(tag));
    if (std::find(once.begin(), once.end(), tag) == once.end()) once.push_back(tag);
  }
  return once;
}

}  // namespace

absl::StatusOr<ImageName> NameImage(const RegistryUri& uri, const std::string& default_repository,
                                    const NameWish& wish, WallTime now) {
  GANTRY_RETURN_IF_ERROR(CheckWish(wish));
  ImageName name;
  if (!wish.repository.empty()) {
    GANTRY_ASSIGN_OR_RETURN(name.repository, RepositoryBelow(uri, wish.repository));
    GANTRY_ASSIGN_OR_RETURN(name.tags, CheckTags(wish.tags));
    return name;
  }
  if (!wish.pipeline.empty()) {
    const std::string path = SanitizeRepository(wish.pipeline);
    if (path.empty()) {
      return InvalidField("pipeline",
                          fmt::format("'{}' has no letter or digit that an image name may hold",
                                      Excerpt(wish.pipeline, 200)),
                          "use letters and digits of ASCII, such as training_pipeline");
    }
    name.repository = uri.Repository(path);
  } else if (!default_repository.empty()) {
    name.repository = uri.Repository(default_repository);
  } else {
    return InvalidField("pipeline",
                        "neither pipeline nor repository is given, and the registry "
                        "has no default repository",
                        "name the image: pipeline and version, or repository and tags");
  }
  GANTRY_RETURN_IF_ERROR(CheckNameLength(uri, name.repository));
  if (wish.pipeline.empty() && !wish.tags.empty()) {
    GANTRY_ASSIGN_OR_RETURN(name.tags, CheckTags(wish.tags));
    return name;
  }
  GANTRY_ASSIGN_OR_RETURN(std::string tag, VersionTag(wish, now));
  name.tags.push_back(std::move(tag));
  return name;
}

std::string SanitizeRepository(std::string_view text) {
  const std::string lower = ToLower(text);
  std::string path;
  for (const std::string_view part : Split(lower, '/')) {
    const std::string component = SanitizeComponent(part);
    if (component.empty()) continue;
    if (!path.empty()) path += '/';
    path += component;
  }
  return path;
}

std::string SanitizeTag(std::string_view text) {
  std::string tag;
  for (const char c : text) {
    if (IsAlnum(c) || c == '_' || c == '.' || c == '-') tag += c;
  }
  if (!tag.empty() && (tag.front() == '-' || tag.front() == '.')) tag.front() = '_';
  if (tag.size() > kMaxTag) tag.resize(kMaxTag);
  return tag;
}

std::string VersionOfTime(WallTime time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[32];
  const size_t length = std::strftime(text, sizeof text, "%Y-%m-%d-%H-%M-%S", &utc);
  return std::string(text, length);
}

}  // namespace gantry
