#include "clients/cli/progress.h"

#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "clients/cli/output.h"

namespace gantry::cli {
namespace {

using gantry::v1::BlobProgress;

constexpr int kMaxBars = 8;
constexpr size_t kBarColumns = 20;
constexpr size_t kWideColumns = 70;  // room for kind, bar, both sizes and rate

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

// What a finished blob is told as where there are no bars.
std::string Line(const BlobProgress& blob) {
  return fmt::format("{:<6} {}  {:>8}  {}{}\n", Kind(blob), ShortName(blob.blob()),
                     blob.size_bytes() > 0 ? HumanBytes(blob.size_bytes()) : "", Word(blob.state()),
                     blob.attempt() > 1 ? fmt::format(" (attempt {})", blob.attempt()) : "");
}

std::string Bar(double share, size_t columns) {
  const auto full = static_cast<size_t>(share * static_cast<double>(columns));
  return fmt::format("[{}{}]", std::string(full, '='), std::string(columns - full, ' '));
}

// One blob under way, in fewer than `columns`; `seconds` since it began.
std::string BarLine(const BlobProgress& blob, double seconds, size_t columns) {
  const int64_t size = blob.size_bytes();
  const auto sent = static_cast<double>(blob.sent_bytes());
  const double share = size > 0 ? std::min(1.0, sent / static_cast<double>(size)) : 0;
  const std::string name = ShortName(blob.blob());
  std::string line;
  if (columns > kWideColumns) {
    line =
        fmt::format("{:<6} {}  {}  {} {}", Kind(blob), name, Bar(share, kBarColumns),
                    HumanBytes(blob.sent_bytes()), size > 0 ? "of " + HumanBytes(size) : "so far");
    if (seconds > 0.5)
      line += fmt::format("  {}/s", HumanBytes(static_cast<int64_t>(sent / seconds)));
  } else if (size > 0) {
    const size_t around = name.size() + std::string_view(" [] 100%").size() + 1;
    const size_t bar = std::min(kBarColumns, columns > around ? columns - around : 0);
    line = fmt::format("{} {} {:>3.0f}%", name, Bar(share, bar), share * 100);
  } else {
    line = fmt::format("{}  {} so far", name, HumanBytes(blob.sent_bytes()));
  }
  return line.substr(0, columns - 1);
}

// Blobs of a push, counted by how they came to be there.
struct Totals {
  int sent = 0, mounted = 0, existing = 0;
  size_t all = 0;
  int64_t bytes = 0;  // sent

  void Add(const BlobProgress& blob) {
    ++all;
    sent += blob.state() == BlobProgress::STATE_SENT;
    mounted += blob.state() == BlobProgress::STATE_MOUNTED;
    existing += blob.state() == BlobProgress::STATE_EXISTING;
    if (blob.state() == BlobProgress::STATE_SENT) bytes += blob.sent_bytes();
  }
  // In one line of fewer than `columns`.
  std::string In(size_t columns) const {
    const int done = sent + mounted + existing;
    const std::string text =
        columns > kWideColumns
            ? fmt::format("{} of {} blobs: {} uploaded ({}), {} mounted, {} already there", done,
                          all, sent, HumanBytes(bytes), mounted, existing)
            : fmt::format("{} of {} blobs, {} uploaded", done, all, HumanBytes(bytes));
    return text.substr(0, columns - 1);
  }
};

template <class Blobs>
Totals TotalsOf(const Blobs& blobs) {
  Totals totals;
  for (const auto& [key, blob] : blobs) totals.Add(blob.last);
  return totals;
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
  if (!progress.notice().empty()) out = fmt::format("note: {}\n", Printable(progress.notice()));
  for (const BlobProgress& blob : progress.blobs()) {
    const auto [it, is_new] = blobs_.try_emplace(blob.blob());
    if (is_new) order_.push_back(blob.blob());
    const bool was_done = IsDone(it->second.last.state());
    if (it->second.last.state() != BlobProgress::STATE_SENDING) it->second.started = now;
    it->second.last = blob;
    if (style_ == Style::kLines && IsDone(blob.state()) && !was_done) out += Line(blob);
  }
  if (style_ == Style::kLines) return out;
  const std::string back = BackOverBars();
  return back + out + Bars(now);
}

std::string Progress::Bars(std::chrono::steady_clock::time_point now) {
  std::string out;
  for (const std::string& key : order_) {
    const Blob& blob = blobs_.at(key);
    if (blob.last.state() != BlobProgress::STATE_SENDING || drawn_lines_ == kMaxBars) continue;
    const double seconds = std::chrono::duration<double>(now - blob.started).count();
    out += BarLine(blob.last, seconds, columns_) + "\n";
    ++drawn_lines_;
  }
  ++drawn_lines_;
  return out + TotalsOf(blobs_).In(columns_) + "\n";
}

std::string Progress::BackOverBars() {
  if (drawn_lines_ == 0) return "";
  return fmt::format("\033[{}A\r\033[J", std::exchange(drawn_lines_, 0));
}

std::string Progress::Finish() {
  if (style_ == Style::kNone || style_ == Style::kJsonLines || blobs_.empty()) return "";
  return BackOverBars() + TotalsOf(blobs_).In(columns_) + "\n";
}

}  // namespace gantry::cli
