// How records are written into columns.
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

#include "store/store.h"

namespace gantry {

inline long long ToMicros(WallTime time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
}
inline WallTime FromMicros(long long micros) { return WallTime(std::chrono::microseconds(micros)); }

inline std::string LabelsToText(const Labels& labels) {
  return nlohmann::json(labels).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}
inline Labels LabelsFromText(const std::string& text) {
  Labels labels;
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return labels;
  for (const auto& [key, value] : json.items()) {
    if (value.is_string()) labels[key] = value.get<std::string>();
  }
  return labels;
}

}  // namespace gantry
