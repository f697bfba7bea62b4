// Manifests, indexes and image configs from strangers.
#include <cstdlib>

#include "oci/manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const std::string_view type : {gantry::media_type::kOciIndex, gantry::media_type::kOciManifest,
                                      gantry::media_type::kDockerManifest, std::string_view()}) {
    const auto manifest = gantry::Manifest::Parse(bytes, type);
    if (manifest.ok() && manifest->is_index != !manifest->config.has_value()) std::abort();
  }
  (void)gantry::ImageConfig::Parse(bytes);
  return 0;
}
