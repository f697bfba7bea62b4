// The blobs, manifests and tags of RegistryClient.  OCI distribution-spec, "Pull", "Content
// Discovery" and "Pushing Manifests".
#include <algorithm>
#include <charconv>

#include "base/status.h"
#include "base/strings.h"
#include "oci/json.h"
#include "oci/registry_auth.h"
#include "oci/registry_client.h"
#include "oci/registry_error.h"

namespace gantry {
namespace {

constexpr size_t kMaxTagListBytes = 16 << 20;  // of a registry that ignores the page size

std::string BlobPath(const std::string& repository, const Digest& digest) {
  return "/v2/" + repository + "/blobs/" + digest.text();
}
std::string ManifestPath(const std::string& repository, const std::string& reference) {
  return "/v2/" + repository + "/manifests/" + reference;
}

std::optional<int64_t> ContentLength(const HttpResponse& response) {
  const std::string text = response.headers.Get("Content-Length").value_or("");
  int64_t value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

// The digest the registry names, unless it is of an algorithm that says nothing about ours.
std::optional<Digest> NamedDigest(const HttpResponse& response) {
  const auto header = response.headers.Get("Docker-Content-Digest");
  if (!header) return std::nullopt;
  auto digest = Digest::Parse(Trim(*header));
  if (!digest.ok()) return std::nullopt;
  return *std::move(digest);
}

std::string MediaType(const HttpResponse& response) {
  const std::string type = response.headers.Get("Content-Type").value_or("");
  return ToLower(Trim(std::string_view(type).substr(0, type.find(';'))));
}

Error WrongDigest(const std::string& host, const std::string& repository,
                  const std::string& expected, const std::string& actual) {
  return DataLoss(reason::kIntegrity, "registry {} has {} for {} where {} was expected", host,
                  actual, repository, expected)
      .With("registry", host)
      .With("repository", repository)
      .Remedy("check the registry and the proxies in front of it for what changes content");
}

// Passes on what comes after the first `skip` bytes.
class SkippingWriter final : public ByteWriter {
 public:
  SkippingWriter(ByteWriter& sink, int64_t skip) : sink_(sink), skip_(skip) {}
  absl::Status Write(std::string_view bytes) override {
    const size_t n =
        static_cast<size_t>(std::min<uint64_t>(static_cast<uint64_t>(skip_), bytes.size()));
    skip_ -= static_cast<int64_t>(n);
    bytes.remove_prefix(n);
    return bytes.empty() ? absl::OkStatus() : sink_.Write(bytes);
  }

 private:
  ByteWriter& sink_;
  int64_t skip_;
};

}  // namespace

absl::StatusOr<std::optional<int64_t>> RegistryClient::HeadBlob(const CallContext& call,
                                                                const std::string& repository,
                                                                const Digest& digest) {
  RegistryRequest request;
  request.method = "HEAD";
  request.path = BlobPath(repository, digest);
  request.repository = repository;
  GANTRY_ASSIGN_OR_RETURN(const HttpResponse response, Do(call, request));
  const int status = response.status;
  if (status == 404) return std::nullopt;
  if (status == 405 || status == 501) {
    return FailedPrecondition(reason::kUpstreamRejected, "registry {} knows no HEAD of layers",
                              host())
        .With("registry", host())
        .With("httpStatus", std::to_string(status));
  }
  constexpr std::string_view kOperation = "a look at a layer";
  if (status == 403) {
    return ErrorFromResponse(
        response, {std::string(kOperation), host(), repository, digest.text(), call.clock().Now()});
  }
  if (status != 200) return Failure(call, request, response, kOperation, digest.text());
  // A server that says 200 to everything has nothing: a blob has a length, and no other digest.
  const auto size = ContentLength(response);
  const auto named = NamedDigest(response);
  if (!size || (named && *named != digest)) return std::nullopt;
  if (*size == 0 && digest != Digest::Of("")) return std::nullopt;
  return size;
}

absl::Status RegistryClient::GetBlob(const CallContext& call, const std::string& repository,
                                     const Digest& digest, int64_t offset, ByteWriter& sink) {
  RegistryRequest request;
  request.path = BlobPath(repository, digest);
  request.repository = repository;
  request.pass = HostGate::Pass::kOpening;  // an upload to the same host may be waiting for it
  constexpr std::string_view kOperation = "reading a layer";
  bool ranged = offset > 0;
  if (ranged && !serves_ranges_) {
    // A 200 brings the blob from its start, which shows only when its bytes have gone by: so one
    // byte is asked for first.
    request.headers.Set("Range", fmt::format("bytes={}-{}", offset, offset));
    request.max_body_bytes = 1;
    GANTRY_ASSIGN_OR_RETURN(const HttpResponse probe, Do(call, request));
    if (probe.status == 416) return absl::OkStatus();  // nothing comes after the end
    if (probe.status != 206 && probe.status != 200) {
      return Failure(call, request, probe, kOperation, digest.text());
    }
    ranged = probe.status == 206;
    serves_ranges_ = ranged;
    request.headers.Remove("Range");
    request.max_body_bytes = RegistryRequest().max_body_bytes;
  }
  SkippingWriter skipping(sink, ranged ? 0 : offset);
  request.download = &skipping;
  if (ranged) request.headers.Set("Range", fmt::format("bytes={}-", offset));
  GANTRY_ASSIGN_OR_RETURN(const HttpResponse response, Do(call, request));
  if (response.status == (ranged ? 206 : 200)) return absl::OkStatus();
  if (ranged && response.status == 416) return absl::OkStatus();
  if (ranged && response.status == 200) {
    serves_ranges_ = false;
    return Unavailable(reason::kUpstreamUnavailable,
                       "registry {} serves parts of layers at one time and not at another", host())
        .With("registry", host());
  }
  return Failure(call, request, response, kOperation, digest.text());
}

absl::StatusOr<ManifestInfo> RegistryClient::HeadManifest(const CallContext& call,
                                                          const std::string& repository,
                                                          const std::string& reference) {
  RegistryRequest request;
  request.method = "HEAD";
  request.path = ManifestPath(repository, reference);
  request.repository = repository;
  request.headers.Set("Accept", media_type::kAcceptManifests);
  GANTRY_ASSIGN_OR_RETURN(const HttpResponse response, Do(call, request));
  const int status = response.status;
  if (status != 200 && status != 405 && status != 501) {
    return Failure(call, request, response, "a look at the manifest", reference);
  }
  const auto digest = NamedDigest(response);
  const auto size = ContentLength(response);
  const std::string type = MediaType(response);
  const bool whole = status == 200 && digest && size.value_or(0) > 0 &&
                     (media_type::IsManifest(type) || media_type::IsIndex(type));
  if (!whole) {
    GANTRY_ASSIGN_OR_RETURN(ManifestInfo info, GetManifest(call, repository, reference));
    info.bytes.clear();
    return info;
  }
  if (const auto wanted = Digest::Parse(reference); wanted.ok() && *wanted != *digest) {
    return WrongDigest(host(), repository, wanted->text(), digest->text());
  }
  return ManifestInfo{type, *digest, *size, ""};
}

absl::StatusOr<ManifestInfo> RegistryClient::GetManifest(const CallContext& call,
                                                         const std::string& repository,
                                                         const std::string& reference) {
  RegistryRequest request;
  request.path = ManifestPath(repository, reference);
  request.repository = repository;
  request.headers.Set("Accept", media_type::kAcceptManifests);
  request.max_body_bytes = kMaxManifestBytes;
  GANTRY_ASSIGN_OR_RETURN(HttpResponse response, Do(call, request));
  if (response.status != 200)
    return Failure(call, request, response, "reading the manifest", reference);
  const auto bad = [&](std::string_view why) {
    return FailedPrecondition(reason::kUpstreamProtocol, "registry {} gave no manifest for {}: {}",
                              host(), repository, why)
        .With("registry", host())
        .With("repository", repository)
        .Remedy("use the registry's own host name, and check the proxies in front of it");
  };
  if (response.body_cut) return bad("it is longer than 4 MiB");
  if (response.body.empty() || Trim(response.body).substr(0, 1) != "{") return bad("no JSON came");
  const Digest digest = Digest::Of(response.body);
  const auto named = NamedDigest(response);
  if (named && *named != digest) {
    return WrongDigest(host(), repository, named->text(), digest.text());
  }
  if (const auto wanted = Digest::Parse(reference); wanted.ok() && *wanted != digest) {
    return WrongDigest(host(), repository, wanted->text(), digest.text());
  }
  std::string type = MediaType(response);
  if (!media_type::IsManifest(type) && !media_type::IsIndex(type)) {
    // Some stores answer application/json or nothing: the manifest's own word counts then.
    if (const auto json = ParseJson(response.body); json.ok()) {
      type = GetString(*json, "mediaType").value_or(type);
    }
  }
  const auto size = static_cast<int64_t>(response.body.size());
  return ManifestInfo{std::move(type), digest, size, std::move(response.body)};
}

absl::Status RegistryClient::PutManifest(const CallContext& call, const std::string& repository,
                                         const std::string& reference, std::string_view media_type,
                                         std::string_view bytes, bool* confirmed) {
  const Digest digest = Digest::Of(bytes);
  RegistryRequest request;
  request.method = "PUT";
  request.path = ManifestPath(repository, reference);
  request.repository = repository;
  request.actions = {.pull = true, .push = true};
  request.headers.Set("Content-Type", media_type);
  request.body = bytes;
  GANTRY_ASSIGN_OR_RETURN(const HttpResponse response, Do(call, request));
  const int status = response.status;
  if (status / 100 != 2) return Failure(call, request, response, "the manifest", reference);
  const auto named = NamedDigest(response);
  if (named && *named != digest) {
    return WrongDigest(host(), repository, digest.text(), named->text());
  }
  if (confirmed) *confirmed = named.has_value();
  if (status == 201 || named) return absl::OkStatus();
  // Not what the specification asks for: so the registry has to show that it has it.
  const auto stored = HeadManifest(call, repository, reference);
  const bool absent = stored.status().code() == absl::StatusCode::kNotFound ||
                      ReasonOf(stored.status()) == reason::kUpstreamProtocol;
  if (absent) return Failure(call, request, response, "the manifest", reference);
  if (!stored.ok()) {
    return Annotate(stored.status(), fmt::format("after HTTP {} for a manifest", status));
  }
  if (confirmed) *confirmed = true;
  if (stored->digest == digest) return absl::OkStatus();
  return WrongDigest(host(), repository, digest.text(), stored->digest.text());
}

absl::StatusOr<std::string> RegistryClient::AnyTag(const CallContext& call,
                                                   const std::string& repository) {
  RegistryRequest request;
  request.path = fmt::format("/v2/{}/tags/list?n=1", repository);
  request.repository = repository;
  request.max_body_bytes = kMaxTagListBytes;
  GANTRY_ASSIGN_OR_RETURN(const HttpResponse response, Do(call, request));
  if (response.status != 200) return Failure(call, request, response, "listing the tags");
  const auto json = response.body_cut ? absl::StatusOr<Json>(Json()) : ParseJson(response.body);
  if (!json.ok() || !json->is_object()) {
    return FailedPrecondition(reason::kUpstreamProtocol, "registry {} gave no list of tags for {}",
                              host(), repository)
        .With("registry", host())
        .With("repository", repository)
        .Remedy("use the registry's own host name, and check the proxies in front of it");
  }
  if (const Json* tags = GetArray(*json, "tags")) {
    for (const Json& tag : *tags) {
      if (tag.is_string()) return ScrubUtf8(tag.get<std::string>());
    }
  }
  return std::string();
}

}  // namespace gantry
