// Page sizes and opaque page tokens.
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "store/store.h"

namespace gantry {

// What a page_size means: 0 is 100, more than 1000 is 1000.  INVALID_ARGUMENT when negative.
absl::StatusOr<int> EffectivePageSize(int page_size);

// An opaque token that brings `cursor` back.  `scope` names the list it continues: a token of
// another list is refused.
std::string MakePageToken(std::string_view scope, std::string_view cursor);
// The cursor; empty for an empty token.  INVALID_ARGUMENT when the token is of another list, or
// not one of ours.
absl::StatusOr<std::string> ReadPageToken(std::string_view scope, std::string_view token);

// What a record weighs in an answer, more or less.
size_t BytesOf(const RegistryRecord& record);
size_t BytesOf(const ConnectorRecord& record);

// One page of a list in the order of names.
template <class Record>
struct PageOf {
  std::vector<Record> records;
  std::string next_page_token;  // empty after the last
};

// `list(after, limit)` gives a StatusOr of the first `limit` records behind the name `after`.  A
// page ends early rather than outgrow the 4 MiB that gRPC's clients take.
template <class Record, class List>
absl::StatusOr<PageOf<Record>> ListPage(std::string_view scope, int page_size,
                                        std::string_view page_token, List&& list) {
  GANTRY_ASSIGN_OR_RETURN(const int size, EffectivePageSize(page_size));
  GANTRY_ASSIGN_OR_RETURN(const std::string after, ReadPageToken(scope, page_token));
  PageOf<Record> page;
  GANTRY_ASSIGN_OR_RETURN(page.records, list(after, size + 1));
  constexpr size_t kMaxBytes = 1 << 20;
  size_t count = 0, bytes = 0;
  while (count < page.records.size() && count < static_cast<size_t>(size)) {
    bytes += BytesOf(page.records[count]);
    if (count > 0 && bytes > kMaxBytes) break;
    ++count;
  }
  if (count < page.records.size()) {
    page.records.resize(count);
    page.next_page_token = MakePageToken(scope, page.records.back().name);
  }
  return page;
}

}  // namespace gantry
