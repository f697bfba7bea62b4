#include "oci/registry_client.h"

#include <algorithm>

#include "base/status.h"
#include "base/strings.h"
#include "oci/registry_auth.h"
#include "oci/registry_error.h"
#include "oci/token_grants.h"

namespace gantry {
namespace {

constexpr int kMaxRedirects = 5;

bool IsRedirect(const std::string& method, int status) {
  // RFC 9110 §15.4: only 307 and 308 keep method and body.
  if (status == 307 || status == 308) return true;
  const bool reads = method == "GET" || method == "HEAD";
  return reads && (status == 301 || status == 302 || status == 303);
}

// Headers that are for the registry alone.
bool IsPrivateHeader(std::string_view name) {
  return EqualsIgnoreCase(name, "Authorization") || EqualsIgnoreCase(name, "Cookie");
}

}  // namespace

RegistryClient::RegistryClient(HttpClient& http, std::string host, Transport transport,
                               std::shared_ptr<CredentialProvider> credentials,
                               std::shared_ptr<HostGate> gate, AddressPolicy addresses,
                               std::vector<ErrorHint> hints)
    : http_(http),
      endpoint_(std::move(host), std::move(transport), addresses),
      base_url_(fmt::format("{}://{}", endpoint_.base().https ? "https" : "http",
                            endpoint_.base().authority())),
      gate_(gate ? std::move(gate) : std::make_shared<HostGate>()),
      auth_(std::make_unique<RegistryAuth>(http_, endpoint_, std::move(credentials))),
      hints_(std::move(hints)) {}

RegistryClient::~RegistryClient() = default;

absl::StatusOr<HttpResponse> RegistryClient::Do(const CallContext& call,
                                                const RegistryRequest& request) {
  GANTRY_ASSIGN_OR_RETURN(Exchange exchange, Send(call, request));
  return std::move(exchange.response);
}

absl::Status RegistryClient::Ping(const CallContext& call) {
  RegistryRequest request;
  request.path = "/v2/";
  GANTRY_ASSIGN_OR_RETURN(const HttpResponse response, Do(call, request));
  return CheckPing(call, request, response);
}

absl::StatusOr<HttpResponse> RegistryClient::Greet(const CallContext& call) {
  RegistryRequest request;
  request.path = "/v2/";
  request.anonymous = true;
  GANTRY_ASSIGN_OR_RETURN(HttpResponse response, Do(call, request));
  if (response.status == 401 || response.status == 403) return response;
  GANTRY_RETURN_IF_ERROR(CheckPing(call, request, response));
  return response;
}

std::string RegistryClient::Grants(const CallContext& call, const std::string& repository,
                                   Actions actions) {
  AuthAttempt attempt;
  attempt.repository = repository;
  attempt.actions = actions;
  const auto header = auth_->Authorization(call, attempt);
  return header.ok() ? GrantsOf(header->Reveal()) : "";
}

absl::Status RegistryClient::CheckPing(const CallContext& call, const RegistryRequest& request,
                                       const HttpResponse& response) {
  const std::string type = ToLower(response.headers.Get("Content-Type").value_or(""));
  const std::string_view body = Trim(response.body);
  const bool page = type.find("html") != std::string::npos || (!body.empty() && body[0] == '<');
  if (response.status == 200 && !page) return absl::OkStatus();
  const int status = response.status;
  if (status == 401 || status == 403 || status == 407 || status == 429 || status >= 500) {
    return Failure(call, request, response, "the request for /v2/");
  }
  return FailedPrecondition(reason::kUpstreamProtocol,
                            "{} does not answer like a registry: GET /v2/ gave HTTP {}{}", host(),
                            status, page ? " and a web page" : "")
      .With("registry", host())
      .With("httpStatus", std::to_string(status))
      .Remedy(
          "use the registry's own host name, and check that the reverse proxy in front of it "
          "passes /v2/ on");
}

absl::StatusOr<RegistryClient::Exchange> RegistryClient::Send(const CallContext& call,
                                                              const RegistryRequest& request) {
  GANTRY_ASSIGN_OR_RETURN(Destination to, endpoint_.Follow(endpoint_.base(), request.path));
  AuthAttempt attempt;
  attempt.repository = request.repository;
  attempt.actions = request.actions;
  attempt.also_pull = request.also_pull;
  for (int redirects = 0;;) {
    GANTRY_ASSIGN_OR_RETURN(HttpResponse response, SendOnce(call, request, to, attempt));
    Exchange exchange{std::move(response), to.url};
    const auto location = exchange.response.headers.Get("Location");
    if (IsRedirect(request.method, exchange.response.status) && location) {
      if (++redirects > kMaxRedirects) {
        return FailedPrecondition(reason::kUpstreamProtocol, "registry {} redirects without end",
                                  host())
            .With("registry", host())
            .Remedy("check the reverse proxy in front of the registry, and its external URL");
      }
      GANTRY_ASSIGN_OR_RETURN(to, endpoint_.Follow(to.url, *location));
      continue;
    }
    if (!to.is_registry || request.anonymous) return exchange;
    GANTRY_ASSIGN_OR_RETURN(const bool again, LogInAgain(call, request, exchange, attempt));
    if (!again) return exchange;
  }
}

absl::StatusOr<HttpResponse> RegistryClient::SendOnce(const CallContext& call,
                                                      const RegistryRequest& request,
                                                      const Destination& to, AuthAttempt& attempt) {
  HttpRequest http;
  http.method = request.method;
  http.url = to.url.text();
  http.transport = to.transport;
  http.addresses = to.addresses;
  http.body = request.body;
  http.download = request.download;
  http.max_body_bytes = request.max_body_bytes;
  http.response_timeout = request.response_timeout;
  for (const auto& [name, value] : request.headers) {
    if (to.is_registry || !IsPrivateHeader(name)) http.headers.Add(name, value);
  }
  // Held until the answer is whole; what a redirect leads to counts for itself.
  std::optional<HostGate::Place> place;
  if (to.is_registry) {
    GANTRY_ASSIGN_OR_RETURN(HostGate::Place entered, gate_->Enter(call, request.pass));
    place.emplace(std::move(entered));
  }
  if (to.is_registry && !request.anonymous) {
    GANTRY_ASSIGN_OR_RETURN(const Secret header, auth_->Authorization(call, attempt));
    if (!header.empty()) http.headers.Set("Authorization", header.Reveal());
  }
  std::unique_ptr<ByteReader> upload;
  if (request.open_body) {
    GANTRY_ASSIGN_OR_RETURN(upload, request.open_body());
    http.upload = upload.get();
    http.upload_size = request.body_size;
  }
  GANTRY_ASSIGN_OR_RETURN(HttpResponse response, http_.Do(call, http));
  if (to.is_registry) endpoint_.Answered(response.private_peer);
  if (place && response.status == 429) {
    const std::string wait = response.headers.Get("Retry-After").value_or("");
    place->OnThrottled(call.clock(), ParseRetryAfter(wait, call.clock().Now()));
  } else if (place && response.status < 500) {
    place->OnAnswer(call.clock());
  }
  return response;
}

absl::StatusOr<bool> RegistryClient::LogInAgain(const CallContext& call,
                                                const RegistryRequest& request,
                                                const Exchange& exchange, AuthAttempt& attempt) {
  const int status = exchange.response.status;
  if (status == 401) return auth_->OnUnauthorized(call, exchange.response, exchange.url, attempt);
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (attempt.sent.empty()) {
    const bool may_hide = reads && (status == 403 || status == 404);
    return may_hide ? auth_->Discover(call, attempt) : absl::StatusOr<bool>(false);
  }
  if (SaysLoginEnded(exchange.response)) {
    return auth_->OnUnauthorized(call, exchange.response, exchange.url, attempt);
  }
  if (request.method == "HEAD" && MayTellLoginEnded(status)) {
    return AskWhetherLoginEnded(call, attempt);
  }
  // A right that was granted since the token was issued shows in a new one only.
  return status == 403 && !reads && !request.open_body && auth_->ForgetToken(attempt);
}

bool RegistryClient::SaysLoginEnded(const HttpResponse& response) const {
  if (response.status < 400 || response.status >= 500) return false;
  const UpstreamMessage words = ReadErrorBody(response);
  const ErrorHint* const hint = FindHint(hints_, response.status, words.code, words.text);
  return hint && hint->login_ended;
}

bool RegistryClient::MayTellLoginEnded(int status) const {
  return std::any_of(hints_.begin(), hints_.end(), [&](const ErrorHint& hint) {
    return hint.login_ended && hint.status == status;
  });
}

absl::StatusOr<bool> RegistryClient::AskWhetherLoginEnded(const CallContext& call,
                                                          AuthAttempt& attempt) {
  const Secret refused = attempt.sent;
  RegistryRequest ping;
  ping.path = "/v2/";
  GANTRY_ASSIGN_OR_RETURN(const Destination to, endpoint_.Follow(endpoint_.base(), ping.path));
  GANTRY_ASSIGN_OR_RETURN(const HttpResponse response, SendOnce(call, ping, to, attempt));
  if (response.status == 401 || SaysLoginEnded(response)) {
    return auth_->OnUnauthorized(call, response, to.url, attempt);
  }
  return attempt.sent.Reveal() != refused.Reveal();  // renewed by another request meanwhile
}

absl::Status RegistryClient::Failure(const CallContext& call, const RegistryRequest& request,
                                     const HttpResponse& response, std::string_view operation,
                                     const std::string& reference) {
  ErrorContext context{std::string(operation), host(), request.repository, reference,
                       call.clock().Now()};
  context.writes = request.method == "POST" || request.method == "PUT";
  const int status = response.status;
  const bool untold = request.method == "HEAD" && status >= 400 && status < 500 && status != 401 &&
                      status != 404 && status != 408 && status != 429 && status != 499;
  if (untold) {
    RegistryRequest get = request;
    get.method = "GET";
    get.download = nullptr;
    const auto told = Do(call, get);
    if (told.ok() && told->status >= 400) return ErrorFromResponse(*told, context);
  }
  return ErrorFromResponse(response, context);
}

}  // namespace gantry
