// For tests: an image that a caller holds in memory, and lies about where a test wants it to.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/status.h"
#include "gantryd/images/image_manager.h"
#include "oci/json.h"

namespace gantry {

// Thread-safe after it was filled.
class CallerImageFake final : public CallerBlobs {
 public:
  Descriptor Add(std::string_view media_type, const std::string& bytes) {
    const Digest digest = Digest::Of(bytes);
    blobs[digest.text()] = bytes;
    return Descriptor{
        std::string(media_type), digest, static_cast<int64_t>(bytes.size()), {}, {}, {}};
  }
  // A config, one layer for each text, and their manifest.
  Descriptor AddImage(const std::vector<std::string>& layers, const std::string& os = "linux") {
    Json diff_ids = Json::array();
    std::vector<Descriptor> descriptors;
    for (const std::string& layer : layers) {
      diff_ids.push_back(Digest::Of(layer).text());
      descriptors.push_back(Add(media_type::kOciLayer, layer));
    }
    const Json config = {{"os", os},
                         {"architecture", "amd64"},
                         {"rootfs", {{"type", "layers"}, {"diff_ids", diff_ids}}}};
    const Descriptor config_descriptor = Add(media_type::kOciConfig, config.dump());
    last_config = config_descriptor;
    return Add(media_type::kOciManifest, WriteManifest(config_descriptor, descriptors));
  }
  Descriptor AddIndex(const std::vector<Descriptor>& children) {
    Json list = Json::array();
    for (const Descriptor& child : children) {
      list.push_back(
          {{"mediaType", child.media_type}, {"digest", child.digest.text()}, {"size", child.size}});
    }
    const Json index = {
        {"schemaVersion", 2}, {"mediaType", media_type::kOciIndex}, {"manifests", list}};
    return Add(media_type::kOciIndex, index.dump());
  }
  CallerImage Root(const Descriptor& root) {
    CallerImage image;
    image.root = root;
    image.blobs = this;
    return image;
  }

  absl::StatusOr<std::unique_ptr<ByteReader>> Open(const CallContext&, const std::string& key,
                                                   int64_t offset,
                                                   std::optional<int64_t> size) override {
    std::lock_guard lock(mu_);
    ++opened[key];
    const auto it = blobs.find(key);
    if (it == blobs.end()) return NotFound(reason::kSourceNotFound, "the caller has no {}", key);
    const std::string whole = it->second.substr(0, static_cast<size_t>(size.value_or(INT64_MAX)));
    return std::make_unique<StringReader>(whole.substr(static_cast<size_t>(offset)));
  }

  std::map<std::string, std::string> blobs;
  std::map<std::string, int> opened;
  std::optional<Descriptor> last_config;

 private:
  std::mutex mu_;
};

}  // namespace gantry
