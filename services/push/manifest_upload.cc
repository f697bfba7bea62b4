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

// `confirmed`: the registry has said which digest it stored.
absl::Status PutOnce(const CallContext& call, const PushTarget& target,
                     const ReadyManifest& manifest, const std::string& reference,
                     bool& confirmed) {
  return Retry(call, kPolicy, [&] {
    return target.registry.PutManifest(call, target.plan.repository, reference, manifest.media_type,
                                       manifest.bytes, &confirmed);
  });
}

struct Found {
  std::optional<Digest> digest;  // absent: there is no such tag, or it may not be looked at
  absl::Status denied;           // why it may not
};

// The digest that a tag names.
absl::StatusOr<Found> LookFor(const CallContext& call, const PushTarget& target,
                              const std::string& reference) {
  Found found;
  absl::Status status = Retry(call, kPolicy, [&]() -> absl::Status {
    GANTRY_ASSIGN_OR_RETURN(const ManifestInfo info,
                            target.registry.HeadManifest(call, target.plan.repository, reference));
    found.digest = info.digest;
    return absl::OkStatus();
  });
  if (status.ok()) return found;
  const std::string reason = ReasonOf(status);
  // A registry may hide what is not there behind a refusal, or answer what is no manifest; whether
  // a push is allowed is for the push itself to find out.
  const bool absent = status.code() == absl::StatusCode::kNotFound ||
                      reason == reason::kIntegrity || reason == reason::kUpstreamProtocol ||
                      reason == reason::kSourceInvalid;
  if (absent) return found;
  if (reason != reason::kUpstreamDenied) return status;
  found.denied = std::move(status);
  return found;
}

// Of what a registry said that it stored, and what a look there found not.
absl::Status NotFoundAfterwards(const Found& found, bool confirmed, std::string_view what) {
  if (found.denied.ok()) {
    return DataLoss(reason::kIntegrity,
                    "the registry said that it stored {}, and does not have it", what)
        .Remedy("check that the URI is a registry's, and the registry's storage");
  }
  // Who may push need not be one who may pull: then the answer itself has to do.
  if (confirmed) return absl::OkStatus();
  return Annotate(found.denied, fmt::format("looking for {}, which was just stored", what));
}

}  // namespace

absl::StatusOr<bool> HasManifest(const CallContext& call, const PushTarget& target,
                                 const Digest& digest) {
  GANTRY_ASSIGN_OR_RETURN(const Found found, LookFor(call, target, digest.text()));
  return found.digest == digest;
}

absl::Status PutManifest(const CallContext& call, const PushTarget& target,
                         const ReadyManifest& manifest, const std::function<absl::Status()>& heal) {
  const std::string reference = manifest.digest.text();
  bool confirmed = false;
  absl::Status status = PutOnce(call, target, manifest, reference, confirmed);
  milliseconds pause = kSettlePause;
  for (int i = 0; MissesAPart(status) && i < kSettleAttempts; ++i) {
    GANTRY_RETURN_IF_ERROR(call.Sleep(pause));
    pause *= 2;
    status = PutOnce(call, target, manifest, reference, confirmed);
  }
  if (MissesAPart(status)) {
    target.progress.OnNotice("the registry misses blobs that it said it had; sending them again");
    GANTRY_RETURN_IF_ERROR(heal());
    status = PutOnce(call, target, manifest, reference, confirmed);
  }
  if (ReasonOf(status) == reason::kIntegrity) return status;
  const auto found = LookFor(call, target, reference);
  // Also where the answer was lost.
  if (found.ok() && found->digest == manifest.digest) return absl::OkStatus();
  if (!status.ok()) return status;  // the refusal itself, whatever came after
  GANTRY_RETURN_IF_ERROR(found.status());
  return NotFoundAfterwards(*found, confirmed, "the manifest " + reference);
}

absl::Status PutTag(const CallContext& call, const PushTarget& target,
                    const ReadyManifest& manifest, const std::string& tag) {
  GANTRY_ASSIGN_OR_RETURN(const Found before, LookFor(call, target, tag));
  if (before.digest == manifest.digest) return absl::OkStatus();
  bool confirmed = false;
  const absl::Status status = PutOnce(call, target, manifest, tag, confirmed);
  const auto after = LookFor(call, target, tag);
  if (after.ok() && after->digest == manifest.digest) return absl::OkStatus();
  if (!status.ok()) return Annotate(status, "tag " + tag);
  GANTRY_RETURN_IF_ERROR(after.status());
  if (!after->digest) return NotFoundAfterwards(*after, confirmed, "tag " + tag);
  target.progress.OnNotice(fmt::format(
      "tag {} names {} now: somebody else has set it meanwhile", tag, after->digest->text()));
  return absl::OkStatus();
}

}  // namespace gantry
