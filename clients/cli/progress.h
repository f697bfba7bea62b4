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

  explicit Progress(Style style) : style_(style) {}

  // The terminal's width in columns, for kBars; it may change between updates.
  void set_columns(int columns) { columns_ = static_cast<size_t>(columns); }

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
  std::string BackOverBars();

  const Style style_;
  size_t columns_ = 80;
  std::map<std::string, Blob> blobs_;
  std::vector<std::string> order_;
  int drawn_lines_ = 0;
};

}  // namespace gantry::cli
