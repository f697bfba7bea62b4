// One blob on its way into one repository.
#pragma once

#include <absl/status/statusor.h>

#include <optional>
#include <string>

#include "base/call_context.h"
#include "oci/image_source.h"
#include "oci/registry_client.h"
#include "push/body_limit.h"
#include "push/hashed_blob.h"
#include "push/held_part.h"
#include "push/layer_cache.h"
#include "push/progress.h"
#include "push/push_engine.h"

namespace gantry {

// What all uploads of one push share; all borrowed.
struct PushTarget {
  const PushPlan& plan;
  RegistryClient& registry;
  ImageSource& source;
  LayerCache& layers;
  ProgressSink& progress;
  BodyLimit& body_limit;
};

struct StoredBlob {
  Digest digest;
  int64_t size;
  bool unsent = false;  // the registry says that it has it, or has mounted it
};

// HEAD → mount → open → send → commit → verify, each arrow retried by itself.  Bytes are never sent
// into a session whose offset the registry has not confirmed.  Confined to one thread.
class BlobUpload {
 public:
  BlobUpload(const CallContext& call, const PushTarget& target, const SourceBlob& blob);

  // With `force` it is sent although the registry says that it has it.
  absl::StatusOr<StoredBlob> Run(bool force);

 private:
  // Digest and size, when they are known before the blob is read.
  std::optional<StoredBlob> FindKnown() const;
  // Untold: the registry does not let us look, and the upload's own answers have to do.
  enum class Presence { kThere, kAbsent, kUntold };
  absl::StatusOr<Presence> Look(const StoredBlob& blob);
  // If not, `session` is one that the registry opened instead, if any.
  absl::StatusOr<bool> Mounted(const StoredBlob& blob, std::optional<UploadSession>& session);

  absl::StatusOr<StoredBlob> Upload(std::optional<UploadSession> session);
  absl::StatusOr<UploadSession> Open();
  // Whether the commit may take the bytes along.
  bool FitsIntoCommit() const;
  absl::StatusOr<StoredBlob> UploadOnce(UploadSession& session, bool with_commit);
  absl::Status Send(UploadSession& session);
  bool SentAll(const UploadSession& session) const;
  // What the next request takes at most; nothing when that shows only at the blob's end.
  std::optional<int64_t> NextPart(const UploadSession& session) const;
  // `size` becomes what it has taken.
  absl::Status SendPart(UploadSession& session, std::optional<int64_t>& size);
  // After a 413: whether smaller bodies may do.  `refused` is absent after a stream of whatever
  // length.
  bool Shrink(std::optional<int64_t> refused);
  // After a broken send: where the registry is.  False when the session is of no more use.
  bool Resume(UploadSession& session);
  absl::StatusOr<StoredBlob> Commit(UploadSession& session, bool with_bytes);
  // 201, or 200 or 204 where the plan takes them and the registry has the blob.  INTEGRITY when it
  // has not.
  absl::Status CheckCommit(int http_status, const StoredBlob& blob);
  absl::Status Verify(const StoredBlob& blob);

  void Report(BlobState state, int64_t sent);

  const CallContext& call_;
  const PushTarget& target_;
  const SourceBlob& blob_;
  HashedBlob bytes_;
  HeldPart held_{bytes_};            // of a layer whose length is not known
  std::optional<StoredBlob> known_;  // looked up once, by Run
  int attempt_ = 1;
  int64_t reported_ = 0;
};

}  // namespace gantry
