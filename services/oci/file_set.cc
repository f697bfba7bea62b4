#include "oci/file_set.h"

#include "base/status.h"
#include "oci/manifest.h"

namespace gantry {

absl::StatusOr<std::string> ReadDocument(const CallContext& call, FileSet& files,
                                         const std::string& name) {
  GANTRY_ASSIGN_OR_RETURN(const auto info, files.Find(call, name));
  if (!info) {
    return InvalidArgument(reason::kSourceInvalid, "{} has no file {}", files.name(),
                           Excerpt(name, 200))
        .Remedy("the image is not whole; save or copy it again");
  }
  if (info->size > static_cast<int64_t>(kMaxManifestBytes)) {
    return InvalidArgument(reason::kSourceInvalid, "{} in {} has {} bytes, the limit is {}",
                           Excerpt(name, 200), files.name(), info->size, kMaxManifestBytes);
  }
  GANTRY_ASSIGN_OR_RETURN(const auto reader, files.Open(call, name, 0));
  auto bytes = ReadAll(*reader, kMaxManifestBytes);
  if (!bytes.ok()) return Annotate(bytes.status(), Excerpt(name, 200));
  return bytes;
}

}  // namespace gantry
