// How a push reports what it does.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gantry {

enum class BlobState { kWaiting, kSending, kSent, kMounted, kExisting };

struct BlobProgressEvent {
  std::string blob;        // digest, or diffID while the digest is not known
  std::string media_type;
  BlobState state = BlobState::kWaiting;
  int64_t sent_bytes = 0;
  int64_t size_bytes = 0;  // 0: not known yet
  int attempt = 1;
};

// Called from several threads at once; must not block.
class ProgressSink {
 public:
  virtual ~ProgressSink() = default;
  virtual void OnBlob(const BlobProgressEvent& event) = 0;
  virtual void OnNotice(std::string_view notice) = 0;
};

class NullProgress final : public ProgressSink {
 public:
  void OnBlob(const BlobProgressEvent&) override {}
  void OnNotice(std::string_view) override {}
};

}  // namespace gantry
