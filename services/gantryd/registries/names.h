// What registries and connectors are called by people: names, which URLs and files may hold, labels
// and descriptions.
#pragma once

#include <optional>
#include <string_view>

#include "gantryd/registries/field_violations.h"
#include "store/store.h"

namespace gantry {

// Lower-case letters, digits, '-', '_' and '.', at most 63, a letter or digit at both ends. Nothing
// when `name` is such a name; the violation of field "name" otherwise.
std::optional<FieldViolation> CheckName(std::string_view name);

// Names and values together, which may have 64 KiB.
size_t BytesOf(const Labels& labels);
std::optional<FieldViolation> CheckLabels(const Labels& labels);

// At most 16 KiB.
std::optional<FieldViolation> CheckDescription(std::string_view description);

}  // namespace gantry
