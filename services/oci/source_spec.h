// What to push, in skopeo's words.
#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <string>
#include <string_view>

#include "net/http_client.h"
#include "oci/image_source.h"

namespace gantry {

struct SourceName {
  enum class Kind { kRegistry, kDockerDaemon, kDockerArchive, kOciArchive, kOciLayout };
  Kind kind = Kind::kRegistry;
  std::string location;  // a path, the engine's image name, or a reference
  std::string selector;  // which of several images, or empty
};

// "docker-archive:F[:NAME|:@N]", "oci:D[:NAME]", "oci-archive:F[:NAME]", "docker-daemon:NAME" or
// "docker://REF".  INVALID_ARGUMENT with the right words otherwise.
absl::StatusOr<SourceName> ParseSourceName(std::string_view text);

// "path[:selector]": the path may have colons of its own, so that what is there decides.
SourceName SplitSelector(SourceName::Kind kind, const std::string& text);

// A source on this machine; kRegistry is not one.  `http` is borrowed, `engine_socket` is where a
// Docker engine listens.
absl::StatusOr<std::unique_ptr<ImageSource>> OpenLocalSource(const SourceName& name,
                                                             HttpClient& http,
                                                             const std::string& engine_socket);

// A pipeline name for an image that came without one: the last part of its own name.
std::string SuggestName(const SourceName& name);

}  // namespace gantry
