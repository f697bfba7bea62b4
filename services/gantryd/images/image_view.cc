#include "gantryd/images/image_view.h"

#include <utility>

namespace gantry {

ImageView MakeView(const RegistrySession& session, const std::string& repository,
                   std::vector<std::string> tags, const std::string& digest) {
  ImageView view;
  view.registry = session.record().name;
  view.repository = repository;
  view.tags = std::move(tags);
  view.digest = digest;
  const std::string name = session.uri().host() + "/" + repository;
  if (!digest.empty()) view.digest_uri = name + "@" + digest;
  view.uri = view.tags.empty() ? view.digest_uri : name + ":" + view.tags.front();
  return view;
}

}  // namespace gantry
