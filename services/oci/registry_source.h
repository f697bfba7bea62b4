// An image in a registry: bytes go from there to where they are pushed, without a stop.
#pragma once

#include <memory>
#include <string>

#include "oci/image_source.h"
#include "oci/reference.h"
#include "oci/registry_client.h"

namespace gantry {

// An index comes with all its platforms.
class RegistrySource final : public ImageSource {
 public:
  // Holds the client as long as it lives.
  RegistrySource(std::shared_ptr<RegistryClient> registry, Reference reference)
      : registry_(std::move(registry)), reference_(std::move(reference)) {}

  // Beside those of RegistryClient: NOT_FOUND SOURCE_NOT_FOUND.
  absl::StatusOr<SourceImage> Load(const CallContext& call) override;
  absl::StatusOr<std::unique_ptr<ByteReader>> OpenBlob(const CallContext& call,
                                                       const SourceBlob& blob,
                                                       int64_t offset) override;
  std::optional<RegistryOrigin> origin() const override {
    return RegistryOrigin{reference_.host(), reference_.repository()};
  }

 private:
  class Walk;

  const std::shared_ptr<RegistryClient> registry_;
  const Reference reference_;
};

}  // namespace gantry
