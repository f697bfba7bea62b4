#include "gantryd/registries/names.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/characters.h"
#include "base/strings.h"

namespace gantry {
namespace {

constexpr size_t kMaxName = 63;
constexpr size_t kMaxLabelBytes = 64 << 10;
constexpr size_t kMaxDescription = 16 << 10;

}  // namespace

std::optional<FieldViolation> CheckName(std::string_view name) {
  if (name.empty()) return FieldViolation{"name", "is required"};
  const bool legal = name.size() <= kMaxName && IsLowerAlnum(name.front()) &&
                     IsLowerAlnum(name.back()) && std::all_of(name.begin(), name.end(), [](char c) {
                       return IsLowerAlnum(c) || c == '-' || c == '_' || c == '.';
                     });
  if (legal) return std::nullopt;
  return FieldViolation{
      "name", fmt::format("'{}' is not a name: use at most {} lower-case letters, digits, '-', '_' "
                          "and '.', and begin and end with a letter or digit",
                          Excerpt(name, 80), kMaxName)};
}

size_t BytesOf(const Labels& labels) {
  size_t bytes = 0;
  for (const auto& [name, value] : labels) bytes += name.size() + value.size();
  return bytes;
}

std::optional<FieldViolation> CheckLabels(const Labels& labels) {
  const size_t bytes = BytesOf(labels);
  if (bytes <= kMaxLabelBytes) return std::nullopt;
  return FieldViolation{
      "labels", fmt::format("have {} bytes together, and may have {}", bytes, kMaxLabelBytes)};
}

std::optional<FieldViolation> CheckDescription(std::string_view description) {
  if (description.size() <= kMaxDescription) return std::nullopt;
  return FieldViolation{"description", fmt::format("has {} bytes, and may have {}",
                                                   description.size(), kMaxDescription)};
}

}  // namespace gantry
