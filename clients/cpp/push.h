// PushImage from the caller's side.
#pragma once

#include <absl/status/statusor.h>

#include <functional>

#include "clients/cpp/client.h"
#include "oci/image_source.h"

namespace gantry::client {

struct PushOptions {
  v1::PushStart start;            // its source is filled in when `source` is set
  ImageSource* source = nullptr;  // the caller's own image; null: the daemon reaches the source
  std::function<void(const v1::PushProgress&)> on_progress;  // on the calling thread
};

// Pushes and returns the image.  Blocks; cancelled by the client's stop token.  When the daemon
// goes away or asks to come back, the push is repeated with the same request id, which sends
// nothing twice. Options' timeout is for the whole push, repeats included.
absl::StatusOr<v1::Image> PushImage(const Client& client, PushOptions options);

}  // namespace gantry::client
