#include "push/blob_upload.h"

#include <algorithm>
#include <utility>

#include "base/status.h"
#include "net/retry.h"
#include "oci/compression.h"

namespace gantry {
namespace {

constexpr int kMaxSessions = 4;     // upload sessions opened for one blob
constexpr int kMaxStandstills = 4;  // sends in a row without a byte of progress
constexpr int kSettleAttempts = 7;  // half a minute for a new repository to be known
constexpr int64_t kReportEvery = 1 << 20;
// Parts that have to be held while they are sent: small, unless the registry wants larger ones, and
// never so large that a few uploads take the machine's memory.
constexpr int64_t kHeldBytes = 4 << 20;
constexpr int64_t kMostHeldBytes = 32 << 20;
constexpr RetryPolicy kPolicy;

std::string MetadataOf(const absl::Status& status, std::string_view key) {
  const ErrorDetail detail = DetailOf(status);
  const auto it = detail.metadata.find(key);
  return it == detail.metadata.end() ? "" : it->second;
}

bool IsTooLarge(const absl::Status& status) {
  return ReasonOf(status) == reason::kUpstreamRejected && MetadataOf(status, "httpStatus") == "413";
}

bool IsMisplaced(const absl::Status& status) {
  return ReasonOf(status) == reason::kUpstreamRejected && MetadataOf(status, "httpStatus") == "416";
}

// How many sessions in all a blob gets when one ends so.
int SessionsWorth(const absl::Status& status) {
  if (IsRetryable(status) || IsMisplaced(status)) return kMaxSessions;
  const std::string reason = ReasonOf(status);
  // Bytes that were damaged once may have met a bad moment; twice, a bad registry.
  if (reason == reason::kIntegrity) return 2;
  if (reason != reason::kUpstreamRejected) return 1;
  const std::string code = MetadataOf(status, "upstreamCode");
  const bool lost = code == "BLOB_UPLOAD_UNKNOWN" || code == "BLOB_UPLOAD_INVALID";
  return lost || code == "RANGE_INVALID" ? kMaxSessions : code == "SIZE_INVALID" ? 2 : 1;
}

absl::Status NotStored(const StoredBlob& blob) {
  return DataLoss(reason::kIntegrity,
                  "the registry said that it stored blob {}, and does not have it",
                  blob.digest.text())
      .With("blob", blob.digest.text())
      .Remedy("check the registry's storage; replicas may not share theirs");
}

// Whether the blob may be there although its commit failed: the answer may have been lost.  Not so
// where the source or the registry lied about the bytes, or the registry wants to be left alone.
bool MayBeStored(const absl::Status& commit) {
  const std::string reason = ReasonOf(commit);
  return reason != reason::kDigestMismatch && reason != reason::kSourceChanged &&
         reason != reason::kIntegrity && reason != reason::kUpstreamThrottled;
}

}  // namespace

BlobUpload::BlobUpload(const CallContext& call, const PushTarget& target, const SourceBlob& blob)
    : call_(call),
      target_(target),
      blob_(blob),
      bytes_(call, target.source, blob, [this](int64_t position) {
        if (position - reported_ >= kReportEvery) Report(BlobState::kSending, position);
      }) {}

absl::StatusOr<StoredBlob> BlobUpload::Run(bool force) {
  std::optional<UploadSession> session;
  known_ = FindKnown();
  if (known_ && !force) {
    GANTRY_ASSIGN_OR_RETURN(const Presence presence, Look(*known_));
    if (presence == Presence::kThere) {
      Report(BlobState::kExisting, 0);
      return StoredBlob{known_->digest, known_->size, /*unsent=*/true};
    }
    GANTRY_ASSIGN_OR_RETURN(const bool mounted, Mounted(*known_, session));
    if (mounted) {
      Report(BlobState::kMounted, 0);
      return StoredBlob{known_->digest, known_->size, /*unsent=*/true};
    }
  }
  GANTRY_ASSIGN_OR_RETURN(StoredBlob stored, Upload(std::move(session)));
  if (!blob_.digest) {
    target_.layers.Remember(*blob_.diff_id, std::string(kGzipRecipe), {stored.digest, stored.size});
  }
  known_ = stored;
  Report(BlobState::kSent, stored.size);
  return stored;
}

std::optional<StoredBlob> BlobUpload::FindKnown() const {
  if (blob_.digest) return StoredBlob{*blob_.digest, blob_.size};
  const auto layer = target_.layers.Find(*blob_.diff_id, std::string(kGzipRecipe));
  if (!layer) return std::nullopt;
  return StoredBlob{layer->digest, layer->size};
}

absl::StatusOr<BlobUpload::Presence> BlobUpload::Look(const StoredBlob& blob) {
  std::optional<int64_t> size;
  const absl::Status status = Retry(call_, kPolicy, [&]() -> absl::Status {
    GANTRY_ASSIGN_OR_RETURN(size,
                            target_.registry.HeadBlob(call_, target_.plan.repository, blob.digest));
    return absl::OkStatus();
  });
  const std::string http_status = MetadataOf(status, "httpStatus");
  const bool untold =
      http_status == "405" || http_status == "501" || ReasonOf(status) == reason::kUpstreamDenied;
  if (untold) return Presence::kUntold;
  if (!status.ok()) return status;
  if (size && *size != blob.size) {
    target_.progress.OnNotice(
        fmt::format("the registry has blob {} with {} bytes instead of {}; "
                    "sending it again",
                    blob.digest.text(), *size, blob.size));
  }
  return size == blob.size ? Presence::kThere : Presence::kAbsent;
}

absl::StatusOr<bool> BlobUpload::Mounted(const StoredBlob& blob,
                                         std::optional<UploadSession>& session) {
  for (const std::string& from : target_.plan.mount_from) {
    GANTRY_RETURN_IF_ERROR(call_.Check());
    // A mount is a shortcut: whatever goes wrong with it, the plain upload is still there.
    auto answer = target_.registry.Mount(call_, target_.plan.repository, blob.digest, from);
    if (!answer.ok()) continue;
    if (*answer) {
      session = **answer;
      return false;
    }
    GANTRY_ASSIGN_OR_RETURN(const Presence presence, Look(blob));
    return presence != Presence::kAbsent;
  }
  return false;
}

absl::StatusOr<StoredBlob> BlobUpload::Upload(std::optional<UploadSession> session) {
  Backoff backoff(call_);
  for (;; ++attempt_) {
    if (!session) {
      GANTRY_ASSIGN_OR_RETURN(session, Open());
    }
    session->no_range = target_.plan.no_range;
    Report(BlobState::kSending, 0);
    const int64_t limit = target_.body_limit.bytes();
    const bool with_commit = FitsIntoCommit();
    absl::StatusOr<StoredBlob> stored = UploadOnce(*session, with_commit);
    if (stored.ok()) return stored;
    target_.registry.CancelUpload(call_, target_.plan.repository, *session);
    session.reset();
    const absl::Status status = stored.status();
    if (with_commit && IsTooLarge(status) && Shrink(blob_.size)) continue;
    // A part was too large, and this registry's sessions cannot be gone on with.
    const bool shrunk = target_.plan.no_range && target_.body_limit.bytes() < limit;
    if (IsTooLarge(status) && shrunk) continue;
    if (backoff.Forgives(status)) {
      --attempt_;
      continue;
    }
    if (attempt_ >= SessionsWorth(status) || !backoff.Wait(status)) {
      return attempt_ == 1 ? status : Annotate(status, fmt::format("after {} uploads", attempt_));
    }
  }
}

absl::StatusOr<UploadSession> BlobUpload::Open() {
  std::optional<UploadSession> session;
  const auto post = [&] {
    return Retry(call_, kPolicy, [&]() -> absl::Status {
      GANTRY_ASSIGN_OR_RETURN(session, target_.registry.OpenUpload(call_, target_.plan.repository));
      return absl::OkStatus();
    });
  };
  absl::Status status = post();
  // An answer without a usable Location, or another 2xx; one of several replicas may do better.
  const std::string reason = ReasonOf(status);
  if (reason == reason::kUpstreamProtocol || reason == reason::kIntegrity) status = post();
  Backoff backoff(call_);
  for (int i = 0; i < kSettleAttempts && target_.plan.new_repository &&
                  ReasonOf(status) == reason::kRepositoryNotFound && backoff.Wait(status);
       ++i) {
    status = post();
  }
  if (!status.ok()) return status;
  return *std::move(session);
}

absl::StatusOr<StoredBlob> BlobUpload::UploadOnce(UploadSession& session, bool with_commit) {
  session.offset = 0;  // "Range: 0-0" of a new session means nothing yet
  GANTRY_RETURN_IF_ERROR(bytes_.SeekTo(0));
  if (!with_commit) GANTRY_RETURN_IF_ERROR(Send(session));
  GANTRY_ASSIGN_OR_RETURN(StoredBlob stored, Commit(session, with_commit));
  GANTRY_RETURN_IF_ERROR(Verify(stored));
  return stored;
}

bool BlobUpload::FitsIntoCommit() const {
  return target_.plan.method == UploadMethod::kMonolithic && blob_.digest &&
         blob_.size <= target_.body_limit.bytes();
}

absl::Status BlobUpload::Send(UploadSession& session) {
  Backoff backoff(call_);
  for (int standstills = 0; !SentAll(session);) {
    const int64_t before = session.offset;
    std::optional<int64_t> size = NextPart(session);
    absl::Status status = SendPart(session, size);
    const bool accepted = status.ok();
    if (accepted && session.offset == bytes_.position()) continue;
    const bool shrunk = IsTooLarge(status) && Shrink(size) && (size || NextPart(session));
    const bool forgiven = backoff.Forgives(status);
    if (accepted) {
      status = DataLoss(reason::kIntegrity,
                        "the registry confirms {} bytes of a layer where {} were sent",
                        session.offset, bytes_.position());
      if (session.offset > bytes_.position()) return status;
    } else if (IsRetryable(status) ? !forgiven && !backoff.Wait(status)
                                   : !shrunk && !IsMisplaced(status)) {
      return status;
    }
    if (!Resume(session)) {
      // A registry that took all and cannot say so: the commit will tell.
      return accepted && bytes_.at_end() ? absl::OkStatus() : status;
    }
    if (session.offset > bytes_.position()) return status;
    const bool moved = session.offset > before || shrunk;
    standstills = moved ? 0 : standstills + (forgiven ? 0 : 1);
    if (standstills == kMaxStandstills) return status;
    if (moved) backoff.Reset();
  }
  return absl::OkStatus();
}

bool BlobUpload::SentAll(const UploadSession& session) const {
  if (blob_.digest) return session.offset >= blob_.size;
  return bytes_.at_end() && session.offset >= bytes_.position();
}

std::optional<int64_t> BlobUpload::NextPart(const UploadSession& session) const {
  const PushPlan& plan = target_.plan;
  const bool chunked = plan.method == UploadMethod::kChunked;
  int64_t most = target_.body_limit.bytes();
  if (chunked) {
    // A part of unknown length has to be held.
    const int64_t wished =
        blob_.digest ? plan.chunk_bytes : std::min(plan.chunk_bytes, kMostHeldBytes);
    most = std::min(most, std::max(wished, session.min_chunk_bytes));
  }
  if (blob_.digest) return std::min(blob_.size - session.offset, most);
  // What is gone on with, too, has to say where it begins, and so where it ends: without that,
  // some registries take it for the blob's beginning.
  if (session.offset == 0 && most == INT64_MAX) return std::nullopt;
  if (!chunked) {
    most = std::min(most, std::max({kHeldBytes, plan.min_part_bytes, session.min_chunk_bytes}));
  }
  return most <= kMostHeldBytes ? std::optional(most) : std::nullopt;
}

absl::Status BlobUpload::SendPart(UploadSession& session, std::optional<int64_t>& size) {
  const bool held = !blob_.digest && size;
  if (held) {
    GANTRY_RETURN_IF_ERROR(held_.Fill(session.offset, *size));
    size = held_.size();
    if (*size == 0) return absl::OkStatus();  // the part before was the last
  }
  // A whole blob goes without a range; what is a part goes with one, so that the registry checks
  // that it fits.
  const int64_t start = session.offset;
  const bool whole = start == 0 && (blob_.digest ? size == blob_.size : bytes_.at_end());
  const bool chunked = target_.plan.method == UploadMethod::kChunked;
  const bool range = size && *size > 0 && (chunked || !whole);
  return target_.registry.PatchUpload(
      call_, target_.plan.repository, session,
      [this, start, size, held]() -> absl::StatusOr<std::unique_ptr<ByteReader>> {
        if (held) return held_.Body();
        GANTRY_RETURN_IF_ERROR(bytes_.SeekTo(start));
        return bytes_.Body(size);
      },
      size, range);
}

bool BlobUpload::Shrink(std::optional<int64_t> refused) {
  const bool news = refused.value_or(INT64_MAX) <= target_.body_limit.bytes();
  if (!target_.body_limit.Lower(refused.value_or(INT64_MAX))) return false;
  if (!news) return true;
  target_.progress.OnNotice(fmt::format(
      "what stands before the registry refuses {} at once; sending at most {}",
      refused ? fmt::format("{} bytes", *refused) : "a whole layer", target_.body_limit.bytes()));
  return true;
}

bool BlobUpload::Resume(UploadSession& session) {
  if (session.no_range || !call_.Check().ok()) return false;
  return Retry(call_, {.max_attempts = 4},
               [&] { return target_.registry.SyncUpload(call_, target_.plan.repository, session); })
      .ok();
}

absl::StatusOr<StoredBlob> BlobUpload::Commit(UploadSession& session, bool with_bytes) {
  const StoredBlob blob = blob_.digest ? StoredBlob{*blob_.digest, blob_.size}
                                       : StoredBlob{bytes_.digest(), bytes_.position()};
  RegistryClient::OpenBody body;
  if (with_bytes) {
    body = [this]() -> absl::StatusOr<std::unique_ptr<ByteReader>> {
      GANTRY_RETURN_IF_ERROR(bytes_.SeekTo(0));
      return bytes_.Body(blob_.size);
    };
  }
  int http_status = 0;
  const auto commit = [&]() -> absl::Status {
    const auto answer = target_.registry.CommitUpload(call_, target_.plan.repository, session,
                                                      blob.digest, blob.size, body);
    http_status = answer.value_or(0);
    if (answer.ok()) return absl::OkStatus();
    // Look before anything is sent again.
    if (!MayBeStored(answer.status()) || !call_.Check().ok()) return answer.status();
    const auto there = target_.registry.HeadBlob(call_, target_.plan.repository, blob.digest);
    if (!there.ok() || *there != blob.size) return answer.status();
    http_status = 201;
    return absl::OkStatus();
  };
  // What the session has of the bytes is not known after a failure: they go into another.
  GANTRY_RETURN_IF_ERROR(with_bytes ? commit() : Retry(call_, kPolicy, commit));
  GANTRY_RETURN_IF_ERROR(CheckCommit(http_status, blob));
  return blob;
}

absl::Status BlobUpload::CheckCommit(int http_status, const StoredBlob& blob) {
  if (http_status == 201) return absl::OkStatus();
  if (target_.plan.lax_commit) {
    target_.progress.OnNotice(fmt::format("the registry answered {} to a commit", http_status));
  }
  GANTRY_ASSIGN_OR_RETURN(const Presence presence, Look(blob));
  const bool proven = presence == Presence::kThere;
  if (presence == Presence::kAbsent || (target_.plan.lax_commit && !proven)) return NotStored(blob);
  if (target_.plan.lax_commit) return absl::OkStatus();
  return FailedPrecondition(reason::kUpstreamProtocol,
                            "the registry answered {} to a commit, which is not 201", http_status)
      .With("httpStatus", std::to_string(http_status))
      .Remedy("what answers may be a proxy, not the registry; check the URI");
}

absl::Status BlobUpload::Verify(const StoredBlob& blob) {
  GANTRY_ASSIGN_OR_RETURN(const Presence presence, Look(blob));
  return presence == Presence::kAbsent ? NotStored(blob) : absl::OkStatus();
}

void BlobUpload::Report(BlobState state, int64_t sent) {
  reported_ = sent;
  target_.progress.OnBlob({.blob = blob_.key(),
                           .media_type = blob_.media_type,
                           .state = state,
                           .sent_bytes = sent,
                           .size_bytes = known_ ? known_->size : 0,
                           .attempt = attempt_});
}

}  // namespace gantry
