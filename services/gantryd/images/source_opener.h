// From what a caller names to an image source.
#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <string>

#include "gantryd/images/image_manager.h"
#include "gantryd/registries/registry_pool.h"
#include "oci/image_source.h"
#include "oci/source_spec.h"

namespace gantry {

// Confined to one thread; made per push.  What it opens holds what it needs of registries, and must
// not outlive the call.
class SourceOpener {
 public:
  // All borrowed.
  SourceOpener(RegistryPool& pool, HttpClient& http, const SourcePolicy& policy)
      : pool_(pool), http_(http), policy_(policy) {}

  //   INVALID_ARGUMENT INVALID_ARGUMENT      nothing is named
  //   PERMISSION_DENIED SOURCE_NOT_ALLOWED   the operator lets the daemon read none of these
  //   and those of the pool; what is inside the image shows when it is loaded
  absl::StatusOr<std::unique_ptr<ImageSource>> Open(const CallContext& call,
                                                    const SourceSpec& spec);

 private:
  absl::StatusOr<std::unique_ptr<ImageSource>> OpenReference(const CallContext& call,
                                                             const std::string& text);
  absl::StatusOr<std::unique_ptr<ImageSource>> OpenEngine(const std::string& image);
  // `text` is "path[:selector]".
  absl::StatusOr<std::unique_ptr<ImageSource>> OpenPath(SourceName::Kind kind,
                                                        const std::string& text);

  RegistryPool& pool_;
  HttpClient& http_;
  const SourcePolicy& policy_;
};

}  // namespace gantry
