#include "plugins/github/token_kind.h"

#include <algorithm>
#include <iterator>

namespace gantry::github {
namespace {

// The last has an empty prefix, which fits everything: tokens before 2021 are bare hexadecimal.
constexpr TokenKind kKinds[] = {
    {"ghp_", "a classic personal access token", true, true},
    {"github_pat_", "a fine-grained personal access token", false, false},
    {"gho_", "a token of an OAuth app", true, true},
    {"ghs_", "a token of an app's installation, such as a workflow's GITHUB_TOKEN", false, true},
    {"ghu_", "a user's token of a GitHub App", false, true},
    {"ghr_", "a refresh token", false, false},
    {"", "a token of an unknown kind", true, true}};

}  // namespace

const TokenKind& TokenKindOf(std::string_view token) {
  return *std::find_if(std::begin(kKinds), std::end(kKinds),
                       [&](const TokenKind& kind) { return token.starts_with(kind.prefix); });
}

}  // namespace gantry::github
