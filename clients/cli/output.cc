#include "clients/cli/output.h"

#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <array>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/status.h"

namespace gantry::cli {
namespace {

// Characters on the screen, near enough: bytes that do not continue a UTF-8 sequence.
size_t WidthOf(const std::string& s) {
  return static_cast<size_t>(std::count_if(
      s.begin(), s.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace

std::string Printable(std::string_view text) {
  std::string out = ScrubUtf8(text);
  for (size_t i = 0; i < out.size(); ++i) {
    const auto c = static_cast<unsigned char>(out[i]);
    if ((c < 0x20 && c != '\n') || c == 0x7F) out[i] = '?';
    // U+0080 to U+009F, which some terminals obey as they do ESC [.
    if (c == 0xC2 && static_cast<unsigned char>(out[i + 1]) < 0xA0) out.replace(i, 2, "?");
  }
  return out;
}

std::string Table(const Rows& rows) {
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], WidthOf(row[i]));
  }
  std::string out;
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      out += Printable(row[i]);
      if (i + 1 < row.size()) out.append(widths[i] - WidthOf(row[i]) + 2, ' ');
    }
    out.resize(out.find_last_not_of(' ') + 1);
    out += '\n';
  }
  return out;
}

std::string ToJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(message, &json, options).ok()) return "{}\n";
  if (json.empty() || json.back() != '\n') json += '\n';
  return json;
}

std::string DescribeError(const absl::Status& status, Format format) {
  const ErrorDetail detail = DetailOf(status);
  if (format == Format::kJson) {
    nlohmann::ordered_json json{{"code", absl::StatusCodeToString(status.code())},
                                {"reason", detail.reason},
                                {"message", ScrubUtf8(MessageOf(status))}};
    if (!detail.remedy.empty()) json["remedy"] = detail.remedy;
    if (detail.retry_after) json["retry_after_ms"] = detail.retry_after->count();
    if (!detail.metadata.empty()) json["metadata"] = detail.metadata;
    return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  }
  std::string out = fmt::format("error: {}\n", Printable(MessageOf(status)));
  if (!detail.reason.empty()) out += fmt::format("  reason: {}\n", detail.reason);
  if (!detail.remedy.empty()) out += fmt::format("  what to do: {}\n", Printable(detail.remedy));
  return out;
}

void PrintWarning(std::string_view text) {
  std::cerr << fmt::format("warning: {}\n", Printable(text));
}

std::string HumanBytes(int64_t bytes) {
  constexpr std::array kUnits = {"kB", "MB", "GB", "TB"};
  if (bytes < 1000) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes) / 1000;
  size_t unit = 0;
  while (value >= 999.95 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

}  // namespace gantry::cli
