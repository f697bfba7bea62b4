// The answers of a small registry, for a FakeHttp: logins, uploads, tags and manifests, no sockets.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "base/strings.h"
#include "oci/digest.h"
#include "oci/fake_http.h"
#include "oci/json.h"

namespace gantry {

// One host; others answer as hosts that cannot be reached do.  Thread-safe.
class InProcessRegistry {
 public:
  enum class Auth { kNone, kBasic, kBearer };
  explicit InProcessRegistry(std::string at) : host(std::move(at)) {}

  absl::StatusOr<HttpResponse> Serve(const SeenRequest& request) {
    const std::string rest = Below(request.url);
    if (rest.empty()) {
      return Unavailable(reason::kUpstreamUnavailable, "{}: the host name is not known",
                         request.url);
    }
    std::lock_guard lock(mu_);
    if (fail && request.url.find("/v2/") != request.url.npos) return fail(request);
    HttpResponse answer = Route(request, rest);
    if (!date.empty()) answer.headers.Set("Date", date);
    return answer;
  }

  const std::string host;  // as in URLs
  Auth auth = Auth::kNone;
  std::string user = "me", password = "right";
  std::string token = "token";
  bool push_denied = false, has_referrers = false, has_deletes = true;
  std::string date;
  std::string pull_limit;  // told with every manifest; empty: pulls are not counted
  // By "repository:tag" and "repository@digest".
  std::map<std::string, std::pair<std::string, std::string>> manifests;  // media type, bytes
  std::map<std::string, std::map<std::string, std::string>> blobs;       // by repository and digest
  std::map<std::string, std::string> open_uploads;                       // bytes by id
  int mounted = 0;
  int token_requests = 0;
  // Instead of every answer below /v2/.
  std::function<absl::StatusOr<HttpResponse>(const SeenRequest&)> fail;

 private:
  std::string Below(const std::string& url) const {
    for (const std::string& base : {"http://" + host, "https://" + host}) {
      if (url.compare(0, base.size() + 1, base + "/") == 0) return url.substr(base.size());
    }
    return "";
  }
  bool LoggedIn(const SeenRequest& request) const {
    if (auth == Auth::kNone) return true;
    if (auth == Auth::kBearer) return request.authorization() == "Bearer " + token;
    return request.authorization() == "Basic " + Base64Encode(user + ":" + password);
  }
  static HttpResponse Refuse(int status, const std::string& code) {
    return Answer(
        status, {{"Content-Type", "application/json"}},
        fmt::format(R"({{"errors":[{{"code":"{}","message":"{} said no"}}]}})", code, code));
  }
  HttpResponse Challenge(const SeenRequest& request) const {
    HttpResponse answer = Refuse(401, "UNAUTHORIZED");
    const std::string base = request.url.substr(0, request.url.find("/v2/"));
    answer.headers.Set("WWW-Authenticate",
                       auth == Auth::kBasic
                           ? "Basic realm=\"r\""
                           : fmt::format("Bearer realm=\"{}/token\",service=\"s\"", base));
    return answer;
  }
  HttpResponse Route(const SeenRequest& request, const std::string& rest) {
    if (rest.compare(0, 6, "/token") == 0) {
      ++token_requests;
      const bool right = request.authorization() == "Basic " + Base64Encode(user + ":" + password);
      if (!right) return Refuse(401, "UNAUTHORIZED");
      return Answer(200, {}, Json{{"token", token}, {"expires_in", 300}}.dump());
    }
    if (!LoggedIn(request)) return Challenge(request);
    if (rest == "/v2/") return Answer(200, {{"Content-Type", "application/json"}}, "{}");
    const std::string path = rest.substr(4, rest.find('?') - 4);
    if (const size_t at = path.find("/blobs/uploads/"); at != path.npos) {
      return Upload(request, path, rest, at);
    }
    if (const size_t at = path.find("/blobs/"); at != path.npos) {
      const auto& stored = blobs[path.substr(0, at)];
      const auto blob = stored.find(path.substr(at + 7));
      if (blob == stored.end()) return Refuse(404, "BLOB_UNKNOWN");
      return Content(request, "application/octet-stream", blob->second);
    }
    if (const size_t at = path.find("/manifests/"); at != path.npos) {
      return ManifestOf(request, path.substr(0, at), path.substr(at + 11));
    }
    if (path.find("/referrers/") != path.npos && has_referrers) {
      return Answer(200, {{"Content-Type", "application/vnd.oci.image.index.v1+json"}},
                    R"({"manifests":[]})");
    }
    if (const size_t at = path.find("/tags/list"); at != path.npos) return Tags(path.substr(0, at));
    return Refuse(404, "NAME_UNKNOWN");
  }
  HttpResponse Upload(const SeenRequest& request, const std::string& path, const std::string& rest,
                      size_t at) {
    if (push_denied) return Refuse(403, "DENIED");
    const std::string repository = path.substr(0, at);
    if (request.method == "POST" && Mount(rest, repository)) return Answer(201);
    std::string id = path.substr(at + 15);
    if (request.method == "POST") {
      id = fmt::format("u{}", ++last_upload_);
      open_uploads[id];
    }
    if (!open_uploads.count(id)) return Refuse(404, "BLOB_UPLOAD_UNKNOWN");
    if (request.method == "DELETE") {
      open_uploads.erase(id);
      return Answer(204);
    }
    std::string& bytes = open_uploads[id] += request.body;
    if (request.method == "PUT") {
      std::string digest = rest.substr(rest.find("digest=") + 7);
      if (const size_t colon = digest.find("%3A"); colon != digest.npos)
        digest.replace(colon, 3, ":");
      if (Digest::Of(bytes).text() != digest) return Refuse(400, "DIGEST_INVALID");
      blobs[repository][digest] = bytes;
      open_uploads.erase(id);
      return Answer(201, {{"Docker-Content-Digest", digest}});
    }
    HttpResponse answer = Answer(202);
    answer.headers.Set("Location", "/v2/" + repository + "/blobs/uploads/" + id);
    answer.headers.Set("Range", fmt::format("0-{}", static_cast<int64_t>(bytes.size()) - 1));
    return answer;
  }
  // Whether "?mount=<digest>&from=<repository>" was wanted and done.
  bool Mount(const std::string& rest, const std::string& repository) {
    std::map<std::string, std::string> query;
    for (const std::string_view part :
         Split(std::string_view(rest).substr(rest.find('?') + 1), '&')) {
      std::string value(part.substr(part.find('=') + 1));
      for (const auto& [code, c] : {std::pair("%3A", ':'), std::pair("%2F", '/')}) {
        for (size_t i = value.find(code); i != value.npos; i = value.find(code)) {
          value.replace(i, 3, 1, c);
        }
      }
      query[std::string(part.substr(0, part.find('=')))] = value;
    }
    const auto& from = blobs[query["from"]];
    const auto blob = from.find(query["mount"]);
    if (blob == from.end()) return false;
    blobs[repository].insert(*blob);
    ++mounted;
    return true;
  }
  static HttpResponse Content(const SeenRequest& request, const std::string& type,
                              const std::string& bytes) {
    HttpResponse answer = Answer(200, {{"Content-Type", type}});
    answer.headers.Set("Content-Length", std::to_string(bytes.size()));
    answer.headers.Set("Docker-Content-Digest", Digest::Of(bytes).text());
    if (request.method == "GET") answer.body = bytes;
    return answer;
  }
  HttpResponse ManifestOf(const SeenRequest& request, const std::string& repository,
                          const std::string& reference) {
    const std::string separator = reference.find(':') == reference.npos ? ":" : "@";
    if (request.method == "PUT") {
      const std::pair<std::string, std::string> manifest{
          request.headers.Get("Content-Type").value_or(""), request.body};
      const std::string digest = Digest::Of(request.body).text();
      manifests[repository + separator + reference] = manifest;
      manifests[repository + "@" + digest] = manifest;
      return Answer(201, {{"Docker-Content-Digest", digest}});
    }
    if (request.method == "DELETE" && !has_deletes) return Refuse(405, "UNSUPPORTED");
    const auto it = manifests.find(repository + separator + reference);
    if (it == manifests.end()) {
      return Refuse(404, TagsOf(repository).empty() ? "NAME_UNKNOWN" : "MANIFEST_UNKNOWN");
    }
    HttpResponse answer = Content(request, it->second.first, it->second.second);
    if (!pull_limit.empty()) answer.headers.Set("RateLimit-Limit", pull_limit);
    return answer;
  }
  Json TagsOf(const std::string& repository) const {
    Json tags = Json::array();
    for (const auto& [name, manifest] : manifests) {
      if (name.compare(0, repository.size() + 1, repository + ":") == 0) {
        tags.push_back(name.substr(repository.size() + 1));
      }
    }
    return tags;
  }
  HttpResponse Tags(const std::string& repository) const {
    const Json tags = TagsOf(repository);
    if (tags.empty()) return Refuse(404, "NAME_UNKNOWN");
    return Answer(200, {}, Json{{"name", repository}, {"tags", tags}}.dump());
  }

  std::mutex mu_;
  int last_upload_ = 0;
};

}  // namespace gantry
