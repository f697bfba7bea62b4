#include "plugins/gcp/default_credentials.h"

#include "plugins/gcp/key_file.h"
#include "plugins/gcp/metadata_server.h"

namespace gantry::gcp {
namespace {

using sdk::Ok;
using sdk::Status;

constexpr char kFileName[] = "/application_default_credentials.json";

// Empty when the daemon's user has no home.
Status GcloudFile(const sdk::Call& call, std::string& path) {
  std::string directory;
  GANTRY_FLAVOR_TRY(call.ReadEnvironment("CLOUDSDK_CONFIG", directory));
  if (directory.empty()) {
    GANTRY_FLAVOR_TRY(call.ReadEnvironment("HOME", directory));
    if (!directory.empty()) directory += "/.config/gcloud";
  }
  path = directory.empty() ? "" : directory + kFileName;
  return Ok();
}

}  // namespace

Status DefaultToken(const sdk::Call& call, const Endpoints& endpoints, std::string_view scope,
                    AccessToken& token) {
  std::string path;
  GANTRY_FLAVOR_TRY(call.ReadEnvironment("GOOGLE_APPLICATION_CREDENTIALS", path));
  const bool named = !path.empty();
  if (!named) GANTRY_FLAVOR_TRY(GcloudFile(call, path));
  if (!path.empty()) {
    sdk::Secret content;
    const Status read = call.ReadFile(path, content);
    if (read.ok()) {
      KeyFile key;
      GANTRY_FLAVOR_TRY(ParseKeyFile(content.Reveal(), path, key));
      key.of_machine = true;
      return TokenOfKeyFile(call, endpoints, key, scope, token);
    }
    // gcloud's file may be missing; one that somebody has named may not.
    if (named || read.code != GANTRY_NOT_FOUND) return read;
  }
  return MetadataToken(call, scope,
                       "GOOGLE_APPLICATION_CREDENTIALS is not set, gcloud has left no credentials",
                       token);
}

}  // namespace gantry::gcp
