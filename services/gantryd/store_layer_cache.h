// The push engine's memory of compressed layers, kept in the store.
#pragma once

#include "push/layer_cache.h"
#include "store/store.h"

namespace gantry {

// Thread-safe.  Borrows the store.
class StoreLayerCache final : public LayerCache {
 public:
  explicit StoreLayerCache(Store& store) : store_(store) {}

  std::optional<CompressedLayer> Find(const Digest& diff_id, const std::string& recipe) override {
    const auto found = store_.FindLayer(diff_id.text(), recipe);
    if (!found) return std::nullopt;
    auto digest = Digest::Parse(found->digest);
    if (!digest.ok()) return std::nullopt;
    return CompressedLayer{*std::move(digest), found->size};
  }
  void Remember(const Digest& diff_id, const std::string& recipe,
                const CompressedLayer& layer) override {
    store_.RememberLayer(diff_id.text(), recipe, {layer.digest.text(), layer.size});
  }

 private:
  Store& store_;
};

}  // namespace gantry
