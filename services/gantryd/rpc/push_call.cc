#include "gantryd/rpc/push_call.h"

#include <utility>

#include "base/guard.h"
#include "base/status.h"
#include "gantryd/rpc/convert.h"
#include "gantryd/rpc/idempotent.h"
#include "gantryd/rpc/push_spec.h"
#include "gantryd/rpc/status.h"

namespace gantry {
namespace {

constexpr std::chrono::hours kCeiling{6};
constexpr milliseconds kProgressInterval{100};
constexpr size_t kMaxNotices = 100;

v1::BlobProgress::State ToProto(BlobState state) {
  switch (state) {
    case BlobState::kWaiting:
      return v1::BlobProgress::STATE_WAITING;
    case BlobState::kSending:
      return v1::BlobProgress::STATE_SENDING;
    case BlobState::kSent:
      return v1::BlobProgress::STATE_SENT;
    case BlobState::kMounted:
      return v1::BlobProgress::STATE_MOUNTED;
    case BlobState::kExisting:
      return v1::BlobProgress::STATE_EXISTING;
  }
  return v1::BlobProgress::STATE_UNSPECIFIED;
}

bool IsDone(BlobState state) {
  return state == BlobState::kSent || state == BlobState::kMounted || state == BlobState::kExisting;
}

}  // namespace

PushCall* PushCall::Start(CallHost& host, grpc::CallbackServerContext* rpc, ImageManager& images,
                          RequestLog& requests) {
  const std::shared_ptr<PushCall> call(new PushCall(host, rpc, images, requests));
  call->self_ = call;
  if (absl::Status s = host.Admit(); !s.ok()) {
    call->Complete(s);
  } else {
    call->StartRead(&call->incoming_);
  }
  return call.get();
}

PushCall::PushCall(CallHost& host, grpc::CallbackServerContext* rpc, ImageManager& images,
                   RequestLog& requests)
    : host_(host),
      rpc_(rpc),
      images_(images),
      requests_(requests),
      started_(host.clock.Mono()),
      call_(host.NewContext(*rpc, kCeiling)),
      blobs_([this](v1::BlobRead read) {
        std::lock_guard lock(mu_);
        reads_.push_back(std::move(read));
        if (!writing_) Pump();
      }) {}

void PushCall::OnReadDone(bool ok) {
  if (!ok) {
    // The caller's side is closed: fine for a source the daemon reaches by itself.
    blobs_.Break(InvalidArgument(reason::kInvalidArgument,
                                 "the caller closed its side of the stream before the push had "
                                 "read the whole image"));
    std::unique_lock lock(mu_);
    const bool nothing_came = !job_;
    lock.unlock();
    if (nothing_came) {
      Complete(InvalidArgument(reason::kInvalidArgument, "the stream ended without a start")
                   .Remedy("send a message with 'start' first"));
    }
    return;
  }
  if (absl::Status s = OnMessage(); !s.ok()) {
    {
      std::lock_guard lock(mu_);
      refusal_ = s;
    }
    Stop(s);
    return;
  }
  StartRead(&incoming_);
}

absl::Status PushCall::OnMessage() {
  std::unique_lock lock(mu_);
  const bool running = job_.has_value();
  lock.unlock();
  if (running && incoming_.has_chunk()) return blobs_.OnChunk(std::move(*incoming_.mutable_chunk()));
  if (running || !incoming_.has_start()) {
    return InvalidArgument(reason::kInvalidArgument, "expected {}",
                           running ? "a chunk" : "'start' as the first message");
  }
  start_ = std::move(*incoming_.mutable_start());
  lock.lock();
  Executor::Ticket ticket = 0;
  if (!host_.pushes.TryPost([self = self_] { self->RunJob(); }, &ticket)) return Overloaded();
  job_ = ticket;
  return absl::OkStatus();
}

void PushCall::Stop(const absl::Status& why) {
  call_->RequestStop();
  blobs_.Break(why);
  std::unique_lock lock(mu_);
  const auto job = job_;
  lock.unlock();
  if (!job || host_.pushes.Withdraw(*job)) Complete(why);
}

void PushCall::RunJob() {
  absl::StatusOr<v1::Image> image = Guard([this]() -> absl::StatusOr<v1::Image> {
    GANTRY_RETURN_IF_ERROR(call_->Check());
    return Push();
  });
  absl::Status result = image.status();
  {
    std::lock_guard lock(mu_);
    if (image.ok()) {
      image_ = *std::move(image);
      progress_due_ = true;  // at least one, also for an answer that was remembered
    } else if (refusal_) {
      result = *refusal_;
    }
  }
  Complete(result);
}

absl::StatusOr<v1::Image> PushCall::Push() {
  GANTRY_ASSIGN_OR_RETURN(const PushSpec spec, PushSpecOf(start_, blobs_));
  return Idempotent<v1::Image>(
      requests_, "PushImage", start_,
      [&]() -> absl::StatusOr<v1::Image> {
        GANTRY_ASSIGN_OR_RETURN(const ImageView image, images_.Push(*call_, spec, *this));
        return ToProto(image);
      },
      // Pushed again: what is stored is not sent twice.
      [](WallTime) { return std::optional<v1::Image>(); });
}

void PushCall::OnBlob(const BlobProgressEvent& event) {
  std::lock_guard lock(mu_);
  v1::BlobProgress& progress = changed_[event.blob];
  progress.set_blob(event.blob);
  progress.set_state(ToProto(event.state));
  progress.set_sent_bytes(event.sent_bytes);
  progress.set_size_bytes(event.size_bytes);
  progress.set_media_type(ScrubUtf8(event.media_type));
  progress.set_attempt(event.attempt);
  bytes_[event.blob] = {IsDone(event.state) ? event.size_bytes : event.sent_bytes,
                        event.size_bytes};
  const MonoTime now = host_.clock.Mono();
  progress_due_ = progress_due_ || IsDone(event.state) || now - last_progress_ >= kProgressInterval;
  if (!writing_) Pump();
}

void PushCall::OnNotice(std::string_view notice) {
  std::lock_guard lock(mu_);
  if (notices_.size() < kMaxNotices) notices_.push_back(ScrubUtf8(notice));
  progress_due_ = true;
  if (!writing_) Pump();
}

void PushCall::OnCancel() {
  call_->RequestStop();
  Stop(call_->Check());
}

void PushCall::OnWriteDone(bool ok) {
  if (!ok) call_->RequestStop();  // the caller is gone
  std::lock_guard lock(mu_);
  writing_ = false;
  Pump();
}

void PushCall::Complete(const absl::Status& status) {
  std::lock_guard lock(mu_);
  if (result_) return;
  result_ = status;
  progress_due_ = progress_due_ || !changed_.empty();
  if (!writing_) Pump();
}

void PushCall::Pump() {
  if (finished_) return;
  outgoing_.Clear();
  if (!reads_.empty() && !result_) {
    *outgoing_.mutable_read() = std::move(reads_.front());
    reads_.pop_front();
  } else if (progress_due_) {
    v1::PushProgress& progress = *outgoing_.mutable_progress();
    for (auto& [blob, change] : changed_) progress.add_blobs()->Swap(&change);
    changed_.clear();
    for (const auto& [blob, bytes] : bytes_) {
      progress.set_done_bytes(progress.done_bytes() + bytes.first);
      progress.set_total_bytes(progress.total_bytes() + bytes.second);
    }
    if (!notices_.empty()) {
      progress.set_notice(notices_.front());
      notices_.pop_front();
    }
    progress_due_ = !notices_.empty();
    last_progress_ = host_.clock.Mono();
  } else if (result_ && image_) {
    outgoing_.mutable_image()->Swap(&*image_);
    image_.reset();
  } else if (result_) {
    finished_ = true;
    host_.Log(*rpc_, *call_, "ContainerRegistry/PushImage", *result_, started_);
    Finish(ToGrpc(*result_, call_->request_id()));
    return;
  } else {
    return;
  }
  writing_ = true;
  StartWrite(&outgoing_);
}

}  // namespace gantry
