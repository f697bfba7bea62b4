#include "gantryd/registries/schema_error_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <valijson/validation_results.hpp>

#include "base/strings.h"

namespace gantry {
namespace {

constexpr size_t kMaxHint = 200;

// "[name]" or "[\"name\"]" or "[3]" of a validator's context, as a path below the prefix.
std::string FieldOf(std::string_view prefix, const std::vector<std::string>& context) {
  std::string field(prefix);
  for (size_t i = 1; i < context.size(); ++i) {
    std::string_view part = context[i];
    if (part.size() >= 2 && part.front() == '[' && part.back() == ']') {
      part = part.substr(1, part.size() - 2);
    }
    if (part.size() >= 2 && part.front() == '"' && part.back() == '"') {
      part = part.substr(1, part.size() - 2);
    }
    const bool index = !part.empty() && std::all_of(part.begin(), part.end(),
                                                    [](char c) { return c >= '0' && c <= '9'; });
    field += index ? fmt::format("[{}]", part) : fmt::format(".{}", Excerpt(part, 80));
  }
  return field;
}

const Json* PropertyOf(const Json& schema, std::string_view field, std::string_view prefix) {
  if (field.size() <= prefix.size() + 1) return nullptr;
  const Json* at = &schema;
  for (const std::string_view name : Split(field.substr(prefix.size() + 1), '.')) {
    const Json* properties = GetObject(*at, "properties");
    if (!properties) return nullptr;
    const auto it = properties->find(std::string(name));
    if (it == properties->end()) return nullptr;
    at = &*it;
  }
  return at;
}

// What the schema wants of the field, where it says so in words or in a list.
std::string Wish(const Json* property) {
  if (!property) return {};
  std::string wish;
  if (const Json* values = GetArray(*property, "enum"); values && values->size() <= 20) {
    for (const Json& value : *values) {
      wish += wish.empty() ? "one of " : ", ";
      wish += value.dump(-1, ' ', false, Json::error_handler_t::replace);
    }
  } else if (const auto type = GetString(*property, "type")) {
    wish = "type " + *type;
  }
  if (const auto text = GetString(*property, "description"); text && !text->empty()) {
    wish += fmt::format("{}{}", wish.empty() ? "" : "; ", Excerpt(*text, kMaxHint));
  }
  if (const Json* examples = GetArray(*property, "examples"); examples && !examples->empty()) {
    wish += fmt::format("; such as {}", Excerpt(examples->front().dump(), 80));
  }
  return wish;
}

bool Mentions(const std::string& text, std::string_view part) {
  return text.find(part) != text.npos;
}

// Says only that something inside is wrong, for which there is an error of its own.
bool IsEcho(const std::string& text) {
  return Mentions(text, "associated with property name") || Mentions(text, "child schema #") ||
         Mentions(text, "Failed to validate item #") ||
         Mentions(text, "additional properties schema");
}

std::string Sentence(const std::string& text, const std::string& wish) {
  const std::string tail = wish.empty() ? "" : fmt::format(" ({})", wish);
  if (Mentions(text, "'type' constraint")) return "is of the wrong type" + tail;
  if (Mentions(text, "any enum values") || Mentions(text, "'const' constraint")) {
    return "is none of the allowed values" + tail;
  }
  if (Mentions(text, "'pattern' constraint")) return "has the wrong form" + tail;
  if (Mentions(text, "no fewer than 1 characters")) return "is empty" + tail;
  return Excerpt(text, kMaxHint) + tail;
}

}  // namespace

std::vector<FieldViolation> DescribeSchemaErrors(valijson::ValidationResults& results,
                                                 const Json& schema, std::string_view prefix) {
  std::vector<FieldViolation> all, echoes;
  valijson::ValidationResults::Error error;
  while (results.popError(error)) {
    std::string field = FieldOf(prefix, error.context);
    constexpr std::string_view kMissing = "Missing required property '";
    const std::string& text = error.description;
    if (const size_t at = text.find(kMissing); at != text.npos) {
      const size_t begin = at + kMissing.size();
      field += "." + text.substr(begin, text.rfind('\'') - begin);
      const std::string wish = Wish(PropertyOf(schema, field, prefix));
      all.push_back({field, wish.empty() ? "is required" : fmt::format("is required ({})", wish)});
      continue;
    }
    FieldViolation violation{field, Sentence(text, Wish(PropertyOf(schema, field, prefix)))};
    (IsEcho(text) ? echoes : all).push_back(std::move(violation));
  }
  if (all.empty()) all = std::move(echoes);
  std::map<std::string, bool> told;
  std::erase_if(all, [&](const FieldViolation& v) { return !told.emplace(v.field, true).second; });
  return all;
}

}  // namespace gantry
