#include "plugins/sdk/json.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace gantry::sdk {
namespace {

constexpr int kMaxDepth = 64;

const nlohmann::json& Node(const void* node) { return *static_cast<const nlohmann::json*>(node); }

// Counted before anything is built: neither building nor destroying may exhaust the stack.
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

}  // namespace

struct Json::Document {
  nlohmann::json root;
};

Json Json::Parse(std::string_view text) {
  if (TooDeep(text)) return {};
  auto document = std::make_shared<Document>();
  document->root = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (document->root.is_discarded() || document->root.is_null()) return {};
  const void* root = &document->root;
  return {std::move(document), root};
}

bool Json::is_object() const { return node_ != nullptr && Node(node_).is_object(); }
bool Json::is_array() const { return node_ != nullptr && Node(node_).is_array(); }

Json Json::operator[](std::string_view key) const {
  if (!is_object()) return {};
  const auto it = Node(node_).find(std::string(key));
  if (it == Node(node_).end() || it->is_null()) return {};
  return {document_, &*it};
}

Json Json::operator[](size_t index) const {
  if (!is_array() || index >= Node(node_).size()) return {};
  const nlohmann::json& element = Node(node_)[index];
  if (element.is_null()) return {};
  return {document_, &element};
}

size_t Json::size() const { return is_array() || is_object() ? Node(node_).size() : 0; }

std::vector<std::string> Json::Keys() const {
  std::vector<std::string> keys;
  if (!is_object()) return keys;
  for (const auto& [key, value] : Node(node_).items()) keys.push_back(key);
  return keys;
}

std::string Json::Text() const {
  if (node_ == nullptr || !Node(node_).is_string()) return {};
  return Node(node_).get<std::string>();
}

int64_t Json::Integer() const {
  if (node_ == nullptr || !Node(node_).is_number_integer()) return 0;
  return Node(node_).get<int64_t>();
}

double Json::Number() const {
  if (node_ == nullptr || !Node(node_).is_number()) return 0;
  return Node(node_).get<double>();
}

bool Json::Boolean() const {
  return node_ != nullptr && Node(node_).is_boolean() && Node(node_).get<bool>();
}

std::string Json::Dump() const {
  if (node_ == nullptr) return "null";
  return Node(node_).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string JsonQuote(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace gantry::sdk
