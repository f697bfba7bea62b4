#include "push/manifest_upload.h"

#include "base/status.h"
#include "net/retry.h"

namespace gantry {
namespace {

constexpr RetryPolicy kPolicy;
// A registry whose parts see each other's writes late gets half a minute.
constexpr int kSettleAttempts = 4;
constexpr milliseconds kSettlePause{2000};

std::string UpstreamCode(const absl::Status& status) {
  const ErrorDetail detail = DetailOf(status);
  const auto it = detail.metadata.find("upstreamCode");
  return it == detail.metadata.end() ? "" : it->second;
}

bool MissesAPart(const absl::Status& status) {
  const std::string code = UpstreamCode(status);
  return code == "MANIFEST_BLOB_UNKNOWN" || code == "BLOB_UNKNOWN";
}

absl::Status PutOnce(const CallContext& call, const PushTarget& target,
                     const ReadyManifest& manifest, const std::string& reference) {
  return Retry(call, kPolicy, [&] {
    return target.registry.PutManifest(call, target.plan.repository, reference, manifest.media_type,
                                       manifest.bytes);
  });
}

// The digest that a tag names; nothing when there is no such tag.
absl::StatusOr<std::optional<Digest>> TagDigest(const CallContext& call, const PushTarget& target,
                                                const std::string& reference) {
  std::optional<Digest> digest;
  const absl::Status status = Retry(call, kPolicy, [&]() -> absl::Status {
    GANTRY_ASSIGN_OR_RETURN(const ManifestInfo info,
                            target.registry.HeadManifest(call, target.plan.repository, reference));
    digest = info.digest;
    return absl::OkStatus();
  });
  if (status.ok()) return digest;
  const std::string reason = ReasonOf(status);
  // A registry may hide what is not there behind a refusal, or answer what is no manifest; whether
  // a push is allowed is for the push itself to find out.
  const bool absent = status.code() == absl::StatusCode::kNotFound ||
                      reason == reason::kUpstreamDenied || reason == reason::kIntegrity ||
                      reason == reason::kUpstreamProtocol || reason == reason::kSourceInvalid;
  if (absent) return std::optional<Digest>();
  return status;
}

}  // namespace

absl::StatusOr<bool> HasManifest(const CallContext& call, const PushTarget& target,
                                 const Digest& digest) {
  GANTRY_ASSIGN_OR_RETURN(const auto found, TagDigest(call, target, digest.text()));
  return found == digest;
}

absl::Status PutManifest(const CallContext& call, const PushTarget& target,
                         const ReadyManifest& manifest, const std::function<absl::Status()>& heal) {
  const std::string reference = manifest.digest.text();
  absl::Status status = PutOnce(call, target, manifest, reference);
  milliseconds pause = kSettlePause;
  for (int i = 0; MissesAPart(status) && i < kSettleAttempts; ++i) {
    GANTRY_RETURN_IF_ERROR(call.Sleep(pause));
    pause *= 2;
    status = PutOnce(call, target, manifest, reference);
  }
  if (MissesAPart(status)) {
    target.progress.OnNotice("the registry misses blobs that it said it had; sending them again");
    GANTRY_RETURN_IF_ERROR(heal());
    status = PutOnce(call, target, manifest, reference);
  }
  if (ReasonOf(status) == reason::kIntegrity) return status;
  const auto stored = HasManifest(call, target, manifest.digest);
  if (stored.ok() && *stored) return absl::OkStatus();  // also where the answer was lost
  if (!status.ok()) return status;                      // the refusal itself, whatever came after
  if (!stored.ok()) return stored.status();
  return DataLoss(reason::kIntegrity,
                  "the registry said that it stored the manifest {}, and does not have it",
                  reference)
      .Remedy("check that the URI is a registry's, and the registry's storage");
}

absl::Status PutTag(const CallContext& call, const PushTarget& target,
                    const ReadyManifest& manifest, const std::string& tag) {
  GANTRY_ASSIGN_OR_RETURN(const auto before, TagDigest(call, target, tag));
  if (before == manifest.digest) return absl::OkStatus();
  const absl::Status status = PutOnce(call, target, manifest, tag);
  const auto found = TagDigest(call, target, tag);
  if (found.ok() && *found == manifest.digest) return absl::OkStatus();
  if (!status.ok()) return Annotate(status, "tag " + tag);
  GANTRY_ASSIGN_OR_RETURN(const auto after, found);
  if (!after) {
    return DataLoss(reason::kIntegrity,
                    "the registry said that it set tag {}, and does not have it", tag);
  }
  target.progress.OnNotice(
      fmt::format("tag {} names {} now: somebody else has set it meanwhile", tag, after->text()));
  return absl::OkStatus();
}

}  // namespace gantry
