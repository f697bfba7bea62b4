#include "gantryd/images/push_job.h"

#include <algorithm>
#include <utility>

#include "base/status.h"
#include "gantryd/flavors/flavor_error.h"

namespace gantry {
namespace {

constexpr int kMaxParallelBlobs = 32;

}  // namespace

EngineJob::EngineJob(PushEngine& engine, RegistrySession& session, ProgressSink& progress,
                     std::vector<std::string> tags, std::unique_ptr<ImageSource> source,
                     OpenSource reopen)
    : engine_(engine),
      session_(session),
      progress_(progress),
      tags_(std::move(tags)),
      source_(std::move(source)),
      reopen_(std::move(reopen)) {}

absl::StatusOr<PushedImage> EngineJob::Run(const CallContext& call, const FlavorPlan& plan) {
  GANTRY_RETURN_IF_ERROR(CheckPlan(plan));
  std::unique_ptr<ImageSource> source = std::move(source_);
  if (!source) {
    GANTRY_ASSIGN_OR_RETURN(source, reopen_());
  }
  PushPlan push;
  push.repository = plan.target.repository;
  push.tags = TagsOf(plan);
  push.mount_from = plan.mount_from;
  // Blobs of an image on the same host are mounted from where they are.
  if (const auto origin = source->origin(); origin && origin->host == session_.uri().host()) {
    auto& from = push.mount_from;
    std::erase(from, origin->repository);
    if (origin->repository != push.repository) from.insert(from.begin(), origin->repository);
  }
  push.method = plan.upload;
  push.chunk_bytes = plan.chunk_bytes;
  push.lax_commit = plan.lax_commit;
  push.new_repository = plan.new_repository;
  push.no_range = plan.no_range;
  push.min_part_bytes = plan.min_part_bytes;
  if (plan.max_parallel_blobs > 0) {
    push.max_parallel_blobs = std::min(plan.max_parallel_blobs, kMaxParallelBlobs);
  }
  GANTRY_ASSIGN_OR_RETURN(PushedImage image,
                          engine_.Push(call, push, session_.client(), *source, progress_));
  done_ = Done{image, push.repository};
  return image;
}

std::string EngineJob::Uri(const FlavorPlan& plan) const {
  const std::string name = session_.uri().host() + "/" + plan.target.repository;
  const std::vector<std::string> tags = TagsOf(plan);
  if (!tags.empty()) return name + ":" + tags.front();
  return done_ ? name + "@" + done_->image.digest.text() : name;
}

absl::Status EngineJob::CheckPlan(const FlavorPlan& plan) const {
  const Target& target = plan.target;
  const RegistryUri& uri = session_.uri();
  const bool ours = target.registry_host == uri.host() &&
                    ValidateRepository(target.repository).ok() &&
                    uri.Owns(target.registry_host, target.repository);
  const bool legal_tag = target.tag.empty() || ValidateTag(target.tag).ok();
  if (ours && legal_tag) return absl::OkStatus();
  return Misbehaved(
      session_.record().flavor, "push",
      fmt::format("wants to push to {}/{}:{}, which is not below registry {}",
                  Excerpt(target.registry_host, 100), Excerpt(target.repository, 200),
                  Excerpt(target.tag, 130), uri.text()));
}

std::vector<std::string> EngineJob::TagsOf(const FlavorPlan& plan) const {
  // The plan knows the first tag only, and may have rewritten it for its cloud.
  std::vector<std::string> tags = tags_;
  if (plan.target.tag.empty()) return tags;
  if (tags.empty()) return {plan.target.tag};
  tags.front() = plan.target.tag;
  return tags;
}

}  // namespace gantry
