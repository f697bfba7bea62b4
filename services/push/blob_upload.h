// One blob on its way into one repository.
#pragma once

#include <absl/status/statusor.h>

#include <optional>
#include <string>

#include "base/call_context.h"
#include "oci/image_source.h"
#include "oci/registry_client.h"
#include "push/hashed_blob.h"
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
};

struct StoredBlob {
  Digest digest;
  int64_t size;
  bool existed = false;  // the registry said so; nothing was sent
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
  std::optional<StoredBlob> Known() const;
  absl::StatusOr<bool> Exists(const StoredBlob& blob);
  // Nothing when mounted; else a session that the registry opened meanwhile, if any.
  absl::StatusOr<bool> Mounted(const StoredBlob& blob, std::optional<UploadSession>& session);

  absl::StatusOr<StoredBlob> Upload(std::optional<UploadSession> session);
  absl::StatusOr<StoredBlob> UploadOnce(UploadSession& session);
  absl::Status Send(UploadSession& session);
  absl::Status SendOnce(UploadSession& session);
  // After a broken send: where the registry is.  False when the session is of no more use.
  bool Resume(UploadSession& session);
  absl::StatusOr<StoredBlob> Commit(UploadSession& session);
  absl::Status Verify(const StoredBlob& blob);

  void Report(BlobState state, int64_t sent);

  const CallContext& call_;
  const PushTarget& target_;
  const SourceBlob& blob_;
  UploadMethod method_;  // the plan's, until the registry finds the blob too large in one piece
  HashedBlob bytes_;
  int attempt_ = 1;
  int64_t reported_ = 0;
};

}  // namespace gantry
