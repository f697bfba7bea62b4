#include "oci/challenge.h"

#include "base/characters.h"
#include "base/strings.h"

namespace gantry {
namespace {

bool IsToken68Char(char c) {
  return IsAlnum(c) || std::string_view("-._~+/").find(c) != std::string_view::npos;
}
bool IsBlank(char c) { return c == ' ' || c == '\t'; }

// Reads one field from left to right; no character is looked at more than a few times.
class FieldParser {
 public:
  FieldParser(std::string_view text, std::vector<Challenge>& out) : text_(text), out_(out) {}

  void Parse() {
    const size_t first = out_.size();
    while (SkipSeparators()) {
      const std::string_view word = TakeWhile(IsTokenChar);
      if (word.empty()) {
        ++at_;
        continue;
      }
      const bool spaced = SkipBlanks();
      if (Peek() == '=') {
        ++at_;
        SkipBlanks();
        std::string value = TakeValue();
        // A parameter before any scheme belongs to nothing.
        if (out_.size() > first) out_.back().params.emplace(ToLower(word), std::move(value));
      } else {
        out_.push_back({ToLower(word), {}, {}});
        if (spaced) out_.back().token68 = TakeToken68();
      }
    }
  }

 private:
  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  template <class Predicate>
  std::string_view TakeWhile(Predicate predicate) {
    const size_t begin = at_;
    while (at_ < text_.size() && predicate(text_[at_])) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  bool SkipBlanks() { return !TakeWhile(IsBlank).empty(); }

  // False at the end.
  bool SkipSeparators() {
    TakeWhile([](char c) { return IsBlank(c) || c == ','; });
    return at_ < text_.size();
  }

  std::string TakeValue() {
    if (Peek() != '"') {
      return std::string(TakeWhile([](char c) { return c != ',' && !IsBlank(c); }));
    }
    std::string value;
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      value += text_[at_];
    }
    if (at_ < text_.size()) ++at_;
    return value;
  }

  // What follows a scheme is a token68 only if nothing but a comma or the end comes after it;
  // otherwise it is the name of a parameter, or the next scheme.
  std::string TakeToken68() {
    const size_t begin = at_;
    TakeWhile(IsToken68Char);
    TakeWhile([](char c) { return c == '='; });
    const std::string_view token = text_.substr(begin, at_ - begin);
    SkipBlanks();
    if (at_ == text_.size() || Peek() == ',') return std::string(token);
    at_ = begin;
    return {};
  }

  std::string_view text_;
  std::vector<Challenge>& out_;
  size_t at_ = 0;
};

}  // namespace

std::optional<std::string> Challenge::Get(const std::string& name) const {
  const auto it = params.find(name);
  if (it == params.end()) return std::nullopt;
  return it->second;
}

std::vector<Challenge> ParseChallenges(const std::vector<std::string>& fields) {
  std::vector<Challenge> challenges;
  for (const std::string& field : fields) FieldParser(field, challenges).Parse();
  return challenges;
}

}  // namespace gantry
