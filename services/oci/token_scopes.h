// Token scopes: "repository:team/app:pull,push".  Distribution spec, "Token Scope Documentation".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "oci/credential.h"

namespace gantry {

// What a token is asked for: resources with their actions, one entry a resource.  A value.
class TokenScopes {
 public:
  // `also_pull` is the source of a mount, or empty; so may be `repository`.
  static TokenScopes For(const std::string& repository, Actions actions,
                         const std::string& also_pull);

  // Adds scopes separated by spaces, as a challenge names them; true when anything was new.  What
  // is added goes first: some token servers read only the first scope.
  bool Add(std::string_view scopes);

  // The same without the delete action, which some token servers refuse to hear of.
  TokenScopes WithoutDelete() const;

  // As they are asked for.
  const std::vector<std::string>& list() const { return list_; }
  // Separated by spaces.
  std::string text() const;
  // The same for the same scopes in any order.
  std::string key() const;

 private:
  std::vector<std::string> list_;
};

}  // namespace gantry
