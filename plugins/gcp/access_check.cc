#include "plugins/gcp/access_check.h"

#include <algorithm>

namespace gantry::gcp {
namespace {

using sdk::Findings;
using sdk::Ok;
using sdk::Status;

constexpr char kUpload[] = "artifactregistry.repositories.uploadArtifacts";
constexpr char kDownload[] = "artifactregistry.repositories.downloadArtifacts";
constexpr char kRepositoryCheck[] = "artifact-registry-repository";
constexpr char kPermissionCheck[] = "artifact-registry-permissions";

std::string GcloudNames(const RepositoryName& name) {
  return name.id + " --location=" + name.location + " --project=" + name.project;
}

void AddMissingRepository(const RepositoryName& name, bool made_by_push, Findings& findings) {
  if (made_by_push) {
    findings.push_back(
        {GANTRY_WARN, "push-right", "",
         "the repository " + name.Resource() + " does not exist; the next push creates it", ""});
    return;
  }
  findings.push_back({GANTRY_ERROR, kRepositoryCheck, "uri",
                      "the repository " + name.Resource() + " does not exist",
                      "Create it: gcloud artifacts repositories create " + GcloudNames(name) +
                          " --repository-format=docker; or set create_repository in the "
                          "registry's config."});
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

Status CheckAccess(const ArtifactRegistry& api, const RepositoryName& name,
                   const std::string& identity, bool made_by_push, Findings& findings) {
  Repository found;
  const Status shown = api.Get(name, found);
  if (shown.host_said_why) return shown;
  // To see a repository takes a right of its own, to ask for one's rights takes none.
  std::vector<std::string> granted;
  const Status tested = shown.code == GANTRY_NOT_FOUND
                            ? shown
                            : api.TestPermissions(name, {kUpload, kDownload}, granted);
  if (tested.code == GANTRY_NOT_FOUND) {
    AddMissingRepository(name, made_by_push, findings);
    return Ok();
  }
  GANTRY_FLAVOR_TRY(tested);
  if (shown.ok()) DescribeRepository(name, found, findings);

  const auto lacks = [&](const char* permission) {
    return std::find(granted.begin(), granted.end(), permission) == granted.end();
  };
  if (lacks(kUpload)) {
    AddMissingRight(name, identity, kUpload, "roles/artifactregistry.writer", findings);
  }
  if (lacks(kDownload)) {
    AddMissingRight(name, identity, kDownload, "roles/artifactregistry.reader", findings);
  }
  if (!lacks(kUpload) && !lacks(kDownload)) {
    findings.push_back(
        {GANTRY_INFO, kPermissionCheck, "", Who(identity) + " may push and pull", ""});
  }
  return Ok();
}

}  // namespace gantry::gcp
