#include "oci/token_scopes.h"

#include <algorithm>

#include "base/strings.h"

namespace gantry {
namespace {

// A repository's name may hold colons of a host and port, so that only the outer ones count.
// "repository:a/b" of "repository:a/b:pull,push"; a word without two colons is its own resource.
std::string_view ResourceOf(std::string_view scope) {
  const size_t last = scope.rfind(':');
  return last == scope.npos || scope.find(':') == last ? scope : scope.substr(0, last);
}

std::vector<std::string_view> ActionsOf(std::string_view scope) {
  const std::string_view resource = ResourceOf(scope);
  if (resource.size() == scope.size()) return {};
  return Split(scope.substr(resource.size() + 1), ',');
}

std::string Join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string text;
  for (const std::string& part : parts) {
    if (!text.empty()) text += separator;
    text += part;
  }
  return text;
}

}  // namespace

TokenScopes TokenScopes::For(const std::string& repository, Actions actions,
                             const std::string& also_pull) {
  TokenScopes scopes;
  std::vector<std::string> wanted;
  if (actions.pull) wanted.push_back("pull");
  if (actions.push) wanted.push_back("push");
  if (actions.remove) wanted.push_back("delete");
  if (!repository.empty() && !wanted.empty()) {
    scopes.list_.push_back("repository:" + repository + ":" + Join(wanted, ","));
  }
  if (!also_pull.empty() && also_pull != repository) {
    scopes.list_.push_back("repository:" + also_pull + ":pull");
  }
  return scopes;
}

bool TokenScopes::Add(std::string_view scopes) {
  bool added = false;
  for (const std::string_view scope : Split(scopes, ' ')) {
    if (scope.empty()) continue;
    const auto same = std::find_if(list_.begin(), list_.end(), [&](const std::string& known) {
      return ResourceOf(known) == ResourceOf(scope);
    });
    if (same == list_.end()) {
      list_.emplace(list_.begin(), scope);
      added = true;
      continue;
    }
    for (const std::string_view action : ActionsOf(scope)) {
      const auto known = ActionsOf(*same);
      if (action.empty() || std::find(known.begin(), known.end(), action) != known.end()) continue;
      *same += (known.empty() ? ":" : ",") + std::string(action);
      added = true;
    }
  }
  return added;
}

TokenScopes TokenScopes::WithoutDelete() const {
  TokenScopes scopes;
  for (const std::string& scope : list_) {
    std::vector<std::string> kept;
    for (const std::string_view action : ActionsOf(scope)) {
      if (action != "delete") kept.emplace_back(action);
    }
    if (ResourceOf(scope).size() == scope.size()) {
      scopes.list_.push_back(scope);
    } else if (!kept.empty()) {
      scopes.list_.push_back(std::string(ResourceOf(scope)) + ":" + Join(kept, ","));
    }
  }
  return scopes;
}

std::string TokenScopes::text() const { return Join(list_, " "); }

std::string TokenScopes::key() const {
  std::vector<std::string> sorted = list_;
  std::sort(sorted.begin(), sorted.end());
  return Join(sorted, " ");
}

}  // namespace gantry
