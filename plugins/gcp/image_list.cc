#include "plugins/gcp/image_list.h"

#include <algorithm>

namespace gantry::gcp {
namespace {

using sdk::Ok;
using sdk::Status;

constexpr std::string_view kImagePage = "versions:";
constexpr uint32_t kDefaultPage = 100, kMaxPage = 1000;
// An answer has to fit into the host's one megabyte, and an image with a hundred tags takes 30 kB.
constexpr uint32_t kMaxAnswer = 30;

}  // namespace

bool IsImagePage(std::string_view page_token) { return page_token.starts_with(kImagePage); }

Status ListImages(const ArtifactRegistry& api, const RepositoryName& name,
                  const sdk::Target& target, std::string_view page_token, uint32_t page_size,
                  sdk::Page& page) {
  std::string next(page_token.substr(IsImagePage(page_token) ? kImagePage.size() : 0));
  page = {};
  const uint32_t wanted = page_size == 0 ? kDefaultPage : std::min(page_size, kMaxPage);
  do {
    const uint32_t left = wanted - static_cast<uint32_t>(page.images.size());
    GANTRY_FLAVOR_TRY(api.ListImages(name, std::min(left, kMaxAnswer), next, page.images));
  } while (!next.empty() && page.images.size() < wanted);
  for (sdk::Image& image : page.images) {
    image.uri = target.registry_host + "/" + target.repository + "@" + image.digest;
  }
  if (!next.empty()) page.next_page_token = std::string(kImagePage) + next;
  return Ok();
}

bool MayAskRegistry(const Status& refused) {
  return refused.code == GANTRY_PERMISSION_DENIED || refused.code == GANTRY_NOT_FOUND ||
         (refused.code == GANTRY_UNAVAILABLE && refused.host_said_why);
}

}  // namespace gantry::gcp
