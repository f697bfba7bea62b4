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

bool EndsTheCall(const Status& status) { return status.host_said_why; }

std::string GcloudNames(const RepositoryName& name) {
  return name.id + " --location=" + name.location + " --project=" + name.project;
}

void AddMissing(const RepositoryName& name, Findings& findings) {
  findings.push_back({GANTRY_ERROR, kRepositoryCheck, "uri",
                      "the repository " + name.Resource() + " does not exist",
                      "Create it: gcloud artifacts repositories create " + GcloudNames(name) +
                          " --repository-format=docker; or set create_repository in the "
                          "registry's config."});
}

void AddGrant(const RepositoryName& name, const std::string& identity, const char* permission,
              const char* role, int32_t level, Findings& findings) {
  const std::string who = identity.empty() ? "this login" : identity;
  findings.push_back({level, kPermissionCheck, "",
                      who + " lacks " + permission + " on " + name.Resource(),
                      "Grant it " + std::string(role) +
                          ": gcloud artifacts repositories add-iam-policy-binding " +
                          GcloudNames(name) + " --role=" + role + " --member=…"});
}

void DescribeRepository(const Repository& found, Findings& findings) {
  const std::string resource = found.name.Resource();
  if (found.format != "DOCKER") {
    findings.push_back({GANTRY_ERROR, kRepositoryCheck, "uri",
                        resource + " is of format " + found.format + " and holds no images",
                        "Use a repository of format docker."});
  } else if (found.mode == "REMOTE_REPOSITORY" || found.mode == "VIRTUAL_REPOSITORY") {
    findings.push_back({GANTRY_ERROR, kRepositoryCheck, "uri",
                        resource + " is a " + found.mode + ": nothing can be pushed to it",
                        "Push to a standard repository; this one can pass its images on."});
  } else {
    findings.push_back({GANTRY_INFO, kRepositoryCheck, "",
                        resource + " exists" +
                            (found.immutable_tags ? "; its tags cannot be moved" : ""),
                        ""});
  }
}

}  // namespace

Status CheckAccess(const ArtifactRegistry& api, const RepositoryName& name,
                   const std::string& identity, Findings& findings) {
  Repository found;
  const Status shown = api.Get(name, found);
  if (EndsTheCall(shown)) return shown;
  if (shown.code == GANTRY_NOT_FOUND) {
    AddMissing(name, findings);
    return Ok();
  }
  if (shown.ok()) {
    found.name.id = name.id;
    DescribeRepository(found, findings);
  }
  // To see a repository takes a right of its own, to ask for one's rights takes none.
  std::vector<std::string> granted;
  const Status tested = api.TestPermissions(name, {kUpload, kDownload}, granted);
  if (EndsTheCall(tested)) return tested;
  if (tested.code == GANTRY_NOT_FOUND) {
    AddMissing(name, findings);
    return Ok();
  }
  if (!tested.ok()) return tested;
  const auto has = [&](const char* permission) {
    return std::find(granted.begin(), granted.end(), permission) != granted.end();
  };
  if (!has(kUpload)) {
    AddGrant(name, identity, kUpload, "roles/artifactregistry.writer", GANTRY_ERROR, findings);
  }
  if (!has(kDownload)) {
    AddGrant(name, identity, kDownload, "roles/artifactregistry.reader", GANTRY_ERROR, findings);
  }
  if (has(kUpload) && has(kDownload)) {
    findings.push_back({GANTRY_INFO, kPermissionCheck, "",
                        (identity.empty() ? "this login" : identity) + " may push and pull", ""});
  }
  return Ok();
}

}  // namespace gantry::gcp
