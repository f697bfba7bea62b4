// JSON from strangers: bounded in size by the caller, in depth here.
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace gantry {

using Json = nlohmann::json;

// Nesting is counted before anything is built, so that no depth of brackets can exhaust the stack.
//   INVALID_ARGUMENT SOURCE_INVALID   not JSON, or nested deeper than 64
absl::StatusOr<Json> ParseJson(std::string_view text);

// A member of an object, when it is there and of that type; nothing otherwise.
std::optional<std::string> GetString(const Json& object, const char* key);
std::optional<int64_t> GetInt(const Json& object, const char* key);
const Json* GetArray(const Json& object, const char* key);
const Json* GetObject(const Json& object, const char* key);

}  // namespace gantry
