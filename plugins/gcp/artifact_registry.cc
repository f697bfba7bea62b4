#include "plugins/gcp/artifact_registry.h"

#include <algorithm>
#include <cstdlib>

#include "plugins/gcp/google_api.h"
#include "plugins/sdk/timestamp.h"
#include "plugins/sdk/upstream_error.h"

namespace gantry::gcp {
namespace {

using sdk::Json;
using sdk::JsonQuote;
using sdk::MakeError;
using sdk::Ok;
using sdk::Status;

constexpr int64_t kFirstPauseMs = 500, kLongestPauseMs = 5'000, kLongestCreationMs = 90'000;

// The query of a listing's page; the first one has no token.
std::string PageQuery(uint32_t size, const std::string& token) {
  return "?pageSize=" + std::to_string(size) +
         (token.empty() ? "" : "&pageToken=" + sdk::UrlEncode(token));
}

std::string_view LastPart(std::string_view resource) {
  return resource.substr(resource.rfind('/') + 1);
}

Repository ReadRepository(const Json& json, const std::string& project,
                          const std::string& location) {
  return {{project, location, std::string(LastPart(json["name"].Text())), ""},
          json["format"].Text(),
          json["mode"].Text(),
          json["dockerConfig"]["immutableTags"].Boolean()};
}

// docs.cloud.google.com/artifact-registry/docs/reference/rest: a Version; what of it is of images
// alone is untyped, with numbers as text.
sdk::Image ReadImage(const Json& version) {
  const Json metadata = version["metadata"], tags = version["relatedTags"];
  sdk::Image image;
  image.digest = LastPart(version["name"].Text());
  image.media_type = metadata["mediaType"].Text();
  image.size_bytes = std::atoll(metadata["imageSizeBytes"].Text().c_str());
  image.pushed_unix_ms = sdk::ParseTimestamp(version["createTime"].Text()).value_or(0);
  for (size_t i = 0; i < tags.size(); ++i) {
    image.tags.emplace_back(LastPart(tags[i]["name"].Text()));
  }
  return image;
}

std::string NewRepositoryJson(const RepositorySettings& settings) {
  std::string body = R"({"format":"DOCKER","mode":"STANDARD_REPOSITORY")";
  if (settings.immutable_tags) body += R"(,"dockerConfig":{"immutableTags":true})";
  if (!settings.kms_key.empty()) body += ",\"kmsKeyName\":" + JsonQuote(settings.kms_key);
  std::string labels;
  for (const auto& [key, value] : settings.labels) {
    labels += (labels.empty() ? "" : ",") + JsonQuote(key) + ":" + JsonQuote(value);
  }
  if (!labels.empty()) body += ",\"labels\":{" + labels + "}";
  return body + "}";
}

// What the numbers of google.rpc.Code, which are also those of gantry_code, say of an operation.
constexpr struct {
  int64_t number;
  gantry_code code;
  const char* reason;
} kFailures[] = {
    {2, GANTRY_UNAVAILABLE, "UPSTREAM_UNAVAILABLE"},  // UNKNOWN
    {4, GANTRY_UNAVAILABLE, "UPSTREAM_UNAVAILABLE"},  // DEADLINE_EXCEEDED, of Google's own
    {7, GANTRY_PERMISSION_DENIED, "UPSTREAM_DENIED"},
    {8, GANTRY_RESOURCE_EXHAUSTED, "UPSTREAM_QUOTA"},
    {10, GANTRY_UNAVAILABLE, "UPSTREAM_UNAVAILABLE"},  // ABORTED
    {13, GANTRY_UNAVAILABLE, "UPSTREAM_UNAVAILABLE"},  // INTERNAL
    {14, GANTRY_UNAVAILABLE, "UPSTREAM_UNAVAILABLE"},
    {16, GANTRY_FAILED_PRECONDITION, "UPSTREAM_AUTH_REJECTED"},
};

// Why an operation that had begun has failed: a google.rpc.Status.
Status OperationFailure(const Json& error, const RepositoryName& name) {
  const int64_t number = error["code"].Integer();
  const auto known = std::find_if(std::begin(kFailures), std::end(kFailures),
                                  [&](const auto& row) { return row.number == number; });
  const bool is_known = known != std::end(kFailures);
  Status status = MakeError(
      is_known ? known->code : GANTRY_FAILED_PRECONDITION,
      is_known ? known->reason : "UPSTREAM_REJECTED",
      "Artifact Registry could not create " + name.Resource() + ": " + error["message"].Text());
  status.metadata = {{"upstreamCode", std::to_string(number)}};
  return status;
}

}  // namespace

RepositorySettings RepositorySettings::Of(const Json& registry_fields) {
  RepositorySettings settings;
  settings.immutable_tags = registry_fields["immutable_tags"].Boolean();
  settings.kms_key = registry_fields["kms_key"].Text();
  const Json labels = registry_fields["labels"];
  for (const std::string& key : labels.Keys()) {
    settings.labels.emplace_back(key, labels[key].Text());
  }
  return settings;
}

Status ArtifactRegistry::Ask(std::string_view method, const std::string& path, std::string body,
                             std::string_view what, Json& answer) const {
  GANTRY_FLAVOR_TRY(call_.Check());
  sdk::HttpRequest request;
  request.method = method;
  request.url = base_ + path;
  request.body = std::move(body);
  request.flags = GANTRY_HTTP_IDEMPOTENT;  // creating twice is creating once
  sdk::HttpResponse response;
  GANTRY_FLAVOR_TRY(SendToGoogle(call_, token_, std::move(request), response));
  if (response.status != 200) {
    Status status = ApiRefusal(base_, what, response);
    if (response.status == 409) status.code = GANTRY_ALREADY_EXISTS;
    if (response.status == 404) {
      status.code = GANTRY_NOT_FOUND;
      status.reason = "REPOSITORY_NOT_FOUND";
    }
    return status;
  }
  answer = Json::Parse(response.body);
  if (answer.is_object()) return Ok();
  return sdk::NotTheCloud(sdk::HostOf(base_),
                          "answered " + std::string(what) + " with something else than JSON");
}

Status ArtifactRegistry::Get(const RepositoryName& name, Repository& repository) const {
  Json answer;
  GANTRY_FLAVOR_TRY(
      Ask("GET", name.Resource(), "", "to show repository " + name.Resource(), answer));
  repository = ReadRepository(answer, name.project, name.location);
  return Ok();
}

Status ArtifactRegistry::Create(const RepositoryName& name,
                                const RepositorySettings& settings) const {
  Json operation;
  const Status asked =
      Ask("POST",
          "projects/" + name.project + "/locations/" + name.location +
              "/repositories?repositoryId=" + sdk::UrlEncode(name.id),
          NewRepositoryJson(settings), "to create repository " + name.Resource(), operation);
  GANTRY_FLAVOR_TRY(asked);
  return WaitFor(std::move(operation), name);
}

Status ArtifactRegistry::WaitFor(Json operation, const RepositoryName& name) const {
  const int64_t give_up_ms = call_.now_unix_ms() + kLongestCreationMs;
  for (int64_t pause_ms = kFirstPauseMs; !operation["done"].Boolean();
       pause_ms = std::min(pause_ms * 2, kLongestPauseMs)) {
    if (call_.now_unix_ms() >= give_up_ms) {
      return MakeError(GANTRY_UNAVAILABLE, "UPSTREAM_UNAVAILABLE",
                       "Artifact Registry is still creating " + name.Resource(),
                       "Push again in a minute.");
    }
    GANTRY_FLAVOR_TRY(call_.Wait(pause_ms));
    // Copied before the answer takes the place of what it is read from.
    const std::string path = operation["name"].Text();
    GANTRY_FLAVOR_TRY(Ask("GET", path, "",
                          "to show how the creation of " + name.Resource() + " goes", operation));
  }
  const Json error = operation["error"];
  constexpr int64_t kAlreadyExists = 6;  // google.rpc.Code
  if (!error || error["code"].Integer() == kAlreadyExists) return Ok();
  return OperationFailure(error, name);
}

Status ArtifactRegistry::TestPermissions(const RepositoryName& name,
                                         const std::vector<std::string>& permissions,
                                         std::vector<std::string>& granted) const {
  Json answer;
  GANTRY_FLAVOR_TRY(Ask("POST", name.Resource() + ":testIamPermissions",
                        PermissionsJson(permissions), "to test permissions on " + name.Resource(),
                        answer));
  granted = ReadPermissions(answer);
  return Ok();
}

Status ArtifactRegistry::ListLocations(const std::string& project,
                                       std::vector<std::string>& locations) const {
  std::string page_token;
  do {
    Json answer;
    GANTRY_FLAVOR_TRY(Ask("GET", "projects/" + project + "/locations" + PageQuery(500, page_token),
                          "", "to list the locations of project " + project, answer));
    const Json list = answer["locations"];
    for (size_t i = 0; i < list.size(); ++i) locations.push_back(list[i]["locationId"].Text());
    page_token = answer["nextPageToken"].Text();
  } while (!page_token.empty());
  return Ok();
}

Status ArtifactRegistry::ListRepositories(const std::string& project, const std::string& location,
                                          std::string& page_token,
                                          std::vector<Repository>& page) const {
  Json answer;
  GANTRY_FLAVOR_TRY(Ask("GET",
                        "projects/" + project + "/locations/" + location + "/repositories" +
                            PageQuery(1000, page_token),
                        "", "to list the repositories of project " + project, answer));
  const Json list = answer["repositories"];
  for (size_t i = 0; i < list.size(); ++i) {
    Repository repository = ReadRepository(list[i], project, location);
    if (repository.format == "DOCKER") page.push_back(std::move(repository));
  }
  page_token = answer["nextPageToken"].Text();
  return Ok();
}

Status ArtifactRegistry::ListImages(const RepositoryName& name, uint32_t page_size,
                                    std::string& page_token, std::vector<sdk::Image>& page) const {
  Json answer;
  GANTRY_FLAVOR_TRY(Ask("GET",
                        name.Resource() + "/packages/" + sdk::UrlEncode(name.image) + "/versions" +
                            PageQuery(page_size, page_token) + "&view=FULL",
                        "", "to list the images " + name.image + " of " + name.Resource(), answer));
  const Json list = answer["versions"];
  for (size_t i = 0; i < list.size(); ++i) page.push_back(ReadImage(list[i]));
  page_token = answer["nextPageToken"].Text();
  return Ok();
}

Status ArtifactRegistry::ListTags(const RepositoryName& name, const std::string& digest,
                                  std::vector<std::string>& tags) const {
  Json answer;
  GANTRY_FLAVOR_TRY(
      Ask("GET", name.Resource() + "/dockerImages/" + sdk::UrlEncode(name.image) + "@" + digest, "",
          "to show image " + name.image + " of " + name.Resource(), answer));
  const Json list = answer["tags"];
  for (size_t i = 0; i < list.size(); ++i) tags.push_back(list[i].Text());
  return Ok();
}

}  // namespace gantry::gcp
