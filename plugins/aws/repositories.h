// Repositories and images by ECR's own API: what the distribution API of ECR lacks.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "plugins/aws/ecr_api.h"

namespace gantry::aws {

// The name that the API uses: that of the public registry has no alias in front.
std::string ApiName(const EcrHost& registry, std::string_view repository);

// Creates the repository with the settings of the registry's config, as sdk::CreateUnlessThere.
sdk::Status EnsureRepository(const sdk::Call& call, const EcrApi& api, const sdk::AwsKeys& keys,
                             const std::string& name, const sdk::Json& settings, bool& created);

// Deletes the image of the target's digest, and all its tags with it.
//   NOT_FOUND IMAGE_NOT_FOUND            no such image
//   FAILED_PRECONDITION UPSTREAM_CONFLICT  an index still refers to it
sdk::Status DeleteImage(const sdk::Call& call, const EcrApi& api, const sdk::AwsKeys& keys,
                        const sdk::Target& target);

// One page of the repository's images, with all their tags.
sdk::Status ListImages(const sdk::Call& call, const EcrApi& api, const sdk::AwsKeys& keys,
                       const sdk::Target& target, std::string_view page_token, uint32_t page_size,
                       sdk::Page& page);

}  // namespace gantry::aws
