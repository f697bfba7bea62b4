#include "plugins/gcp/resource_list.h"

#include <algorithm>
#include <deque>

namespace gantry::gcp {
namespace {

using sdk::MakeError;
using sdk::Ok;
using sdk::Status;

// Where a listing stands: the locations that are left, of the first one the API's own page token.
// As text "us-central1,us-east1|TOKEN"; it comes back through clients.
struct Position {
  std::deque<std::string> locations;
  std::string page_token;

  std::string Text() const {
    std::string text;
    for (const std::string& location : locations) text += (text.empty() ? "" : ",") + location;
    return text + "|" + page_token;
  }

  static bool Parse(std::string_view text, Position& position) {
    const size_t bar = text.find('|');
    if (bar == text.npos) return false;
    position.page_token = text.substr(bar + 1);
    for (std::string_view rest = text.substr(0, bar); !rest.empty();) {
      const size_t comma = std::min(rest.find(','), rest.size());
      position.locations.emplace_back(rest.substr(0, comma));
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
    return !position.locations.empty() &&
           std::all_of(position.locations.begin(), position.locations.end(), IsLocation);
  }

  static bool IsLocation(const std::string& text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    });
  }
};

std::string Describe(const Repository& repository) {
  std::string text = "Artifact Registry in " + repository.name.location;
  if (repository.mode == "REMOTE_REPOSITORY") text += ", a remote repository: for pulls only";
  if (repository.mode == "VIRTUAL_REPOSITORY") text += ", a virtual repository: for pulls only";
  if (repository.immutable_tags) text += ", tags cannot be moved";
  return text;
}

}  // namespace

Status ListRegistries(const ArtifactRegistry& api, const sdk::Call& call,
                      const std::string& project, const std::string& page_token,
                      sdk::ResourcePage& page) {
  Position at;
  if (page_token.empty()) {
    std::vector<std::string> locations;
    GANTRY_FLAVOR_TRY(api.ListLocations(project, locations));
    std::copy_if(locations.begin(), locations.end(), std::back_inserter(at.locations),
                 Position::IsLocation);
  } else if (!Position::Parse(page_token, at)) {
    return MakeError(GANTRY_INVALID_ARGUMENT, "INVALID_ARGUMENT", "the page token is not valid",
                     "Leave it out to begin with the first page.");
  }
  // Most locations are empty; a page is not.
  while (page.resources.empty() && !at.locations.empty()) {
    GANTRY_FLAVOR_TRY(call.Check());
    std::vector<Repository> found;
    GANTRY_FLAVOR_TRY(api.ListRepositories(project, at.locations.front(), at.page_token, found));
    for (const Repository& repository : found) {
      page.resources.push_back({RegistryUri(repository.name), Describe(repository)});
    }
    if (at.page_token.empty()) at.locations.pop_front();
  }
  if (!at.locations.empty()) page.next_page_token = at.Text();
  return Ok();
}

}  // namespace gantry::gcp
