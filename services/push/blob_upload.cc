#include "push/blob_upload.h"

#include <algorithm>
#include <utility>

#include "base/status.h"
#include "net/retry.h"
#include "oci/compression.h"

namespace gantry {
namespace {

constexpr int kMaxSessions = 4;        // upload sessions opened for one blob
constexpr int kMaxStandstills = 4;     // sends in a row without a byte of progress
constexpr int64_t kReportEvery = 1 << 20;
constexpr RetryPolicy kPolicy;

// Errors after which the same bytes in a new session may do.
bool WorthANewSession(const absl::Status& status) {
  if (IsRetryable(status)) return true;
  const ErrorDetail detail = DetailOf(status);
  if (detail.reason == reason::kIntegrity) return true;
  if (detail.reason != reason::kUpstreamRejected) return false;
  const auto value = [&](const char* key) {
    const auto it = detail.metadata.find(key);
    return it == detail.metadata.end() ? std::string() : it->second;
  };
  const std::string code = value("upstreamCode");
  return value("httpStatus") == "416" || code == "BLOB_UPLOAD_UNKNOWN" ||
         code == "BLOB_UPLOAD_INVALID" || code == "RANGE_INVALID" || code == "DIGEST_INVALID" ||
         code == "SIZE_INVALID";
}

bool TooLarge(const absl::Status& status) {
  const ErrorDetail detail = DetailOf(status);
  const auto http = detail.metadata.find("httpStatus");
  return http != detail.metadata.end() && http->second == "413";
}

}  // namespace

BlobUpload::BlobUpload(const CallContext& call, const PushTarget& target, const SourceBlob& blob)
    : call_(call), target_(target), blob_(blob), method_(target.plan.method),
      bytes_(call, target.source, blob, [this](int64_t position) {
        if (position - reported_ >= kReportEvery) Report(BlobState::kSending, position);
      }) {}

absl::StatusOr<StoredBlob> BlobUpload::Run(bool force) {
  std::optional<UploadSession> session;
  const auto known = Known();
  if (known && !force) {
    GANTRY_ASSIGN_OR_RETURN(const bool exists, Exists(*known));
    if (exists) {
      Report(BlobState::kExisting, 0);
      return StoredBlob{known->digest, known->size, true};
    }
    GANTRY_ASSIGN_OR_RETURN(const bool mounted, Mounted(*known, session));
    if (mounted) {
      Report(BlobState::kMounted, 0);
      return *known;
    }
  }
  GANTRY_ASSIGN_OR_RETURN(StoredBlob stored, Upload(std::move(session)));
  if (!blob_.digest) {
    target_.layers.Remember(*blob_.diff_id, std::string(kGzipRecipe), {stored.digest, stored.size});
  }
  Report(BlobState::kSent, stored.size);
  return stored;
}

std::optional<StoredBlob> BlobUpload::Known() const {
  if (blob_.digest) return StoredBlob{*blob_.digest, blob_.size};
  const auto layer = target_.layers.Find(*blob_.diff_id, std::string(kGzipRecipe));
  if (!layer) return std::nullopt;
  return StoredBlob{layer->digest, layer->size};
}

absl::StatusOr<bool> BlobUpload::Exists(const StoredBlob& blob) {
  std::optional<int64_t> size;
  GANTRY_RETURN_IF_ERROR(Retry(call_, kPolicy, [&]() -> absl::Status {
    GANTRY_ASSIGN_OR_RETURN(size, target_.registry.HeadBlob(call_, target_.plan.repository, blob.digest));
    return absl::OkStatus();
  }));
  if (size && *size != blob.size) {
    target_.progress.OnNotice(fmt::format("the registry has blob {} with {} bytes instead of {}; "
                                          "sending it again",
                                          blob.digest.text(), *size, blob.size));
  }
  return size == blob.size;
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
    return Exists(blob);
  }
  return false;
}

absl::StatusOr<StoredBlob> BlobUpload::Upload(std::optional<UploadSession> session) {
  milliseconds pause = kPolicy.first_backoff;
  for (;; ++attempt_) {
    absl::Status status = session ? absl::OkStatus() : Retry(call_, kPolicy, [&]() -> absl::Status {
      GANTRY_ASSIGN_OR_RETURN(session, target_.registry.OpenUpload(call_, target_.plan.repository));
      return absl::OkStatus();
    });
    if (!status.ok()) return status;
    Report(BlobState::kSending, 0);
    absl::StatusOr<StoredBlob> stored = UploadOnce(*session);
    if (stored.ok()) return stored;
    target_.registry.CancelUpload(call_, target_.plan.repository, *session);
    session.reset();
    status = stored.status();
    if (TooLarge(status) && method_ != UploadMethod::kChunked && target_.plan.chunk_bytes > 0) {
      method_ = UploadMethod::kChunked;
      continue;
    }
    if (!WorthANewSession(status) || attempt_ == kMaxSessions) {
      return attempt_ == 1 ? status : Annotate(status, fmt::format("after {} uploads", attempt_));
    }
    GANTRY_RETURN_IF_ERROR(call_.Sleep(DetailOf(status).retry_after.value_or(pause)));
    pause = std::min(pause * 2, kPolicy.max_backoff);
  }
}

absl::StatusOr<StoredBlob> BlobUpload::UploadOnce(UploadSession& session) {
  session.offset = 0;  // "Range: 0-0" of a new session means nothing yet
  GANTRY_RETURN_IF_ERROR(bytes_.SeekTo(0));
  const bool monolithic = method_ == UploadMethod::kMonolithic && blob_.digest;
  if (!monolithic) GANTRY_RETURN_IF_ERROR(Send(session));
  GANTRY_ASSIGN_OR_RETURN(StoredBlob stored, Commit(session));
  GANTRY_RETURN_IF_ERROR(Verify(stored));
  return stored;
}

absl::Status BlobUpload::Send(UploadSession& session) {
  milliseconds pause = kPolicy.first_backoff;
  int standstills = 0;
  while (blob_.digest ? session.offset < blob_.size : !bytes_.at_end()) {
    const int64_t before = session.offset;
    const absl::Status status = SendOnce(session);
    if (status.ok() && session.offset == bytes_.position()) continue;
    if (!status.ok() && !IsRetryable(status)) return status;
    const bool usable = Resume(session);
    if (status.ok() && !usable) return absl::OkStatus();  // it took all; the commit will tell
    if (!usable || session.offset > bytes_.position()) {
      return status.ok() ? DataLoss(reason::kIntegrity,
                                    "the registry confirms more bytes than were sent")
                         : status;
    }
    standstills = session.offset > before ? 0 : standstills + 1;
    if (standstills == kMaxStandstills) {
      return status.ok() ? DataLoss(reason::kIntegrity,
                                    "the registry takes bytes, but does not confirm them")
                         : status;
    }
    if (!status.ok()) {
      GANTRY_RETURN_IF_ERROR(call_.Sleep(DetailOf(status).retry_after.value_or(pause)));
      pause = standstills == 0 ? kPolicy.first_backoff : std::min(pause * 2, kPolicy.max_backoff);
    }
    GANTRY_RETURN_IF_ERROR(bytes_.SeekTo(session.offset));
  }
  return absl::OkStatus();
}

absl::Status BlobUpload::SendOnce(UploadSession& session) {
  const int64_t start = session.offset;
  std::optional<int64_t> size;
  if (blob_.digest) size = blob_.size - start;
  const bool chunked = method_ == UploadMethod::kChunked && size;
  if (chunked) size = std::min(*size, std::max(target_.plan.chunk_bytes, session.min_chunk_bytes));
  // A whole blob goes without a range; what follows something goes with one, so that the registry
  // checks that it fits.
  const bool range = size && *size > 0 && (chunked || start > 0);
  return target_.registry.PatchUpload(
      call_, target_.plan.repository, session,
      [this, start, size]() -> absl::StatusOr<std::unique_ptr<ByteReader>> {
        GANTRY_RETURN_IF_ERROR(bytes_.SeekTo(start));
        return bytes_.Body(size);
      },
      size, range);
}

bool BlobUpload::Resume(UploadSession& session) {
  if (!call_.Check().ok()) return false;
  return Retry(call_, {.max_attempts = 4}, [&] {
           return target_.registry.SyncUpload(call_, target_.plan.repository, session);
         }).ok();
}

absl::StatusOr<StoredBlob> BlobUpload::Commit(UploadSession& session) {
  const bool monolithic = method_ == UploadMethod::kMonolithic && blob_.digest;
  const StoredBlob blob = blob_.digest ? StoredBlob{*blob_.digest, blob_.size}
                                       : StoredBlob{bytes_.digest(), bytes_.position()};
  RegistryClient::OpenBody body;
  if (monolithic) {
    body = [this]() -> absl::StatusOr<std::unique_ptr<ByteReader>> {
      GANTRY_RETURN_IF_ERROR(bytes_.SeekTo(0));
      return bytes_.Body(blob_.size);
    };
  }
  int http_status = 0;
  const RetryPolicy policy{.max_attempts = monolithic ? 1 : kPolicy.max_attempts};
  const absl::Status status = Retry(call_, policy, [&]() -> absl::Status {
    const auto answer = target_.registry.CommitUpload(call_, target_.plan.repository, session,
                                                      blob.digest, blob.size, body);
    if (answer.ok()) {
      http_status = *answer;
      return absl::OkStatus();
    }
    // The answer may have been lost after the blob was stored: look before anything is sent again.
    // A source that lied has not been stored by anybody.
    if (ReasonOf(answer.status()) == reason::kDigestMismatch || !call_.Check().ok()) {
      return answer.status();
    }
    const auto there = target_.registry.HeadBlob(call_, target_.plan.repository, blob.digest);
    if (there.ok() && *there == blob.size) {
      http_status = 201;
      return absl::OkStatus();
    }
    return answer.status();
  });
  if (!status.ok()) return status;
  if (http_status != 201) {
    if (!target_.plan.lax_commit) {
      return DataLoss(reason::kIntegrity, "the registry answered {} to a commit, which is not 201",
                      http_status)
          .Remedy("what answers may be a proxy, not the registry; check the URI");
    }
    target_.progress.OnNotice(fmt::format("the registry answered {} to a commit", http_status));
  }
  return blob;
}

absl::Status BlobUpload::Verify(const StoredBlob& blob) {
  GANTRY_ASSIGN_OR_RETURN(const bool exists, Exists(blob));
  if (exists) return absl::OkStatus();
  return DataLoss(reason::kIntegrity, "the registry said that it stored blob {}, and does not have it",
                  blob.digest.text())
      .With("blob", blob.digest.text())
      .Remedy("check the registry's storage; replicas may not share theirs");
}

void BlobUpload::Report(BlobState state, int64_t sent) {
  reported_ = sent;
  const auto known = Known();
  target_.progress.OnBlob({.blob = blob_.key(),
                           .media_type = blob_.media_type,
                           .state = state,
                           .sent_bytes = sent,
                           .size_bytes = known ? known->size : (state == BlobState::kSent ? sent : 0),
                           .attempt = attempt_});
}

}  // namespace gantry
