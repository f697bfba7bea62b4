#include "oci/json.h"

#include "base/status.h"

namespace gantry {
namespace {

constexpr int kMaxDepth = 64;

bool TooDeep(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kMaxDepth) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

const Json* Member(const Json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto it = object.find(key);
  return it == object.end() ? nullptr : &*it;
}

}  // namespace

absl::StatusOr<Json> ParseJson(std::string_view text) {
  if (TooDeep(text)) {
    return InvalidArgument(reason::kSourceInvalid, "JSON nested deeper than {} levels", kMaxDepth);
  }
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return InvalidArgument(reason::kSourceInvalid, "not well-formed JSON");
  return json;
}

std::optional<std::string> GetString(const Json& object, const char* key) {
  const Json* member = Member(object, key);
  if (!member || !member->is_string()) return std::nullopt;
  return member->get<std::string>();
}

std::optional<int64_t> GetInt(const Json& object, const char* key) {
  const Json* member = Member(object, key);
  if (!member || !member->is_number_integer()) return std::nullopt;
  if (member->is_number_unsigned() && member->get<uint64_t>() > uint64_t{INT64_MAX}) {
    return std::nullopt;
  }
  return member->get<int64_t>();
}

const Json* GetArray(const Json& object, const char* key) {
  const Json* member = Member(object, key);
  return member && member->is_array() ? member : nullptr;
}

const Json* GetObject(const Json& object, const char* key) {
  const Json* member = Member(object, key);
  return member && member->is_object() ? member : nullptr;
}

}  // namespace gantry
