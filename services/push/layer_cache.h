// What an uncompressed layer was compressed to before, so that it is compressed once, ever.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "oci/digest.h"

namespace gantry {

struct CompressedLayer {
  Digest digest;
  int64_t size;
};

// Thread-safe.  A lost entry costs time, never correctness: the blob is still looked for in the
// registry before anything is left out.
class LayerCache {
 public:
  virtual ~LayerCache() = default;
  // `recipe` names compressor, level and format (compression.h): other recipe, other bytes.
  virtual std::optional<CompressedLayer> Find(const Digest& diff_id, const std::string& recipe) = 0;
  virtual void Remember(const Digest& diff_id, const std::string& recipe,
                        const CompressedLayer& layer) = 0;
};

class MemoryLayerCache final : public LayerCache {
 public:
  std::optional<CompressedLayer> Find(const Digest& diff_id, const std::string& recipe) override {
    std::lock_guard lock(mu_);
    const auto it = layers_.find({diff_id, recipe});
    if (it == layers_.end()) return std::nullopt;
    return it->second;
  }
  void Remember(const Digest& diff_id, const std::string& recipe,
                const CompressedLayer& layer) override {
    std::lock_guard lock(mu_);
    layers_.insert_or_assign({diff_id, recipe}, layer);
  }

 private:
  std::mutex mu_;
  std::map<std::pair<Digest, std::string>, CompressedLayer> layers_;
};

}  // namespace gantry
