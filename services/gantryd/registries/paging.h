// Page sizes and opaque page tokens.
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <string_view>

namespace gantry {

// What a page_size means: 0 is 100, more than 1000 is 1000.  INVALID_ARGUMENT when negative.
absl::StatusOr<int> EffectivePageSize(int page_size);

// An opaque token that brings `cursor` back.  `scope` names the list it continues: a token of
// another list is refused.
std::string MakePageToken(std::string_view scope, std::string_view cursor);
// The cursor; empty for an empty token.  INVALID_ARGUMENT when the token is of another list, or
// not one of ours.
absl::StatusOr<std::string> ReadPageToken(std::string_view scope, std::string_view token);

}  // namespace gantry
