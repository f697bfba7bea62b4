// Wrong fields of a request: all of them in one status, not only the first.
#pragma once

#include <absl/status/status.h>

#include <string>
#include <string_view>
#include <vector>

namespace gantry {

// A wrong field of a request.  The description is a sentence for people and never shows a secret.
struct FieldViolation {
  std::string field;  // as the caller wrote it: "uri", "config.username"
  std::string description;
};

// INVALID_ARGUMENT INVALID_CONFIG that carries them; at least one.
absl::Status InvalidConfig(std::vector<FieldViolation> violations, std::string_view remedy = "");
// INVALID_ARGUMENT INVALID_ARGUMENT for one wrong field of any request.
absl::Status InvalidField(std::string_view field, std::string_view description,
                          std::string_view remedy = "");

// Those that a status carries; none when it carries none.
std::vector<FieldViolation> FieldViolationsOf(const absl::Status& status);

}  // namespace gantry
