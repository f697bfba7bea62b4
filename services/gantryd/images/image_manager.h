// Images: push, resolve, list.
#pragma once

#include <absl/status/statusor.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/call_context.h"
#include "gantryd/registries/registry_pool.h"
#include "oci/image_source.h"
#include "push/progress.h"
#include "push/push_engine.h"

namespace gantry {

// How the daemon reads the caller's own image.  Thread-safe; lives as long as the call.
class CallerBlobs {
 public:
  virtual ~CallerBlobs() = default;
  // The blob from `offset`, by ranged reads with several outstanding; nothing behind its size is
  // asked for, where that is known.
  virtual absl::StatusOr<std::unique_ptr<ByteReader>> Open(const CallContext& call,
                                                           const std::string& key, int64_t offset,
                                                           std::optional<int64_t> size) = 0;
};

// The caller's own image: a root descriptor, or a config and layers to assemble.
struct CallerImage {
  std::optional<Descriptor> root;
  std::vector<SourceBlob> assembled;          // config first; when there is no root
  CallerBlobs* blobs = nullptr;               // borrowed
  int max_parallel_reads = 64;                // 1 when the image is one stream
  std::map<std::string, int64_t> read_ranks;  // by SourceBlob::key(); absent: 0
};

// Sources that the daemon reaches by itself.
struct SourceReference {
  std::string reference;
};
struct SourceEngine {
  std::string image;
};
struct SourceDockerArchive {
  std::string path;
};
struct SourceOciArchive {
  std::string path;
};
struct SourceOciLayout {
  std::string path;
};
using SourceSpec = std::variant<SourceReference, SourceEngine, SourceDockerArchive,
                                SourceOciArchive, SourceOciLayout, CallerImage>;

struct PushSpec {
  std::string registry;
  std::string pipeline, version;  // either these
  std::string repository;         // or these
  std::vector<std::string> tags;
  SourceSpec source;
};

// An image as the API shows it.
struct ImageView {
  std::string registry, uri, digest_uri, digest, media_type, repository;
  std::vector<std::string> tags;
  int64_t size_bytes = 0;
  std::vector<std::string> platforms;
  std::optional<WallTime> pushed;
};

// What the operator lets the daemon read by itself.
struct SourcePolicy {
  std::vector<std::string> roots;    // directories; empty: no server-side path
  std::string docker_engine_socket;  // empty: no engine
};

// Thread-safe.  Blocks; call on the executor.
class ImageManager {
 public:
  // All borrowed.
  ImageManager(RegistryPool& pool, PushEngine& engine, HttpClient& http, SourcePolicy policy)
      : pool_(pool), engine_(engine), http_(http), policy_(std::move(policy)) {}

  absl::StatusOr<ImageView> Push(const CallContext& call, const PushSpec& spec,
                                 ProgressSink& progress);
  // Either a full reference below some configured registry, or registry, repository and tag/digest.
  absl::StatusOr<ImageView> Resolve(const CallContext& call, const std::string& reference,
                                    const std::string& registry, const std::string& repository,
                                    const std::string& tag);
  struct Page {
    std::vector<ImageView> images;
    std::string next_page_token;
  };
  absl::StatusOr<Page> List(const CallContext& call, const std::string& registry,
                            const std::string& repository, int page_size,
                            const std::string& page_token, bool resolve_digests);

 private:
  RegistryPool& pool_;
  PushEngine& engine_;
  HttpClient& http_;
  const SourcePolicy policy_;
};

}  // namespace gantry
