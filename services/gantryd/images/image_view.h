// Images as the API shows them.
#pragma once

#include <string>

#include "gantryd/images/image_manager.h"
#include "gantryd/registries/registry_pool.h"

namespace gantry {

// Registry, repository, tags, digest and both URIs, in canonical form.  Without tags `uri` is the
// digest form; without a digest `digest_uri` is empty.
ImageView MakeView(const RegistrySession& session, const std::string& repository,
                   std::vector<std::string> tags, const std::string& digest);

}  // namespace gantry
