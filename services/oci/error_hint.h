// What a cloud's refusals mean, as data: the same for pushes, logins and diagnoses.
#pragma once

#include <absl/status/status.h>

#include <string>
#include <vector>

namespace gantry {

// One row of a flavor's table.  Empty or 0 fits everything.
struct ErrorHint {
  int status = 0;       // HTTP
  std::string code;     // the registry's or API's: "NAME_UNKNOWN", "AADSTS7000215"
  std::string text;     // a part of the message; case is ignored
  std::string meaning;  // a clause for the message: "the client secret is wrong"
  std::string remedy;   // a sentence; {host} and {repository} are filled in
  std::string stage{};  // "dns", "proxy", "tcp", "tls": never got an answer (net/http_client.h)
};

// The error with the meaning and remedy of the first row that fits its metadata (httpStatus,
// upstreamCode, stage) and message.  Applying it again changes nothing.
absl::Status WithHint(absl::Status status, const std::vector<ErrorHint>& hints);

}  // namespace gantry
