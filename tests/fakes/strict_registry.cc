#include "tests/fakes/strict_registry.h"

#include <fmt/format.h>

#include <cstdlib>

#include "oci/digest.h"
#include "oci/json.h"
#include "oci/manifest.h"

namespace gantry::fakes {
namespace {

constexpr size_t kPiece = 64 << 10;

std::string ReadAll(BodyReader& body) {
  std::string all;
  for (std::string piece = body.Read(kPiece); !piece.empty(); piece = body.Read(kPiece)) {
    all += piece;
  }
  return all;
}

Reply Content(const Request& request, const std::string& type, const std::string& bytes) {
  return {200,
          {{"Content-Type", type},
           {"Content-Length", std::to_string(bytes.size())},
           {"Docker-Content-Digest", Digest::Of(bytes).text()}},
          request.method == "HEAD" ? "" : bytes};
}

// "0-9", or "0-0" of an empty upload, as distribution writes it.
std::string RangeOf(const std::string& bytes) {
  return fmt::format("0-{}", bytes.empty() ? 0 : bytes.size() - 1);
}

}  // namespace

Reply ErrorReply(int status, const std::string& code, const std::string& message) {
  const Json error{{"code", code}, {"message", message}};
  return {status,
          {{"Content-Type", "application/json"}},
          Json{{"errors", Json::array({error})}}.dump()};
}

Reply StrictRegistry::Serve(const Request& request, BodyReader& body) {
  if (request.path == "/v2/") return {200, {}, "{}"};
  const std::string path = request.path.substr(std::string_view("/v2/").size());
  const auto split = [&](std::string_view part, std::string& name, std::string& rest) {
    const size_t at = path.find(part);
    if (at == path.npos) return false;
    name = path.substr(0, at);
    rest = path.substr(at + part.size());
    return true;
  };
  std::string name, rest;
  if (split("/blobs/uploads/", name, rest)) {
    return rest.empty() ? Open(request, name) : ServeUpload(request, name, rest, body);
  }
  if (split("/blobs/", name, rest)) return ServeBlob(request, name, rest);
  if (split("/manifests/", name, rest)) return ServeManifest(request, name, rest, body);
  return ErrorReply(404, "NAME_UNKNOWN");
}

Reply StrictRegistry::ServeBlob(const Request& request, const std::string& repository,
                                const std::string& digest) {
  const auto bytes = Blob(repository, digest);
  if (!bytes) return ErrorReply(404, "BLOB_UNKNOWN");
  return Content(request, "application/octet-stream", *bytes);
}

Reply StrictRegistry::Open(const Request& request, const std::string& repository) {
  if (request.method != "POST") return ErrorReply(405, "UNSUPPORTED");
  if (request.header("content-length") != "0") return ErrorReply(411, "UNSUPPORTED");
  const auto mount = request.query.find("mount");
  if (mount != request.query.end()) {
    if (const auto bytes = Blob(request.query.at("from"), mount->second)) {
      PutBlob(repository, *bytes);
      return {201, {{"Docker-Content-Digest", mount->second}}};
    }
  }
  std::lock_guard lock(mu_);
  const std::string id = fmt::format("u{}", ++last_upload_);
  uploads_[id];
  return State(202, repository, id);
}

Reply StrictRegistry::ServeUpload(const Request& request, const std::string& repository,
                                  const std::string& id, BodyReader& body) {
  {
    std::unique_lock lock(mu_);
    idle_.wait(lock, [&] { return !uploads_.count(id) || !uploads_[id].busy; });
    const auto upload = uploads_.find(id);
    if (upload == uploads_.end()) return ErrorReply(404, "BLOB_UPLOAD_UNKNOWN");
    if (request.method == "GET") return State(204, repository, id);
    if (request.method == "DELETE") {
      uploads_.erase(upload);
      return {204};
    }
    if (auto refusal = Refuse(request, repository, id, upload->second)) return *refusal;
    upload->second.busy = true;
  }
  Receive(id, body);
  std::lock_guard lock(mu_);
  uploads_[id].busy = false;
  idle_.notify_all();
  if (body.cut()) return {};
  if (request.method == "PUT") return Commit(request, repository, id);
  ++uploads_[id].state;
  return State(202, repository, id);
}

std::optional<Reply> StrictRegistry::Refuse(const Request& request, const std::string& repository,
                                            const std::string& id, const Upload& upload) const {
  const auto state = request.query.find("_state");
  if (state == request.query.end() || state->second != std::to_string(upload.state)) {
    return ErrorReply(400, "BLOB_UPLOAD_INVALID", "not the newest Location");
  }
  const std::string length = request.header("content-length");
  if (request.method == "PUT" && length == "0") return std::nullopt;
  const std::string range = request.header("content-range");
  const size_t start = range.empty() ? 0 : std::strtoull(range.c_str(), nullptr, 10);
  if (start != upload.bytes.size()) {
    Reply reply = State(416, repository, id);
    reply.body = ErrorReply(416, "RANGE_INVALID").body;
    return reply;
  }
  if (range.empty()) return std::nullopt;
  const size_t end = std::strtoull(range.c_str() + range.find('-') + 1, nullptr, 10);
  if (length != std::to_string(end - start + 1)) return ErrorReply(400, "SIZE_INVALID");
  return std::nullopt;
}

void StrictRegistry::Receive(const std::string& id, BodyReader& body) {
  for (std::string piece = body.Read(kPiece); !piece.empty(); piece = body.Read(kPiece)) {
    std::lock_guard lock(mu_);
    received_bytes_ += static_cast<int64_t>(piece.size());
    uploads_[id].bytes += piece;
  }
}

Reply StrictRegistry::Commit(const Request& request, const std::string& repository,
                             const std::string& id) {
  std::string& bytes = uploads_[id].bytes;
  const std::string digest = Digest::Of(bytes).text();
  if (request.query.at("digest") != digest) return ErrorReply(400, "DIGEST_INVALID");
  repositories_[repository].blobs[digest] = std::move(bytes);
  uploads_.erase(id);
  return {201, {{"Docker-Content-Digest", digest}}};
}

Reply StrictRegistry::State(int status, const std::string& repository,
                            const std::string& id) const {
  const Upload& upload = uploads_.at(id);
  return {
      status,
      {{"Location", fmt::format("/v2/{}/blobs/uploads/{}?_state={}", repository, id, upload.state)},
       {"Range", RangeOf(upload.bytes)}}};
}

Reply StrictRegistry::ServeManifest(const Request& request, const std::string& repository,
                                    const std::string& reference, BodyReader& body) {
  if (request.method == "PUT") {
    const std::string bytes = ReadAll(body);
    std::lock_guard lock(mu_);
    return StoreManifest(request, repositories_[repository], reference, bytes);
  }
  std::lock_guard lock(mu_);
  const Repository& stored = repositories_[repository];
  const auto tag = stored.tags.find(reference);
  const auto it = stored.manifests.find(tag == stored.tags.end() ? reference : tag->second);
  if (it == stored.manifests.end()) return ErrorReply(404, "MANIFEST_UNKNOWN");
  return Content(request, it->second.media_type, it->second.bytes);
}

Reply StrictRegistry::StoreManifest(const Request& request, Repository& repository,
                                    const std::string& reference, const std::string& bytes) {
  const std::string type = request.header("content-type");
  const std::string digest = Digest::Of(bytes).text();
  const bool by_tag = reference.find(':') == reference.npos;
  if (!by_tag && reference != digest) return ErrorReply(400, "DIGEST_INVALID");
  const auto manifest = gantry::Manifest::Parse(bytes, type);
  if (!manifest.ok()) return ErrorReply(400, "MANIFEST_INVALID");
  for (const Descriptor& child : manifest->manifests) {
    if (!repository.manifests.count(child.digest.text())) {
      return ErrorReply(400, "MANIFEST_BLOB_UNKNOWN", child.digest.text());
    }
  }
  std::vector<Descriptor> parts = manifest->layers;
  if (manifest->config) parts.push_back(*manifest->config);
  for (const Descriptor& part : parts) {
    if (part.urls.empty() && !repository.blobs.count(part.digest.text())) {
      return ErrorReply(400, "MANIFEST_BLOB_UNKNOWN", part.digest.text());
    }
  }
  if (by_tag) {
    const auto tag = repository.tags.find(reference);
    if (immutable_tags_ && tag != repository.tags.end()) {
      return ErrorReply(400, "TAG_INVALID", "the tag is immutable");
    }
    repository.tags[reference] = digest;
  }
  repository.manifests[digest] = {type, bytes};
  return {201, {{"Docker-Content-Digest", digest}}};
}

void StrictRegistry::PutBlob(const std::string& repository, const std::string& bytes) {
  std::lock_guard lock(mu_);
  repositories_[repository].blobs[Digest::Of(bytes).text()] = bytes;
}

std::optional<std::string> StrictRegistry::Blob(const std::string& repository,
                                                const std::string& digest) const {
  std::lock_guard lock(mu_);
  const auto it = repositories_.find(repository);
  if (it == repositories_.end()) return std::nullopt;
  const auto blob = it->second.blobs.find(digest);
  if (blob == it->second.blobs.end()) return std::nullopt;
  return blob->second;
}

size_t StrictRegistry::blob_count(const std::string& repository) const {
  std::lock_guard lock(mu_);
  const auto it = repositories_.find(repository);
  return it == repositories_.end() ? 0 : it->second.blobs.size();
}

std::optional<std::string> StrictRegistry::Manifest(const std::string& repository,
                                                    const std::string& reference) const {
  std::lock_guard lock(mu_);
  const auto it = repositories_.find(repository);
  if (it == repositories_.end()) return std::nullopt;
  const auto tag = it->second.tags.find(reference);
  const auto manifest =
      it->second.manifests.find(tag == it->second.tags.end() ? reference : tag->second);
  if (manifest == it->second.manifests.end()) return std::nullopt;
  return manifest->second.bytes;
}

std::map<std::string, std::string> StrictRegistry::Tags(const std::string& repository) const {
  std::lock_guard lock(mu_);
  const auto it = repositories_.find(repository);
  return it == repositories_.end() ? std::map<std::string, std::string>() : it->second.tags;
}

size_t StrictRegistry::open_uploads() const {
  std::lock_guard lock(mu_);
  return uploads_.size();
}

int64_t StrictRegistry::received_bytes() const {
  std::lock_guard lock(mu_);
  return received_bytes_;
}

void StrictRegistry::MakeTagsImmutable() {
  std::lock_guard lock(mu_);
  immutable_tags_ = true;
}

void StrictRegistry::Forget(const std::string& repository) {
  std::lock_guard lock(mu_);
  repositories_.erase(repository);
}

}  // namespace gantry::fakes
