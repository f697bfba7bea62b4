// Google's OAuth 2.0 access tokens, however they are got.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "plugins/sdk/call.h"
#include "plugins/sdk/encoding.h"

namespace gantry::gcp {

// What a token may do: everything its owner may, or of that only the reading.
inline constexpr char kFullScope[] = "https://www.googleapis.com/auth/cloud-platform";
inline constexpr char kReadOnlyScope[] = "https://www.googleapis.com/auth/cloud-platform.read-only";

struct AccessToken {
  sdk::Secret value;
  int64_t expires_unix_ms = 0;  // 0: not known
  bool read_only = false;       // Google has given it for reading alone
  bool looked_up = false;       // it was given to us, and Google has said whose it is
  std::string identity;         // e-mail address or the like of whose it is, where that is known
  std::string project;          // of the credential, where it says one
  std::string quota_project;    // whose quota API requests count against: user accounts have none
};

// POSTs an OAuth 2.0 form, which may hold secrets.
//   FAILED_PRECONDITION CONNECTOR_UNUSABLE   `url` is not https
sdk::Status PostForm(const sdk::Call& call, std::string_view url, sdk::FormFields fields,
                     sdk::HttpResponse& response);

// Reads {"access_token", "expires_in", "scope"}, the answer to a request for `scope` that was sent
// at `asked_unix_ms`; an empty `scope` was not asked for, or is not sure to be heeded.  What is no
// such answer becomes the error that `what` was refused, with OAuth's own words.
sdk::Status ReadTokenAnswer(std::string_view url, std::string_view what,
                            const sdk::HttpResponse& response, int64_t asked_unix_ms,
                            std::string_view scope, AccessToken& token);

// The refusal of an OAuth 2.0 server: {"error", "error_description", "error_subtype"}.
sdk::Status OAuthRefusal(std::string_view url, std::string_view what,
                         const sdk::HttpResponse& response);

// Whether it was the scope alone that was refused.
bool ScopeRefused(const sdk::Status& status);

}  // namespace gantry::gcp
