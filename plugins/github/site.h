// GitHub's sites: github.com, a tenant of ghe.com, or an Enterprise Server of one's own.
#pragma once

#include <optional>
#include <string>

#include "plugins/sdk/config.h"
#include "plugins/sdk/types.h"

namespace gantry::github {

struct Site {
  std::string api;  // "https://api.github.com"
};

// The site whose registry is at `host`: "ghcr.io", or "containers.<host of the site>".
std::optional<Site> SiteOf(const std::string& host);

// Reports a URI that is not "<registry of a site>/<owner>[/…]", with the one that was meant.
void CheckUri(const sdk::Config& config, sdk::Findings& findings);

}  // namespace gantry::github
