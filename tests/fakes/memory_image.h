// An image in memory, as a source to push from, whose bytes and reads a test may spoil.
#pragma once

#include <algorithm>
#include <cstring>
#include <functional>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "oci/image_source.h"
#include "oci/json.h"

namespace gantry::fakes {

// `size` bytes that no compressor likes; the same for the same seed.
inline std::string RandomBytes(size_t size, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; i += sizeof(uint64_t)) {
    const uint64_t word = random();
    std::memcpy(bytes.data() + i, &word, std::min(sizeof word, size - i));
  }
  return bytes;
}

struct Layer {
  std::string bytes;
  std::string media_type{media_type::kOciLayerGzip};
  std::vector<std::string> urls = {};
};

// Built by one thread, then read by any number.
class MemoryImage final : public ImageSource {
 public:
  MemoryImage() = default;
  explicit MemoryImage(const std::vector<Layer>& layers) { AddManifest(layers); }

  // The manifest has fields that nobody knows, which have to stay.
  Digest AddManifest(const std::vector<Layer>& layers,
                     const std::string& platform = "linux/amd64") {
    SourceManifest manifest;
    const auto add = [&](const Layer& layer) {
      const SourceBlob blob{layer.media_type, Digest::Of(layer.bytes),
                            static_cast<int64_t>(layer.bytes.size()), std::nullopt, layer.urls};
      manifest.blobs.push_back(blob);
      bytes[blob.key()] = layer.bytes;
      Json json{{"mediaType", blob.media_type}, {"digest", blob.key()}, {"size", blob.size}};
      if (!layer.urls.empty()) json["urls"] = layer.urls;
      return json;
    };
    Json json{{"schemaVersion", 2}, {"mediaType", media_type::kOciManifest}};
    json["config"] =
        add({Json{{"platform", platform}}.dump(), std::string(media_type::kOciConfig)});
    json["config"]["data"] = "e30=";
    json["layers"] = Json::array();
    for (const Layer& layer : layers) json["layers"].push_back(add(layer));
    json["x-unknown"] = platform;
    image_.platforms.push_back(platform);
    return Add(std::move(manifest), media_type::kOciManifest, json.dump(2));
  }
  // Of all that was added so far.
  Digest AddIndex() {
    Json json{{"schemaVersion", 2}, {"manifests", Json::array()}};
    for (const SourceManifest& child : image_.manifests) {
      const Descriptor& d = *child.descriptor;
      json["manifests"].push_back(
          {{"mediaType", d.media_type}, {"digest", d.digest.text()}, {"size", d.size}});
    }
    return Add({}, media_type::kOciIndex, json.dump());
  }
  // Its layers are known by what they unpack to only, and read as `layers`.
  void AddUnpacked(const std::vector<Layer>& layers) {
    SourceManifest manifest;
    const std::string config = "{}";
    manifest.blobs.push_back(
        {std::string(media_type::kOciConfig), Digest::Of(config), 2, std::nullopt, {}});
    bytes[manifest.blobs[0].key()] = config;
    for (const Layer& layer : layers) {
      const Digest diff_id = Digest::Of("unpacked " + layer.bytes);
      manifest.blobs.push_back({layer.media_type, std::nullopt, 0, diff_id, {}});
      bytes[diff_id.text()] = layer.bytes;
    }
    image_.manifests.push_back(std::move(manifest));
  }

  absl::StatusOr<SourceImage> Load(const CallContext&) override { return image_; }
  absl::StatusOr<std::unique_ptr<ByteReader>> OpenBlob(const CallContext&, const SourceBlob& blob,
                                                       int64_t offset) override {
    std::lock_guard lock(mu_);
    opened_.emplace_back(blob.key(), offset);
    return std::make_unique<Reader>(*this, bytes.at(blob.key()), offset);
  }
  int max_parallel_reads() const override { return one_stream ? 1 : 64; }
  int64_t ReadRank(const SourceBlob& blob) const override { return rank ? rank(blob) : 0; }

  const std::string& manifest_bytes(size_t i) const { return image_.manifests[i].bytes; }
  const SourceBlob& blob(size_t manifest, size_t i) const {
    return image_.manifests[manifest].blobs[i];
  }
  // Offsets at which blobs were opened, by key.
  std::vector<std::pair<std::string, int64_t>> opened() const {
    std::lock_guard lock(mu_);
    return opened_;
  }

  std::map<std::string, std::string> bytes;  // by key
  bool one_stream = false;
  std::function<int64_t(const SourceBlob&)> rank;
  // Asked before every read, with its position; an error is what the reader returns.
  std::function<absl::Status(int64_t)> before_read;

 private:
  class Reader final : public ByteReader {
   public:
    Reader(const MemoryImage& image, const std::string& bytes, int64_t offset)
        : image_(image), offset_(offset), rest_(bytes.substr(static_cast<size_t>(offset))) {}
    absl::StatusOr<size_t> Read(std::span<char> buffer) override {
      if (image_.before_read) {
        if (absl::Status s = image_.before_read(offset_); !s.ok()) return s;
      }
      auto n = rest_.Read(buffer);
      if (n.ok()) offset_ += static_cast<int64_t>(*n);
      return n;
    }

   private:
    const MemoryImage& image_;
    int64_t offset_;
    StringReader rest_;
  };

  Digest Add(SourceManifest manifest, std::string_view type, std::string json) {
    const Digest digest = Digest::Of(json);
    manifest.descriptor = Descriptor{.media_type = std::string(type),
                                     .digest = digest,
                                     .size = static_cast<int64_t>(json.size()),
                                     .urls = {},
                                     .platform = std::nullopt,
                                     .annotations = {}};
    manifest.bytes = std::move(json);
    image_.manifests.push_back(std::move(manifest));
    return digest;
  }

  SourceImage image_;
  mutable std::mutex mu_;
  std::vector<std::pair<std::string, int64_t>> opened_;  // guarded by mu_
};

}  // namespace gantry::fakes
