// A registry in memory that takes nothing on trust: offsets, digests, parts of manifests.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "tests/fakes/http_server.h"
#include "tests/fakes/reply.h"

namespace gantry::fakes {

// A request's body as it arrives.
class BodyReader {
 public:
  virtual ~BodyReader() = default;
  // Up to `limit` more bytes; none at the end.
  virtual std::string Read(size_t limit) = 0;
  // The connection broke before the end.
  virtual bool cut() const = 0;
};

// Stricter than real ones where that shows mistakes of a client: each PATCH needs the newest
// Location, bytes without a Content-Range go into an empty upload only, and a manifest only in when
// the repository has all that it names.  What comes before a connection breaks is kept, and an
// upload takes one request at a time.
// Thread-safe.
class StrictRegistry {
 public:
  Reply Serve(const Request& request, BodyReader& body);

  void PutBlob(const std::string& repository, const std::string& bytes);
  std::optional<std::string> Blob(const std::string& repository, const std::string& digest) const;
  size_t blob_count(const std::string& repository) const;
  // By tag or digest.
  std::optional<std::string> Manifest(const std::string& repository,
                                      const std::string& reference) const;
  // Digests by tag.
  std::map<std::string, std::string> Tags(const std::string& repository) const;
  size_t open_uploads() const;
  // Of all bodies of uploads, also of those that broke.
  int64_t received_bytes() const;
  void MakeTagsImmutable();
  // As if nothing had ever been pushed there.
  void Forget(const std::string& repository);

 private:
  struct Upload {
    std::string bytes;
    int state = 0;
    bool busy = false;  // a body is on its way
  };
  struct StoredManifest {
    std::string media_type, bytes;
  };
  struct Repository {
    std::map<std::string, std::string> blobs;  // by digest
    std::map<std::string, StoredManifest> manifests;
    std::map<std::string, std::string> tags;
  };

  Reply ServeBlob(const Request& request, const std::string& repository, const std::string& digest);
  Reply Open(const Request& request, const std::string& repository);
  Reply ServeUpload(const Request& request, const std::string& repository, const std::string& id,
                    BodyReader& body);
  // Nothing when the bytes may come.
  std::optional<Reply> Refuse(const Request& request, const std::string& repository,
                              const std::string& id, const Upload& upload) const;
  void Receive(const std::string& id, BodyReader& body);
  Reply Commit(const Request& request, const std::string& repository, const std::string& id);
  Reply State(int status, const std::string& repository, const std::string& id) const;
  Reply ServeManifest(const Request& request, const std::string& repository,
                      const std::string& reference, BodyReader& body);
  Reply StoreManifest(const Request& request, Repository& repository, const std::string& reference,
                      const std::string& bytes);

  mutable std::mutex mu_;  // guards all below
  std::condition_variable idle_;
  std::map<std::string, Repository> repositories_;
  std::map<std::string, Upload> uploads_;  // by id
  int last_upload_ = 0;
  int64_t received_bytes_ = 0;
  bool immutable_tags_ = false;
};

// {"errors": [{"code": …}]}, as registries write it.
Reply ErrorReply(int status, const std::string& code, const std::string& message = "");

}  // namespace gantry::fakes
