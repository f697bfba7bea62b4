#include "clients/cli/key_values.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <utility>

#include "base/status.h"

namespace gantry::cli {
namespace {

constexpr size_t kMaxValueBytes = 1 << 20;
constexpr std::string_view kEnv = "env:";

Error Usage(std::string message) {
  return Error(absl::StatusCode::kInvalidArgument, reason::kInvalidArgument, std::move(message));
}

using Fields = std::map<std::string, std::string_view>;

// The fields as they were written.
absl::StatusOr<Fields> SplitFields(const std::vector<std::string>& arguments) {
  Fields fields;
  for (size_t i = 0; i < arguments.size(); ++i) {
    std::string_view argument = arguments[i];
    if (!argument.starts_with("--") || argument.size() < 3) {
      return Usage(fmt::format("unexpected argument '{}'", Excerpt(argument, 200)))
          .Remedy("fields of the configuration are given as --name=value");
    }
    argument.remove_prefix(2);
    const size_t equals = argument.find('=');
    const std::string key(argument.substr(0, equals));
    std::string_view raw;
    if (equals != argument.npos) {
      raw = argument.substr(equals + 1);
    } else if (i + 1 < arguments.size() && !arguments[i + 1].starts_with("--")) {
      raw = arguments[++i];
    } else {
      return Usage(fmt::format("--{} needs a value", key)).Remedy("write --{}=value", key);
    }
    if (!fields.emplace(key, raw).second) {
      return Usage(fmt::format("--{} is given twice", key)).Remedy("give it once");
    }
  }
  return fields;
}

}  // namespace

absl::StatusOr<std::string> ReadValue(std::istream& in, std::string_view what) {
  std::string text(kMaxValueBytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(in.gcount()));
  if (in.bad()) {
    return Usage(fmt::format("cannot read {}", what)).Remedy("name a file that can be read");
  }
  if (text.size() > kMaxValueBytes) {
    return Usage(fmt::format("{} is longer than 1 MiB", what)).Remedy("is it the right one?");
  }
  if (text != ScrubUtf8(text)) {
    return Usage(fmt::format("{} is not UTF-8 text", what)).Remedy("is it the right one?");
  }
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

absl::StatusOr<std::string> ResolveValue(std::string_view value, const ReadInput& input) {
  if (value == "-") return input();
  if (value.starts_with("@@")) return std::string(value.substr(1));
  if (value.starts_with("@")) {
    const std::string path(value.substr(1));
    std::ifstream file(path, std::ios::binary);
    if (!file) {
      return Usage(fmt::format("cannot open the file {}: {}", path, std::strerror(errno)))
          .Remedy("a value that begins with @ names a file; write @@ for a literal @");
    }
    return ReadValue(file, path);
  }
  if (value.starts_with(kEnv)) {
    const std::string name(value.substr(kEnv.size()));
    const char* found = std::getenv(name.c_str());
    if (!found) {
      return Usage(fmt::format("the environment variable {} is not set", name))
          .Remedy("export it, or give the value by @file or - (standard input)");
    }
    return std::string(found);
  }
  return std::string(value);
}

absl::StatusOr<std::map<std::string, std::string>> ParseKeyValues(
    const std::vector<std::string>& arguments, const ReadInput& input) {
  GANTRY_ASSIGN_OR_RETURN(const Fields fields, SplitFields(arguments));
  std::map<std::string, std::string> values;
  for (const auto& [key, raw] : fields) {
    GANTRY_ASSIGN_OR_RETURN(values[key], ResolveValue(raw, input));
  }
  return values;
}

std::set<std::string> LiteralFields(const std::vector<std::string>& arguments) {
  std::set<std::string> keys;
  const auto fields = SplitFields(arguments);
  if (!fields.ok()) return keys;
  for (const auto& [key, raw] : *fields) {
    if (!raw.empty() && raw != "-" && raw[0] != '@' && !raw.starts_with(kEnv)) keys.insert(key);
  }
  return keys;
}

absl::StatusOr<std::map<std::string, std::string>> ParseLabels(
    const std::vector<std::string>& labels) {
  std::map<std::string, std::string> out;
  for (const std::string& label : labels) {
    const size_t equals = label.find('=');
    if (equals == label.npos || equals == 0) {
      return Usage(fmt::format("the label '{}' is not of the form key=value", label))
          .Remedy("write --label key=value");
    }
    out[label.substr(0, equals)] = label.substr(equals + 1);
  }
  return out;
}

absl::StatusOr<int64_t> ParseSeconds(std::string_view text) {
  int64_t number = 0;
  size_t i = 0;
  for (; i < text.size() && text[i] >= '0' && text[i] <= '9' && i < 9; ++i) {
    number = number * 10 + (text[i] - '0');
  }
  const std::string_view unit = text.substr(i);
  const int64_t factor = unit.empty() || unit == "s" ? 1
                         : unit == "m"               ? 60
                         : unit == "h"               ? 3600
                                                     : 0;
  if (i == 0 || factor == 0 || number == 0) {
    return Usage(fmt::format("'{}' is not a duration", text)).Remedy("write it as 90s, 15m or 6h");
  }
  return number * factor;
}

}  // namespace gantry::cli
