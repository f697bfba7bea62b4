// Page sizes and opaque page tokens.
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace gantry {

// What a page_size means: 0 is 100, more than 1000 is 1000.  INVALID_ARGUMENT when negative.
absl::StatusOr<int> EffectivePageSize(int page_size);

// An opaque token that brings `cursor` back.  `scope` names the list it continues: a token of
// another list is refused.
std::string MakePageToken(std::string_view scope, std::string_view cursor);
// The cursor; empty for an empty token.  INVALID_ARGUMENT when the token is of another list, or
// not one of ours.
absl::StatusOr<std::string> ReadPageToken(std::string_view scope, std::string_view token);

// One page of a list in the order of names.
template <class Record>
struct PageOf {
  std::vector<Record> records;
  std::string next_page_token;  // empty after the last
};

// `list(after, limit)` gives a StatusOr of the first `limit` records behind the name `after`.
template <class Record, class List>
absl::StatusOr<PageOf<Record>> ListPage(std::string_view scope, int page_size,
                                        std::string_view page_token, List&& list) {
  GANTRY_ASSIGN_OR_RETURN(const int size, EffectivePageSize(page_size));
  GANTRY_ASSIGN_OR_RETURN(const std::string after, ReadPageToken(scope, page_token));
  PageOf<Record> page;
  GANTRY_ASSIGN_OR_RETURN(page.records, list(after, size + 1));
  if (page.records.size() > static_cast<size_t>(size)) {
    page.records.pop_back();
    page.next_page_token = MakePageToken(scope, page.records.back().name);
  }
  return page;
}

}  // namespace gantry
