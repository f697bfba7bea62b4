#include "plugins/aws/repositories.h"

#include <algorithm>
#include <cmath>

#include "plugins/aws/aws_error.h"
#include "plugins/sdk/new_repository.h"

namespace gantry::aws {
namespace {

using sdk::AwsKeys;
using sdk::Call;
using sdk::Json;
using sdk::JsonQuote;
using sdk::MakeError;
using sdk::Ok;
using sdk::Status;
using sdk::Target;

constexpr uint32_t kDefaultPage = 100, kMaxPage = 1000;

std::string NameField(const EcrApi& api, std::string_view name) {
  return R"("repositoryName":)" + JsonQuote(name) + api.RegistryIdField();
}

std::string CreationBody(const EcrApi& api, const std::string& name, const Json& settings) {
  std::string body = "{" + NameField(api, name);
  if (const std::string mode = settings["image_tag_mutability"].Text(); !mode.empty()) {
    body += R"(,"imageTagMutability":)" + JsonQuote(mode);
  }
  if (settings["scan_on_push"].Boolean()) {
    body += R"(,"imageScanningConfiguration":{"scanOnPush":true})";
  }
  if (const std::string type = settings["encryption_type"].Text(); !type.empty()) {
    const std::string key = settings["kms_key"].Text();
    body += R"(,"encryptionConfiguration":{"encryptionType":)" + JsonQuote(type) +
            (key.empty() ? "" : R"(,"kmsKey":)" + JsonQuote(key)) + "}";
  }
  std::string tags;
  for (const std::string& key : settings["repository_tags"].Keys()) {
    tags += (tags.empty() ? "" : ",") + (R"({"Key":)" + JsonQuote(key)) + R"(,"Value":)" +
            JsonQuote(settings["repository_tags"][key].Text()) + "}";
  }
  if (!tags.empty()) body += R"(,"tags":[)" + tags + "]";
  return body + "}";
}

Status ExplainFailure(const Json& failure, const Target& target) {
  const std::string code = failure["failureCode"].Text();
  const std::string image = target.registry_host + "/" + target.repository + "@" + target.digest;
  if (code == "ImageNotFound") {
    return MakeError(GANTRY_NOT_FOUND, "IMAGE_NOT_FOUND", image + " is not in the registry");
  }
  Status status = MakeError(
      GANTRY_FAILED_PRECONDITION, "UPSTREAM_REJECTED",
      "ECR did not delete " + image + " (" + code + "): " + failure["failureReason"].Text());
  if (code == "ImageReferencedByManifestList") {
    status.reason = "UPSTREAM_CONFLICT";
    status.remedy = "Delete the multi-platform image that refers to it first.";
  }
  return status;
}

}  // namespace

std::string ApiName(const EcrHost& registry, std::string_view repository) {
  if (registry.is_public) {
    repository.remove_prefix(std::min(repository.find('/') + 1, repository.size()));
  }
  return std::string(repository);
}

Status EnsureRepository(const Call& call, const EcrApi& api, const AwsKeys& keys,
                        const std::string& name, const Json& settings, bool& created) {
  const auto look = [&] { return api.DescribeRepository(call, keys, name); };
  const auto create = [&] {
    Json answer;
    Status made =
        api.Invoke(call, keys, "CreateRepository", CreationBody(api, name, settings), answer);
    const bool there = AwsCodeOf(made) == "RepositoryAlreadyExistsException";
    if (there) made.code = GANTRY_ALREADY_EXISTS;
    return made;
  };
  const auto lacks_right = [](const Status& status) {
    return AwsCodeOf(status) == "AccessDeniedException";
  };
  return sdk::CreateUnlessThere(call, look, create, lacks_right, created);
}

Status DeleteImage(const Call& call, const EcrApi& api, const AwsKeys& keys, const Target& target) {
  Json answer;
  GANTRY_FLAVOR_TRY(api.Invoke(call, keys, "BatchDeleteImage",
                               "{" + NameField(api, ApiName(api.registry(), target.repository)) +
                                   R"(,"imageIds":[{"imageDigest":)" + JsonQuote(target.digest) +
                                   "}]}",
                               answer));
  // What it did not delete it tells with status 200.
  const Json failure = answer["failures"][size_t{0}];
  return failure ? ExplainFailure(failure, target) : Ok();
}

Status ListImages(const Call& call, const EcrApi& api, const AwsKeys& keys, const Target& target,
                  std::string_view page_token, uint32_t page_size, sdk::Page& page) {
  const uint32_t size = page_size == 0 ? kDefaultPage : std::min(page_size, kMaxPage);
  std::string body = "{" + NameField(api, ApiName(api.registry(), target.repository)) +
                     R"(,"maxResults":)" + std::to_string(size);
  if (!page_token.empty()) body += R"(,"nextToken":)" + JsonQuote(page_token);
  Json answer;
  GANTRY_FLAVOR_TRY(api.Invoke(call, keys, "DescribeImages", body + "}", answer));
  const Json details = answer["imageDetails"];
  for (size_t i = 0; i < details.size(); ++i) {
    const Json detail = details[i];
    sdk::Image image;
    image.digest = detail["imageDigest"].Text();
    image.uri = target.registry_host + "/" + target.repository + "@" + image.digest;
    image.media_type = detail["imageManifestMediaType"].Text();
    image.size_bytes = detail["imageSizeInBytes"].Integer();
    image.pushed_unix_ms = std::llround(detail["imagePushedAt"].Number() * 1000);
    for (size_t t = 0; t < detail["imageTags"].size(); ++t) {
      image.tags.push_back(detail["imageTags"][t].Text());
    }
    page.images.push_back(std::move(image));
  }
  page.next_page_token = answer["nextToken"].Text();
  return Ok();
}

}  // namespace gantry::aws
