#include "gantryd/registries/field_violations.h"

#include <absl/strings/cord.h>

#include "base/status.h"
#include "oci/json.h"

namespace gantry {
namespace {

constexpr char kPayloadUrl[] = "gantry/field-violations";
// An answer's trailers are bounded: a hundred wrong fields would hide the error itself.
constexpr size_t kMaxViolations = 16;
constexpr size_t kMaxMessage = 1000;

void Attach(absl::Status& status, const std::vector<FieldViolation>& violations) {
  Json list = Json::array();
  for (const FieldViolation& v : violations) list.push_back({v.field, v.description});
  status.SetPayload(kPayloadUrl,
                    absl::Cord(list.dump(-1, ' ', false, Json::error_handler_t::replace)));
}

}  // namespace

absl::Status InvalidConfig(std::vector<FieldViolation> violations, std::string_view remedy) {
  std::string message;
  for (const FieldViolation& v : violations) {
    if (!message.empty()) message += "; ";
    message += fmt::format("{}: {}", v.field, v.description);
  }
  absl::Status status = InvalidArgument(reason::kInvalidConfig, "{}", Excerpt(message, kMaxMessage))
                            .Remedy("{}", remedy);
  if (violations.size() > kMaxViolations) violations.resize(kMaxViolations);
  Attach(status, violations);
  return status;
}

absl::Status InvalidField(std::string_view field, std::string_view description,
                          std::string_view remedy) {
  absl::Status status =
      InvalidArgument(reason::kInvalidArgument, "{}: {}", field, description).Remedy("{}", remedy);
  Attach(status, {{std::string(field), std::string(description)}});
  return status;
}

std::vector<FieldViolation> FieldViolationsOf(const absl::Status& status) {
  std::vector<FieldViolation> violations;
  const auto payload = status.GetPayload(kPayloadUrl);
  if (!payload) return violations;
  const auto list = ParseJson(std::string(*payload));
  if (!list.ok() || !list->is_array()) return violations;
  for (const Json& item : *list) {
    violations.push_back({item[0].get<std::string>(), item[1].get<std::string>()});
  }
  return violations;
}

}  // namespace gantry
