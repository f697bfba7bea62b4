#include "oci/file_set.h"

#include "base/status.h"
#include "oci/manifest.h"

namespace gantry {

absl::StatusOr<std::string> ReadDocument(const CallContext& call, FileSet& files,
                                         const std::string& name) {
  GANTRY_ASSIGN_OR_RETURN(const auto info, files.Find(call, name));
  if (!info) return NoSuchFile(files.name(), name);
  const auto too_long = [&](std::string_view size) {
    return InvalidArgument(reason::kSourceInvalid, "{} in {} has {} bytes, the limit is {}",
                           Excerpt(name, 200), files.name(), size, kMaxManifestBytes)
        .Remedy("this is no image that a registry takes; make it again");
  };
  if (info->size > static_cast<int64_t>(kMaxManifestBytes)) {
    return too_long(std::to_string(info->size));
  }
  GANTRY_ASSIGN_OR_RETURN(const auto reader, files.Open(call, name, 0));
  auto bytes = ReadAll(*reader, kMaxManifestBytes);
  if (bytes.status().code() == absl::StatusCode::kResourceExhausted) return too_long("too many");
  if (!bytes.ok()) return Annotate(bytes.status(), Excerpt(name, 200));
  return bytes;
}

absl::Status NoSuchFile(std::string_view set, std::string_view name) {
  return InvalidArgument(reason::kSourceInvalid, "{} has no file {}", set, Excerpt(name, 200))
      .Remedy("the image is not whole; save or copy it again");
}

}  // namespace gantry
