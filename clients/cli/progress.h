// A push as a person sees it: a live bar per layer on a terminal, a line per finished layer
// elsewhere.
#pragma once

#include <gantry/v1/image.pb.h>

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace gantry::cli {

// Confined to one thread.  Renders to strings; who owns it writes them.
class Progress {
 public:
  enum class Style { kBars, kLines, kJsonLines, kNone };

  // `width` of the terminal, in columns, for kBars.
  Progress(Style style, int width) : style_(style), width_(width) {}

  // What to write after this message; with kBars it begins by going back over the last rendering.
  std::string Update(const gantry::v1::PushProgress& progress,
                     std::chrono::steady_clock::time_point now);
  // Takes the bars away and says what was done, in one line.
  std::string Finish();

 private:
  struct Blob {
    gantry::v1::BlobProgress last;
    std::chrono::steady_clock::time_point started;
  };

  std::string Bars(std::chrono::steady_clock::time_point now);
  std::string Line(const gantry::v1::BlobProgress& blob) const;
  std::string Summary() const;

  const Style style_;
  const int width_;
  std::map<std::string, Blob> blobs_;
  std::vector<std::string> order_;
  int drawn_lines_ = 0;
};

}  // namespace gantry::cli
