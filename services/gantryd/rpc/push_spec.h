// PushStart as the image manager takes it.
#pragma once

#include <absl/status/statusor.h>
#include <gantry/v1/container_registry.pb.h>

#include "gantryd/images/image_manager.h"

namespace gantry {

// `blobs` is what a caller's own image is read through; borrowed.
//   INVALID_ARGUMENT   no source, or a description of the caller's image that cannot be one
absl::StatusOr<PushSpec> PushSpecOf(const v1::PushStart& start, CallerBlobs& blobs);

}  // namespace gantry
