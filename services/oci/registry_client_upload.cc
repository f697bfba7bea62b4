// The upload part of RegistryClient.  OCI distribution-spec, "Pushing blobs".
#include <algorithm>
#include <charconv>

#include "base/status.h"
#include "base/strings.h"
#include "oci/registry_auth.h"
#include "oci/registry_client.h"
#include "oci/registry_error.h"
#include "oci/upload_location.h"

namespace gantry {
namespace {

constexpr Actions kPush{.pull = true, .push = true};
// A commit may copy the blob into place; object stores do that at some tens of megabytes a second.
constexpr milliseconds kMinCommitWait{5 * 60'000};
constexpr int64_t kCommitBytesPerMs = 20'000;

std::string UploadsPath(const std::string& repository) {
  return "/v2/" + repository + "/blobs/uploads/";
}

// The last byte of "0-N", "bytes=0-N" or "bytes 0-N/*"; -1 of "0--1", which means none.
std::optional<int64_t> ParseLastByte(std::string_view range) {
  range = Trim(range);
  if (EqualsIgnoreCase(range.substr(0, 5), "bytes")) range = Trim(range.substr(5));
  if (!range.empty() && range.front() == '=') range.remove_prefix(1);
  const size_t dash = range.find('-');
  if (dash == range.npos) return std::nullopt;
  int64_t last = 0;
  const char* begin = range.data() + dash + 1;
  const auto [end, error] = std::from_chars(begin, range.data() + range.size(), last);
  if (error != std::errc() || end == begin || last < -1) return std::nullopt;
  if (last == INT64_MAX) return std::nullopt;
  return last;
}

// How many bytes the registry has.  "0-0" stands for one byte and for none: it is believed to be
// one byte only where one was sent.
std::optional<int64_t> ConfirmedBytes(const HttpResponse& response, int64_t sent_until) {
  const auto range = response.headers.Get("Range");
  if (!range) return std::nullopt;
  const auto last = ParseLastByte(*range);
  if (!last) return std::nullopt;
  if (*last == 0) return sent_until == 1 ? 1 : 0;
  return *last + 1;
}

Error LostSession(const std::string& host, const std::string& repository, std::string_view why) {
  return FailedPrecondition(reason::kUpstreamRejected, "registry {} has no such upload for {}: {}",
                            host, repository, why)
      .With("registry", host)
      .With("repository", repository)
      .With("upstreamCode", "BLOB_UPLOAD_UNKNOWN");
}

// A digest of another algorithm says nothing about ours.
absl::Status CheckDigest(const HttpResponse& response, const std::string& host,
                         const std::string& repository, const Digest& digest) {
  const auto header = response.headers.Get("Docker-Content-Digest");
  const auto stored = header ? Digest::Parse(Trim(*header)) : absl::StatusOr<Digest>(digest);
  if (!stored.ok() || *stored == digest) return absl::OkStatus();
  return DataLoss(reason::kIntegrity, "registry {} stored {} for {} where {} was sent", host,
                  stored->text(), repository, digest.text())
      .With("registry", host)
      .With("repository", repository)
      .Remedy("check the registry and the proxies in front of it for what changes content");
}

absl::Status SessionFailure(const CallContext& call, const std::string& host,
                            const std::string& repository, const HttpResponse& response,
                            std::string_view operation) {
  return ErrorFromResponse(response, {std::string(operation), host, repository, "",
                                      call.clock().Now(), /*in_upload=*/true});
}

}  // namespace

absl::StatusOr<UploadSession> RegistryClient::ReadSession(const Exchange& exchange) const {
  const HttpHeaders& headers = exchange.response.headers;
  UploadSession session;
  GANTRY_ASSIGN_OR_RETURN(
      session.location,
      ResolveUploadLocation(endpoint_, exchange.url, headers.Get("Location").value_or("")));
  const std::string minimum = headers.Get("OCI-Chunk-Min-Length").value_or("");
  int64_t bytes = 0;
  std::from_chars(minimum.data(), minimum.data() + minimum.size(), bytes);
  session.min_chunk_bytes = std::max<int64_t>(bytes, 0);
  return session;
}

absl::StatusOr<std::optional<UploadSession>> RegistryClient::Mount(const CallContext& call,
                                                                   const std::string& repository,
                                                                   const Digest& digest,
                                                                   const std::string& from) {
  RegistryRequest request;
  request.method = "POST";
  request.path =
      fmt::format("{}?mount={}&from={}", UploadsPath(repository), digest.text(), UrlEncode(from));
  request.repository = repository;
  request.actions = kPush;
  request.also_pull = from;
  GANTRY_ASSIGN_OR_RETURN(const Exchange exchange, Send(call, request));
  if (exchange.response.status == 201) {
    GANTRY_RETURN_IF_ERROR(CheckDigest(exchange.response, host(), repository, digest));
    return std::nullopt;
  }
  if (exchange.response.status != 202) {
    return Failure(call, request, exchange.response, "a mount of a layer from " + from);
  }
  return ReadSession(exchange);
}

absl::StatusOr<UploadSession> RegistryClient::OpenUpload(const CallContext& call,
                                                         const std::string& repository) {
  RegistryRequest request;
  request.method = "POST";
  request.path = UploadsPath(repository);
  request.repository = repository;
  request.actions = kPush;
  GANTRY_ASSIGN_OR_RETURN(const Exchange exchange, Send(call, request));
  const int status = exchange.response.status;
  if (status != 202 && status != 201) {
    return Failure(call, request, exchange.response, "opening an upload");
  }
  return ReadSession(exchange);
}

absl::Status RegistryClient::PatchUpload(const CallContext& call, const std::string& repository,
                                         UploadSession& session, OpenBody body,
                                         std::optional<int64_t> size, bool range) {
  RegistryRequest request;
  request.method = "PATCH";
  request.path = session.location;
  request.repository = repository;
  request.actions = kPush;
  request.open_body = std::move(body);
  request.body_size = size;
  request.headers.Set("Content-Type", "application/octet-stream");
  if (range && size) {
    request.headers.Set("Content-Range",
                        fmt::format("{}-{}", session.offset, session.offset + *size - 1));
  }
  GANTRY_ASSIGN_OR_RETURN(const Exchange exchange, Send(call, request));
  const HttpResponse& response = exchange.response;
  const int status = response.status;
  // Which 2xx it is says little; the commit's digest says all.
  const bool stored = status == 202 || status == 201 || status == 204 || status == 200;
  if (stored || status == 416) {
    if (response.headers.Get("Location")) {
      GANTRY_ASSIGN_OR_RETURN(UploadSession next, ReadSession(exchange));
      session.location = std::move(next.location);
    }
    const bool cut = response.bytes_sent > 0 && size && response.bytes_sent < *size;
    const int64_t sent = size && !cut ? *size : response.bytes_sent;
    const int64_t until = session.offset + (stored ? sent : 0);
    session.offset = session.no_range ? until : ConfirmedBytes(response, until).value_or(until);
  }
  return stored ? absl::OkStatus()
                : SessionFailure(call, host(), repository, response, "a part of a layer");
}

absl::StatusOr<int> RegistryClient::CommitUpload(const CallContext& call,
                                                 const std::string& repository,
                                                 UploadSession& session, const Digest& digest,
                                                 int64_t blob_size, OpenBody body) {
  RegistryRequest request;
  request.method = "PUT";
  request.path = WithDigest(session.location, digest);
  request.repository = repository;
  request.actions = kPush;
  request.response_timeout = std::max(kMinCommitWait, milliseconds(blob_size / kCommitBytesPerMs));
  if (body) {
    request.open_body = std::move(body);
    request.body_size = blob_size;
    request.headers.Set("Content-Type", "application/octet-stream");
  }
  GANTRY_ASSIGN_OR_RETURN(const HttpResponse response, Do(call, request));
  const int status = response.status;
  if (status != 201 && status != 200 && status != 204) {
    return SessionFailure(call, host(), repository, response, "a layer");
  }
  GANTRY_RETURN_IF_ERROR(CheckDigest(response, host(), repository, digest));
  return status;
}

absl::Status RegistryClient::SyncUpload(const CallContext& call, const std::string& repository,
                                        UploadSession& session) {
  RegistryRequest request;
  request.path = session.location;
  request.repository = repository;
  request.actions = kPush;
  GANTRY_ASSIGN_OR_RETURN(const Exchange exchange, Send(call, request));
  const int status = exchange.response.status;
  if (status == 404) {
    return LostSession(host(), repository, ReadErrorBody(exchange.response).text);
  }
  if (status != 204 && status != 202 && status != 200) {
    return SessionFailure(call, host(), repository, exchange.response, "a look at an upload");
  }
  const auto confirmed = ConfirmedBytes(exchange.response, 0);
  if (!confirmed) return LostSession(host(), repository, "it does not say how much it has");
  if (exchange.response.headers.Get("Location")) {
    GANTRY_ASSIGN_OR_RETURN(const UploadSession now, ReadSession(exchange));
    session.location = now.location;
  }
  session.offset = *confirmed;
  return absl::OkStatus();
}

void RegistryClient::CancelUpload(const CallContext& call, const std::string& repository,
                                  const UploadSession& session) {
  const CallContext own(call.clock(), milliseconds(2'000), call.request_id());
  RegistryRequest request;
  request.method = "DELETE";
  request.path = session.location;
  request.repository = repository;
  request.actions = kPush;
  request.pass = HostGate::Pass::kOpening;  // two seconds are too few to wait for others
  auto response = Do(own, request);
  // A body that was cut short may still be on its way through the registry, which then knows
  // nothing of the session yet, and opens it again when the rest is written.
  const bool cut = !call.Check().ok();
  while (cut && response.ok() && (response->status == 404 || response->status >= 500) &&
         own.Sleep(milliseconds(250)).ok()) {
    response = Do(own, request);
  }
  // Only some registries want the delete right for this; others refuse tokens that ask for it.
  const bool denied = response.ok() ? response->status == 401 || response->status == 403
                                    : ReasonOf(response.status()) == reason::kUpstreamDenied;
  if (!denied) return;
  request.actions.remove = true;
  // What stays open, the registry's own clean-up removes.
  Do(own, request).status().IgnoreError();
}

}  // namespace gantry
