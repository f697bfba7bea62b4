#include "plugins/gcp/access_check.h"

#include <algorithm>

#include "plugins/gcp/project_rights.h"

namespace gantry::gcp {
namespace {

using sdk::Findings;
using sdk::Ok;
using sdk::Status;

constexpr char kUpload[] = "artifactregistry.repositories.uploadArtifacts";
constexpr char kDownload[] = "artifactregistry.repositories.downloadArtifacts";
constexpr char kCreate[] = "artifactregistry.repositories.create";
constexpr char kRepositoryCheck[] = "artifact-registry-repository";
constexpr char kPermissionCheck[] = "artifact-registry-permissions";

std::string GcloudNames(const RepositoryName& name) {
  return name.id + " --location=" + name.location + " --project=" + name.project;
}

std::string Who(const std::string& identity) { return identity.empty() ? "this login" : identity; }

// As gcloud wants it: "serviceAccount:pusher@my-project.iam.gserviceaccount.com".
std::string Member(const std::string& identity) {
  if (identity.find('@') == identity.npos) return "MEMBER";
  const bool service = identity.find(".gserviceaccount.com") != identity.npos;
  return (service ? "serviceAccount:" : "user:") + identity;
}

void AddMissingRight(const RepositoryName& name, const std::string& identity,
                     const std::string& permission, const std::string& role, Findings& findings) {
  findings.push_back({GANTRY_ERROR, kPermissionCheck, "",
                      Who(identity) + " lacks " + permission + " on " + name.Resource(),
                      "Grant it " + role +
                          ": gcloud artifacts repositories add-iam-policy-binding " +
                          GcloudNames(name) + " --role=" + role + " --member=" + Member(identity)});
}

bool Has(const std::vector<std::string>& granted, const char* permission) {
  return std::find(granted.begin(), granted.end(), permission) != granted.end();
}

void AddMissingRepository(const RepositoryName& name, Findings& findings) {
  findings.push_back({GANTRY_ERROR, kRepositoryCheck, "uri",
                      "the repository " + name.Resource() + " does not exist",
                      "Create it: gcloud artifacts repositories create " + GcloudNames(name) +
                          " --repository-format=docker; or set create_repository in the "
                          "registry's config."});
}

// Of a repository that the next push is to create: an excuse for a push right that is missing is
// only who may create it.
Status CheckMayCreate(const sdk::Call& call, const sdk::Config& config, const AccessToken& token,
                      const RepositoryName& name, Findings& findings) {
  const std::string missing = "the repository " + name.Resource() + " does not exist";
  // A connector with an endpoint of its own sends its tokens there and nowhere else.
  if (!config.connector_fields()["api_endpoint"].Text().empty()) {
    findings.push_back({GANTRY_WARN, "push-right", "",
                        missing + "; the next push creates it, if " + Who(token.identity) +
                            " has " + kCreate + ", which the connector's api_endpoint cannot tell",
                        ""});
    return Ok();
  }
  std::vector<std::string> granted;
  const Status tested = TestProjectPermissions(call, token, name.project, {kCreate}, granted);
  if (tested.reason == "UPSTREAM_AUTH_REJECTED" || !call.Check().ok()) return tested;
  if (!tested.ok()) {
    const std::string why = tested.host_said_why
                                ? "cloudresourcemanager.googleapis.com cannot be reached"
                                : tested.message;
    findings.push_back({GANTRY_WARN, "push-right", "",
                        missing + "; the next push creates it, if " + Who(token.identity) +
                            " has " + kCreate + ", which is not known: " + why,
                        ""});
  } else if (Has(granted, kCreate)) {
    findings.push_back({GANTRY_WARN, "push-right", "", missing + "; the next push creates it", ""});
  } else {
    constexpr char kRole[] = "roles/artifactregistry.admin";
    findings.push_back({GANTRY_ERROR, kPermissionCheck, "",
                        missing + ", and " + Who(token.identity) + " lacks " + kCreate +
                            " on project " + name.project,
                        std::string("Grant it ") + kRole + ": gcloud projects add-iam-policy-" +
                            "binding " + name.project + " --role=" + kRole +
                            " --member=" + Member(token.identity) +
                            "; or create the repository: gcloud artifacts repositories create " +
                            GcloudNames(name) + " --repository-format=docker."});
  }
  return Ok();
}

void DescribeRepository(const RepositoryName& name, const Repository& found, Findings& findings) {
  const std::string resource = name.Resource();
  if (found.format != "DOCKER") {
    findings.push_back({GANTRY_ERROR, kRepositoryCheck, "uri",
                        resource + " is of format " + found.format + " and holds no images",
                        "Use a repository of format docker."});
  } else if (found.mode == "REMOTE_REPOSITORY" || found.mode == "VIRTUAL_REPOSITORY") {
    findings.push_back({GANTRY_ERROR, kRepositoryCheck, "uri",
                        resource + " is a " + found.mode + ": nothing can be pushed to it",
                        "Push to a standard repository; this one can pass its images on."});
  } else {
    findings.push_back(
        {GANTRY_INFO, kRepositoryCheck, "",
         resource + " exists" + (found.immutable_tags ? "; its tags cannot be moved" : ""), ""});
  }
}

}  // namespace

Status CheckAccess(const sdk::Call& call, const sdk::Config& config, const ArtifactRegistry& api,
                   const AccessToken& token, const RepositoryName& name, Findings& findings) {
  Repository found;
  const Status shown = api.Get(name, found);
  if (shown.host_said_why) return shown;
  // To see a repository takes a right of its own, to ask for one's rights takes none.
  std::vector<std::string> granted;
  const Status tested = shown.code == GANTRY_NOT_FOUND
                            ? shown
                            : api.TestPermissions(name, {kUpload, kDownload}, granted);
  if (tested.code == GANTRY_NOT_FOUND) {
    const bool made_by_push = config.fields()["create_repository"].Boolean();
    if (made_by_push) return CheckMayCreate(call, config, token, name, findings);
    AddMissingRepository(name, findings);
    return Ok();
  }
  GANTRY_FLAVOR_TRY(tested);
  if (shown.ok()) DescribeRepository(name, found, findings);

  const std::string& identity = token.identity;
  if (!Has(granted, kUpload)) {
    AddMissingRight(name, identity, kUpload, "roles/artifactregistry.writer", findings);
  }
  if (!Has(granted, kDownload)) {
    AddMissingRight(name, identity, kDownload, "roles/artifactregistry.reader", findings);
  }
  if (Has(granted, kUpload) && Has(granted, kDownload)) {
    findings.push_back(
        {GANTRY_INFO, kPermissionCheck, "", Who(identity) + " may push and pull", ""});
  }
  return Ok();
}

}  // namespace gantry::gcp
