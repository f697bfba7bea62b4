#include "clients/cli/progress.h"

#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <string_view>

#include "clients/cli/output.h"

namespace gantry::cli {
namespace {

using gantry::v1::BlobProgress;

constexpr int kMaxBars = 8;
constexpr int kBarColumns = 20;

bool IsDone(BlobProgress::State state) {
  return state == BlobProgress::STATE_SENT || state == BlobProgress::STATE_MOUNTED ||
         state == BlobProgress::STATE_EXISTING;
}

const char* Word(BlobProgress::State state) {
  switch (state) {
    case BlobProgress::STATE_SENDING:
      return "sending";
    case BlobProgress::STATE_SENT:
      return "sent";
    case BlobProgress::STATE_MOUNTED:
      return "mounted";
    case BlobProgress::STATE_EXISTING:
      return "already there";
    default:
      return "waiting";
  }
}

std::string ShortName(const std::string& blob) {
  const size_t colon = blob.find(':');
  return blob.substr(colon == blob.npos ? 0 : colon + 1, 12);
}

std::string_view Kind(const BlobProgress& blob) {
  return blob.media_type().find("config") != std::string::npos ? "config" : "layer";
}

}  // namespace

std::string Progress::Update(const gantry::v1::PushProgress& progress,
                             std::chrono::steady_clock::time_point now) {
  std::string out;
  if (style_ == Style::kNone) return out;
  if (style_ == Style::kJsonLines) {
    google::protobuf::util::JsonPrintOptions options;
    options.preserve_proto_field_names = true;
    (void)google::protobuf::util::MessageToJsonString(progress, &out, options);
    return out + "\n";
  }
  std::string notice;
  if (!progress.notice().empty()) notice = fmt::format("note: {}\n", progress.notice());
  for (const BlobProgress& blob : progress.blobs()) {
    const auto [it, is_new] = blobs_.try_emplace(blob.blob());
    if (is_new) order_.push_back(blob.blob());
    const bool was_done = IsDone(it->second.last.state());
    if (it->second.last.state() != BlobProgress::STATE_SENDING) it->second.started = now;
    it->second.last = blob;
    if (style_ == Style::kLines && IsDone(blob.state()) && !was_done) out += Line(blob);
  }
  if (style_ == Style::kLines) return notice + out;
  std::string back;
  if (drawn_lines_ > 0) back = fmt::format("\033[{}A\r\033[J", drawn_lines_);
  return back + notice + Bars(now);
}

std::string Progress::Line(const BlobProgress& blob) const {
  const std::string size = blob.size_bytes() > 0 ? HumanBytes(blob.size_bytes()) : "";
  return fmt::format("{} {}  {:>9}  {}{}\n", Kind(blob), ShortName(blob.blob()), size,
                     Word(blob.state()),
                     blob.attempt() > 1 ? fmt::format(" (attempt {})", blob.attempt()) : "");
}

std::string Progress::Bars(std::chrono::steady_clock::time_point now) {
  std::string out;
  drawn_lines_ = 0;
  for (const std::string& key : order_) {
    const Blob& blob = blobs_.at(key);
    if (blob.last.state() != BlobProgress::STATE_SENDING || drawn_lines_ == kMaxBars) continue;
    const int64_t sent = blob.last.sent_bytes();
    const int64_t size = blob.last.size_bytes();
    const double share =
        size > 0 ? std::min(1.0, static_cast<double>(sent) / static_cast<double>(size)) : 0;
    const auto full = static_cast<size_t>(share * kBarColumns);
    const double seconds = std::chrono::duration<double>(now - blob.started).count();
    const std::string rate =
        seconds > 0.5 ? HumanBytes(static_cast<int64_t>(static_cast<double>(sent) / seconds)) + "/s"
                      : "";
    std::string line =
        fmt::format("{:<6} {}  [{}{}]  {} {}  {}", Kind(blob.last), ShortName(key),
                    std::string(full, '='), std::string(kBarColumns - full, ' '), HumanBytes(sent),
                    size > 0 ? "of " + HumanBytes(size) : "so far", rate);
    if (static_cast<int>(line.size()) >= width_) line.resize(static_cast<size_t>(width_ - 1));
    out += line + "\n";
    ++drawn_lines_;
  }
  std::string summary = Summary();
  if (static_cast<int>(summary.size()) >= width_) summary.resize(static_cast<size_t>(width_ - 1));
  ++drawn_lines_;
  return out + summary + "\n";
}

std::string Progress::Summary() const {
  int sent = 0, mounted = 0, existing = 0;
  int64_t bytes = 0;
  for (const auto& [key, blob] : blobs_) {
    sent += blob.last.state() == BlobProgress::STATE_SENT;
    mounted += blob.last.state() == BlobProgress::STATE_MOUNTED;
    existing += blob.last.state() == BlobProgress::STATE_EXISTING;
    if (blob.last.state() == BlobProgress::STATE_SENT) bytes += blob.last.sent_bytes();
  }
  return fmt::format("{} of {} blobs: {} uploaded ({}), {} mounted, {} already there",
                     sent + mounted + existing, blobs_.size(), sent, HumanBytes(bytes), mounted,
                     existing);
}

std::string Progress::Finish() {
  if (style_ == Style::kNone || style_ == Style::kJsonLines || blobs_.empty()) return "";
  std::string back;
  if (drawn_lines_ > 0) back = fmt::format("\033[{}A\r\033[J", drawn_lines_);
  drawn_lines_ = 0;
  return back + Summary() + "\n";
}

}  // namespace gantry::cli
