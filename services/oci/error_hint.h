// What a cloud's refusals mean, as data: the same for pushes, logins and diagnoses.
#pragma once

#include <absl/status/status.h>

#include <string>
#include <string_view>
#include <vector>

namespace gantry {

// One row of a flavor's table.  Empty or 0 fits everything.
struct ErrorHint {
  int status = 0;       // HTTP
  std::string code;     // the registry's or API's: "NAME_UNKNOWN", "AADSTS7000215"; case is ignored
  std::string text;     // a part of the message; case is ignored
  std::string meaning;  // a clause for the message: "the client secret is wrong"
  std::string remedy;   // a sentence; {host} and {repository} are filled in
  std::string stage{};  // "dns", "proxy", "tcp", "tls": never got an answer (net/http_client.h)
  // It is the login that has ended, so the same request is worth another try with a new one.
  bool login_ended = false;
};

// The first row that fits such a refusal or, with a stage, such an error on the way; or null.
const ErrorHint* FindHint(const std::vector<ErrorHint>& hints, int status, std::string_view code,
                          std::string_view text, std::string_view stage = {});

// The error with the meaning and remedy of the first row that fits its metadata (httpStatus,
// upstreamCode, stage) and message.  Applying it again changes nothing.
absl::Status WithHint(absl::Status status, const std::vector<ErrorHint>& hints);

}  // namespace gantry
