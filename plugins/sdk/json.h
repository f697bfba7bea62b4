// JSON as flavors need it: read with tolerance, quote for writing.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::sdk {

// One value of a parsed document, or nothing.  Looking for what is not there gives nothing, so a
// path can be followed without asking at every step: doc["connector"]["config"]["username"].Text().
// A value; immutable, so thread-safe.
class Json {
 public:
  Json() = default;
  // Nothing when the text is no JSON, or nested deeper than 64 levels.
  static Json Parse(std::string_view text);

  explicit operator bool() const { return node_ != nullptr; }  // there, and not null
  bool is_object() const;
  bool is_array() const;

  Json operator[](std::string_view key) const;  // member of an object
  Json operator[](size_t index) const;          // element of an array
  size_t size() const;                          // of an array or object, else 0
  std::vector<std::string> Keys() const;        // of an object, in order of the alphabet

  // Empty, 0 or false when it is something else.
  std::string Text() const;
  int64_t Integer() const;
  double Number() const;  // of an integer too
  bool Boolean() const;

  // The value as text, without blanks; "null" for nothing.
  std::string Dump() const;

 private:
  struct Document;
  Json(std::shared_ptr<const Document> document, const void* node)
      : document_(std::move(document)), node_(node) {}

  std::shared_ptr<const Document> document_;
  const void* node_ = nullptr;
};

// `text` as a JSON string, with its quotes.  Bytes that are no UTF-8 become U+FFFD.
std::string JsonQuote(std::string_view text);

}  // namespace gantry::sdk
