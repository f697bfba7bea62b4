#include "plugins/gcp/subject_token.h"

#include "plugins/gcp/aws_subject_token.h"
#include "plugins/sdk/encoding.h"
#include "plugins/sdk/upstream_error.h"

namespace gantry::gcp {
namespace {

using sdk::Json;
using sdk::Ok;
using sdk::Status;

// The token within what was read, as "format" says: the whole text, or a field of JSON.
Status Extract(const Json& format, std::string_view text, std::string_view where,
               sdk::Secret& token) {
  if (format["type"].Text() != "json") {
    token = sdk::Secret(sdk::Trim(text));
  } else {
    token = sdk::Secret(Json::Parse(text)[format["subject_token_field_name"].Text()].Text());
  }
  if (!token.empty()) return Ok();
  return sdk::ConnectorUnusable("there is no token in " + std::string(where),
                                "Check what writes it, and \"format\" in the credential source.");
}

Status ReadFromFile(const sdk::Call& call, const Json& source, sdk::Secret& token) {
  const std::string path = source["file"].Text();
  sdk::Secret content;
  GANTRY_FLAVOR_TRY(call.ReadFile(path, content));
  return Extract(source["format"], content.Reveal(), path, token);
}

// Where clouds put the metadata services of their machines.
bool IsMetadataHost(std::string_view host) {
  return host == "169.254.169.254" || host == "metadata.google.internal" ||
         host == "[fd00:ec2::254]";
}

// Plain http reaches the machine's own metadata service alone.
Status ReadFromUrl(const sdk::Call& call, const Json& source, sdk::Secret& token) {
  sdk::HttpRequest request;
  request.url = source["url"].Text();
  request.flags = GANTRY_HTTP_SECRET_BODY;
  if (!request.url.starts_with("https://")) {
    if (!IsMetadataHost(sdk::HostOf(request.url))) {
      return sdk::ConnectorUnusable(
          "the credential source would read " + request.url + " without TLS",
          "Use an https:// URL, or a metadata service.");
    }
    request.flags |= GANTRY_HTTP_METADATA;
  }
  const Json headers = source["headers"];
  for (const std::string& name : headers.Keys()) {
    request.headers.emplace_back(name, headers[name].Text());
  }
  sdk::HttpResponse response;
  GANTRY_FLAVOR_TRY(call.Http(request, response));
  if (response.status != 200) {
    return sdk::UpstreamError(sdk::HostOf(request.url), "the subject token", response, "", "");
  }
  return Extract(source["format"], response.body, request.url, token);
}

}  // namespace

Status ReadSubjectToken(const sdk::Call& call, const KeyFile& key, sdk::Secret& token) {
  const Json source = key.json["credential_source"];
  const std::string environment = source["environment_id"].Text();
  if (environment == "aws1") return ReadAwsSubjectToken(call, key, token);
  if (!environment.empty()) {
    return sdk::ConnectorUnusable(
        "environment_id \"" + environment + "\" in " + key.source + " is not known",
        "Only \"aws1\" is; write the file anew with a current gcloud.");
  }
  if (!source["file"].Text().empty()) return ReadFromFile(call, source, token);
  if (!source["url"].Text().empty()) return ReadFromUrl(call, source, token);
  for (const char* kind : {"executable", "certificate"}) {
    if (!source[kind]) continue;
    return sdk::ConnectorUnusable(
        key.source + " takes its token from a" + (kind[0] == 'e' ? "n " : " ") + kind +
            ", and the daemon does not do that",
        "Use a credential source of kind file or url: let what runs the command write "
        "the token to a file.");
  }
  return sdk::ConnectorUnusable(key.source + " has no credential_source",
                                "Give the whole file as gcloud wrote it.");
}

}  // namespace gantry::gcp
