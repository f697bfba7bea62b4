// Image names: what a push calls its image.
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "oci/reference.h"

namespace gantry {

// What a caller said about the name; see PushStart in the API.
struct NameWish {
  std::string pipeline, version;
  std::string repository;
  std::vector<std::string> tags;
};

struct ImageName {
  std::string repository;         // full path on the registry's host
  std::vector<std::string> tags;  // without doubles; empty: by digest only
};

// "<registry-uri>/<pipeline>:<version>", sanitised; or repository and tags as they are; or the
// registry's default repository with the version as its tag.  `now` is the default version, in UTC.
//   INVALID_ARGUMENT INVALID_ARGUMENT    fields that exclude each other, or nothing is left of one
//   INVALID_ARGUMENT INVALID_REFERENCE   a repository or tag is not legal, or is not the registry's
absl::StatusOr<ImageName> NameImage(const RegistryUri& uri, const std::string& default_repository,
                                    const NameWish& wish, WallTime now);

// "Training Pipeline/v2" becomes "training-pipeline/v2": legal by the grammar of repositories, or
// empty when no letter or digit is left.
std::string SanitizeRepository(std::string_view text);
// Drops what a tag may not hold; '-' or '.' in front becomes '_'; cut at 128 characters.
std::string SanitizeTag(std::string_view text);
// "2024-01-15-10-30-45", UTC.
std::string VersionOfTime(WallTime time);

}  // namespace gantry
