// The shared files of the AWS command line, ~/.aws/credentials and ~/.aws/config.
// https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
#pragma once

#include <string>
#include <string_view>

#include "plugins/sdk/call.h"
#include "plugins/sdk/sigv4.h"

namespace gantry::aws {

// The value of a key in a section of an INI file; nested keys, which are indented, are not seen.
// Borrows from `text`; empty when it is not there.
std::string_view IniValue(std::string_view text, std::string_view section, std::string_view key);

// Both files, as they are now; either may be missing.  Immutable once loaded.
class ProfileFiles {
 public:
  static sdk::Status Load(const sdk::Call& call, ProfileFiles& files);

  // What the profile says, by the credentials file before the config file.  Borrows from this.
  std::string_view Get(std::string_view profile, std::string_view key) const;
  bool Has(std::string_view profile) const;

  // The profile's long-lived or temporary keys; empty when it has none.
  sdk::AwsKeys Keys(std::string_view profile) const;
  // FAILED_PRECONDITION CONNECTOR_UNUSABLE   the profile needs a person or a program: SSO, MFA,
  //                                      credential_process
  sdk::Status CheckUsable(std::string_view profile) const;

 private:
  sdk::Secret credentials_, config_;
};

}  // namespace gantry::aws
