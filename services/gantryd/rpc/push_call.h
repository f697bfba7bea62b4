// PushImage: one stream, one job.
#pragma once

#include <gantry/v1/container_registry.grpc.pb.h>
#include <grpcpp/grpcpp.h>

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/executor.h"
#include "gantryd/images/image_manager.h"
#include "gantryd/request_log.h"
#include "gantryd/rpc/blob_reads.h"
#include "gantryd/rpc/call_host.h"

namespace gantry {

// Owned by itself and the job together; goes when gRPC and the job are both done.  gRPC's threads only
// move messages; the push runs on the host's push executor.
class PushCall final : public grpc::ServerBidiReactor<v1::PushImageRequest, v1::PushImageResponse>,
                       public ProgressSink {
 public:
  static PushCall* Start(CallHost& host, grpc::CallbackServerContext* rpc, ImageManager& images,
                         RequestLog& requests);

 private:
  PushCall(CallHost& host, grpc::CallbackServerContext* rpc, ImageManager& images,
           RequestLog& requests);

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override { self_.reset(); }

  void OnBlob(const BlobProgressEvent& event) override;
  void OnNotice(std::string_view notice) override;

  absl::Status OnMessage();
  // The push is not wanted any more.  A job that runs ends by itself, and the stream after it: not
  // before, for the job uses what goes with the server.
  void Stop(const absl::Status& why);
  void RunJob();
  absl::StatusOr<v1::Image> Push();
  // Ends the stream once what is queued has been written; the first call decides.
  void Complete(const absl::Status& status);
  // Starts the next write, or the end.  Called with the lock, and without a write under way.
  void Pump();

  CallHost& host_;
  grpc::CallbackServerContext* const rpc_;
  ImageManager& images_;
  RequestLog& requests_;
  const MonoTime started_;
  const std::unique_ptr<CallContext> call_;
  std::shared_ptr<PushCall> self_;  // until OnDone
  BlobReads blobs_;
  v1::PushImageRequest incoming_;   // gRPC's while a read is under way
  v1::PushImageResponse outgoing_;  // gRPC's while a write is under way
  v1::PushStart start_;             // set once, before the job

  std::mutex mu_;
  std::optional<Executor::Ticket> job_;  // once it is in the queue
  std::optional<absl::Status> refusal_;  // of a message
  bool writing_ = false;
  bool finished_ = false;
  std::deque<v1::BlobRead> reads_;                       // at most as many as BlobReads allows
  std::map<std::string, v1::BlobProgress> changed_;      // the latest of each blob
  std::deque<std::string> notices_;
  std::map<std::string, std::pair<int64_t, int64_t>> bytes_;  // done and total of each blob
  bool progress_due_ = false;
  MonoTime last_progress_{};
  std::optional<v1::Image> image_;
  std::optional<absl::Status> result_;
};

}  // namespace gantry
