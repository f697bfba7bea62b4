// The JSON that Google gives people to log in with, and what each kind of it needs.
#pragma once

#include <string>
#include <string_view>

#include "plugins/gcp/access_token.h"
#include "plugins/gcp/endpoints.h"
#include "plugins/sdk/json.h"

namespace gantry::gcp {

// A parsed credential file; `source` is how its owner calls it: "service_account_json".
struct KeyFile {
  sdk::Json json;
  std::string source;
  bool of_machine = false;  // read on the daemon's machine: only Google sees what it makes

  std::string type() const { return json["type"].Text(); }
};

//   FAILED_PRECONDITION CONNECTOR_UNUSABLE   no JSON object with a type
sdk::Status ParseKeyFile(std::string_view text, std::string_view source, KeyFile& key);

// CONNECTOR_UNUSABLE that names the field, when the file lacks one of them.
sdk::Status RequireFields(const KeyFile& key, std::initializer_list<const char*> fields);

// A token for whatever the file is: a service account's key, a user's login, an external account,
// or a service account that such a one impersonates.
sdk::Status TokenOfKeyFile(const sdk::Call& call, const Endpoints& endpoints, const KeyFile& key,
                           std::string_view scope, AccessToken& token);

}  // namespace gantry::gcp
