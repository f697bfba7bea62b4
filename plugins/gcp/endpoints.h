// Where Google's services are asked.
#pragma once

#include <string>
#include <string_view>

#include "plugins/sdk/config.h"
#include "plugins/sdk/status.h"

namespace gantry::gcp {

// The public ones, unless the connector names others: a proxy in front, or Private Service Connect.
// A method that lends the machine's own identity cannot name any: its tokens go to Google alone.
struct Endpoints {
  std::string token_uri;  // empty: the one of the credential's file, or Google's
  std::string iam = "https://iamcredentials.googleapis.com";
  std::string artifact_registry = "https://artifactregistry.googleapis.com";

  static Endpoints Of(const sdk::Config& config);

  // Where one asks about tokens: beside where they come from.
  std::string TokenInfoUri() const;
};

inline constexpr char kTokenUri[] = "https://oauth2.googleapis.com/token";

// FAILED_PRECONDITION CONNECTOR_UNUSABLE unless `url` is https at one service of Google, such as
// "sts" or "iamcredentials" of any location, with a path that begins so and no query: what is read
// on the daemon's machine is sent nowhere else, not to another customer's storage either.  `field`
// is where the URL stands.
sdk::Status RequireService(std::string_view url, std::string_view service, std::string_view path,
                           std::string_view field);

// The same for where a service account's key is used: keys of before 2018 name older addresses.
sdk::Status RequireTokenService(std::string_view url, std::string_view field);

// The same for the service_account_impersonation_url of the credential file `source`.
sdk::Status RequireImpersonationUrl(std::string_view url, std::string_view source);

}  // namespace gantry::gcp
