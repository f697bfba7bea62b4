#include "push/blob_set.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "base/guard.h"
#include "base/status.h"

namespace gantry {
namespace {

std::vector<const SourceBlob*> InOrder(const std::map<std::string, SourceBlob>& blobs,
                                       const ImageSource& source) {
  std::vector<const SourceBlob*> order;
  for (const auto& [key, blob] : blobs) order.push_back(&blob);
  const bool one_stream = source.max_parallel_reads() == 1;
  // A size that is not known yet is taken for a large one.
  const auto size = [](const SourceBlob* b) { return b->digest ? b->size : INT64_MAX; };
  std::stable_sort(order.begin(), order.end(), [&](const SourceBlob* a, const SourceBlob* b) {
    return one_stream ? source.ReadRank(*a) < source.ReadRank(*b) : size(a) > size(b);
  });
  return order;
}

absl::Status Named(const absl::Status& status, const SourceBlob& blob) {
  const bool config = blob.media_type.find("config") != std::string::npos;
  return Annotate(status,
                  fmt::format("{} {}", config ? "config" : "layer", blob.key().substr(0, 19)));
}

}  // namespace

absl::StatusOr<StoredBlobs> UploadBlobs(const CallContext& call, const PushTarget& target,
                                        const std::map<std::string, SourceBlob>& blobs,
                                        bool force) {
  const std::vector<const SourceBlob*> order = InOrder(blobs, target.source);
  for (const SourceBlob* blob : order) {
    target.progress.OnBlob({.blob = blob->key(),
                            .media_type = blob->media_type,
                            .size_bytes = blob->digest ? blob->size : 0});
  }
  // A context of their own, so that one failure can stop the siblings without touching the
  // caller's.
  CallContext group(call.clock(), call.Remaining(), call.request_id());
  const std::stop_callback stop(call.stop_token(), [&] { group.RequestStop(); });
  std::mutex mu;
  StoredBlobs stored;
  absl::Status first_failure;
  std::atomic<size_t> next = 0;
  const auto upload = [&](const SourceBlob& blob) -> absl::Status {
    GANTRY_ASSIGN_OR_RETURN(StoredBlob result, BlobUpload(group, target, blob).Run(force));
    std::lock_guard lock(mu);
    stored.emplace(blob.key(), std::move(result));
    return absl::OkStatus();
  };
  const auto work = [&] {
    for (size_t i = next++; i < order.size() && group.Check().ok(); i = next++) {
      const absl::Status uploaded = Guard([&] { return upload(*order[i]); });
      if (uploaded.ok()) continue;
      std::lock_guard lock(mu);
      if (first_failure.ok()) first_failure = Named(uploaded, *order[i]);
      group.RequestStop();
    }
  };
  {
    const int threads =
        std::min({std::max(target.plan.max_parallel_blobs, 1),
                  std::max(target.source.max_parallel_reads(), 1), static_cast<int>(order.size())});
    std::vector<std::jthread> pool;
    for (int i = 0; i < threads; ++i) pool.emplace_back(work);
  }
  if (absl::Status s = call.Check(); !s.ok()) return s;
  if (!first_failure.ok()) return first_failure;
  return stored;
}

}  // namespace gantry
