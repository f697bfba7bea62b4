// Free fields of a command as the API's config, the fields a schema names, and labels as text.
#pragma once

#include <google/protobuf/map.h>
#include <google/protobuf/struct.pb.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace gantry::cli {

// Every value goes as a string, as it was written.
inline void AddFields(const std::map<std::string, std::string>& values,
                      google::protobuf::Struct& config) {
  for (const auto& [key, value] : values) {
    (*config.mutable_fields())[key].set_string_value(value);
  }
}

// The fields that a JSON Schema names, in order.
inline std::vector<std::string> FieldNames(const google::protobuf::Struct& schema) {
  std::vector<std::string> names;
  const auto properties = schema.fields().find("properties");
  if (properties == schema.fields().end()) return names;
  for (const auto& [name, property] : properties->second.struct_value().fields()) {
    names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

// "key=value, …" in the order of keys.
inline std::string LabelText(const google::protobuf::Map<std::string, std::string>& labels) {
  std::string text;
  for (const auto& [key, value] :
       std::map<std::string, std::string>(labels.begin(), labels.end())) {
    if (!text.empty()) text += ", ";
    text += key + "=" + value;
  }
  return text;
}

}  // namespace gantry::cli
