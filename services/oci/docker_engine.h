// An image of a Docker engine, read through its socket as `docker save` would.
#pragma once

#include <memory>
#include <string>

#include "net/http_client.h"
#include "oci/image_source.h"

namespace gantry {

// The engine is asked once for what the image is, and once more for its bytes; nothing is kept on
// disk.  `http` is borrowed.  Load() fails with
//   NOT_FOUND SOURCE_NOT_FOUND                  the engine has no such image
//   FAILED_PRECONDITION SOURCE_UNREADABLE       no engine answers at the socket
std::unique_ptr<ImageSource> OpenDockerEngine(HttpClient& http, std::string socket,
                                              std::string image);

}  // namespace gantry
