// The OCI distribution protocol towards one registry host, logged in.
#pragma once

#include <absl/status/statusor.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/call_context.h"
#include "net/host_gate.h"
#include "net/http_client.h"
#include "oci/credential.h"
#include "oci/digest.h"
#include "oci/error_hint.h"
#include "oci/manifest.h"
#include "oci/registry_endpoint.h"

namespace gantry {

struct AuthAttempt;
class RegistryAuth;

// A request to the registry.  `path` is "/v2/…" below the host, or a whole URL that the registry
// gave (an upload's Location).
struct RegistryRequest {
  std::string method = "GET";
  std::string path;
  HttpHeaders headers;
  std::string body;
  // A streamed body: opened again when the request has to be repeated with a new token.
  std::function<absl::StatusOr<std::unique_ptr<ByteReader>>()> open_body;
  std::optional<int64_t> body_size;  // of open_body; absent: chunked transfer coding
  ByteWriter* download = nullptr;
  size_t max_body_bytes = 64 << 10;
  milliseconds response_timeout{60'000};
  HostGate::Pass pass = HostGate::Pass::kPlace;  // what it waits for
  // What the token must allow.
  std::string repository;
  Actions actions;
  std::string also_pull;   // a second repository, the source of a mount
  bool anonymous = false;  // without a login, even where the registry wants one
};

// An open upload session.
struct UploadSession {
  std::string location;         // whole URL; opaque, always the newest
  int64_t offset = 0;           // bytes the registry has confirmed
  int64_t min_chunk_bytes = 0;  // OCI-Chunk-Min-Length
  bool no_range = false;        // what the registry says of the offset is not to be believed
};

struct ManifestInfo {
  std::string media_type;
  Digest digest;
  int64_t size;
  std::string bytes;  // of GetManifest
};

// Thread-safe.  Each method is one attempt (with one more when a token has to be renewed, and up to
// five redirects); who calls decides about retries.  Errors are those of RegistryError
// (registry_error.h), with the registry's own words and a remedy.
class RegistryClient {
 public:
  // `http` is borrowed; `credentials` and `gate` are shared with other clients of the same host.
  // kPublicOnly is for a host that no operator has configured.  `hints` tell which refusals, beside
  // a 401, mean that the login has ended.
  RegistryClient(HttpClient& http, std::string host, Transport transport,
                 std::shared_ptr<CredentialProvider> credentials, std::shared_ptr<HostGate> gate,
                 AddressPolicy addresses = AddressPolicy::kAny, std::vector<ErrorHint> hints = {});
  ~RegistryClient();

  const std::string& host() const { return endpoint_.host(); }  // canonical
  // "https://registry-1.docker.io": what paths are appended to.
  const std::string& base_url() const { return base_url_; }

  const RegistryEndpoint& endpoint() const { return endpoint_; }

  // One request, authorised; any status is a response.  The base of all that follows.
  absl::StatusOr<HttpResponse> Do(const CallContext& call, const RegistryRequest& request);

  // GET /v2/ with credentials.  UPSTREAM_PROTOCOL when what answers is no registry.
  absl::Status Ping(const CallContext& call);
  // GET /v2/ without: what the registry says to strangers.  401 and 403 are answers, too.
  absl::StatusOr<HttpResponse> Greet(const CallContext& call);

  // What the token for such requests may do, of token servers whose tokens tell
  // (token_grants.h).  Empty where nothing is known, or no token is used.
  std::string Grants(const CallContext& call, const std::string& repository, Actions actions);

  // Size when the blob is there.
  //   PERMISSION_DENIED UPSTREAM_DENIED   it may not be looked at; an upload may be allowed
  //   FAILED_PRECONDITION UPSTREAM_REJECTED   with httpStatus 405 or 501: it knows no HEAD of blobs
  absl::StatusOr<std::optional<int64_t>> HeadBlob(const CallContext& call,
                                                  const std::string& repository,
                                                  const Digest& digest);
  // Streams the blob from `offset` into `sink`.
  absl::Status GetBlob(const CallContext& call, const std::string& repository, const Digest& digest,
                       int64_t offset, ByteWriter& sink);

  // POST …/uploads/?mount=&from=: nothing when mounted (201), a session when the registry opened
  // one instead (202).
  absl::StatusOr<std::optional<UploadSession>> Mount(const CallContext& call,
                                                     const std::string& repository,
                                                     const Digest& digest, const std::string& from);
  // INTEGRITY after another 2xx than the protocol's, UPSTREAM_PROTOCOL when no usable Location
  // comes.
  absl::StatusOr<UploadSession> OpenUpload(const CallContext& call, const std::string& repository);
  // PATCH.  With `range` the body starts at session.offset and has `size` bytes; without, it is a
  // stream of unknown or known size to the end.  Updates the session.
  using OpenBody = std::function<absl::StatusOr<std::unique_ptr<ByteReader>>()>;
  absl::Status PatchUpload(const CallContext& call, const std::string& repository,
                           UploadSession& session, OpenBody body, std::optional<int64_t> size,
                           bool range);
  // PUT ?digest=, with the whole blob as body or, after PATCHes, without one.  `blob_size` scales
  // the wait for the answer.  Returns the HTTP status: 201, or 200/204 of a lax registry.
  absl::StatusOr<int> CommitUpload(const CallContext& call, const std::string& repository,
                                   UploadSession& session, const Digest& digest, int64_t blob_size,
                                   OpenBody body = nullptr);
  // GET of the session: its offset as the registry knows it.  UPSTREAM_REJECTED when it is gone.
  absl::Status SyncUpload(const CallContext& call, const std::string& repository,
                          UploadSession& session);
  // DELETE of the session; failures are ignored.  Gives itself two seconds, whatever `call` says,
  // so that it also works for a call that was cancelled.
  void CancelUpload(const CallContext& call, const std::string& repository,
                    const UploadSession& session);

  // NOT_FOUND IMAGE_NOT_FOUND.  The digest is the registry's header, or computed from the bytes.
  absl::StatusOr<ManifestInfo> HeadManifest(const CallContext& call, const std::string& repository,
                                            const std::string& reference);
  absl::StatusOr<ManifestInfo> GetManifest(const CallContext& call, const std::string& repository,
                                           const std::string& reference);
  // 201 and, where the registry names a digest, the same as ours; else any 2xx, and then it has to
  // show that it has it.  INTEGRITY otherwise.  `confirmed`, where wanted, is set to whether the
  // registry has said which digest it stored.
  absl::Status PutManifest(const CallContext& call, const std::string& repository,
                           const std::string& reference, std::string_view media_type,
                           std::string_view bytes, bool* confirmed = nullptr);

  // One of the repository's tags; empty when it has none.  NOT_FOUND REPOSITORY_NOT_FOUND.
  absl::StatusOr<std::string> AnyTag(const CallContext& call, const std::string& repository);

 private:
  // An answer, and the URL that gave it after all redirects.
  struct Exchange {
    HttpResponse response;
    Url url;
  };
  absl::StatusOr<Exchange> Send(const CallContext& call, const RegistryRequest& request);
  // One request without redirects or another login.
  absl::StatusOr<HttpResponse> SendOnce(const CallContext& call, const RegistryRequest& request,
                                        const Destination& to, AuthAttempt& attempt);
  // Whether the login has something new for a request that was answered so.
  absl::StatusOr<bool> LogInAgain(const CallContext& call, const RegistryRequest& request,
                                  const Exchange& exchange, AuthAttempt& attempt);
  bool SaysLoginEnded(const HttpResponse& response) const;
  // The same for a HEAD, whose answer has no text: where the status alone may mean it, /v2/ is
  // asked.
  bool MayTellLoginEnded(int status) const;
  absl::StatusOr<bool> AskWhetherLoginEnded(const CallContext& call, AuthAttempt& attempt);
  // The error of an answer; that to a HEAD, which has no text, is asked for again by GET.
  absl::Status Failure(const CallContext& call, const RegistryRequest& request,
                       const HttpResponse& response, std::string_view operation,
                       const std::string& reference = "");
  // Whether that is how a registry answers GET /v2/.
  absl::Status CheckPing(const CallContext& call, const RegistryRequest& request,
                         const HttpResponse& response);
  absl::StatusOr<UploadSession> ReadSession(const Exchange& exchange) const;

  HttpClient& http_;
  RegistryEndpoint endpoint_;
  const std::string base_url_;
  const std::shared_ptr<HostGate> gate_;
  const std::unique_ptr<RegistryAuth> auth_;
  const std::vector<ErrorHint> hints_;
  std::atomic<bool> serves_ranges_{false};  // a 206 has been seen
};

}  // namespace gantry
