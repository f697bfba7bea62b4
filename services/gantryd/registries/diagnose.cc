#include "gantryd/registries/diagnose.h"

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <optional>

#include "base/status.h"
#include "gantryd/registries/feature_probe.h"
#include "gantryd/registries/flavor_credentials.h"
#include "gantryd/registries/refusal.h"
#include "gantryd/registries/repository_name.h"
#include "gantryd/registries/transport.h"
#include "net/address_policy.h"
#include "oci/challenge.h"

namespace gantry {
namespace {

using Outcome = DiagnosticCheck::Outcome;

constexpr int64_t kSkewWarning = 60, kSkewFailure = 300;  // seconds
constexpr char kPushRight[] = "push-right";

// RFC 9110 §5.6.7, the form that must be sent.
std::optional<WallTime> ParseHttpDate(const std::string& text) {
  std::tm tm{};
  const char* end = strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &tm);
  if (!end || *end != '\0') return std::nullopt;
  return WallTimeOf(timegm(&tm));
}

// "dns", "proxy", "tcp" or "tls" when that is how far it came; empty: an answer was due.
std::string StageOf(const absl::Status& status) {
  const ErrorDetail detail = DetailOf(status);
  const auto stage = detail.metadata.find("stage");
  return stage == detail.metadata.end() ? "" : stage->second;
}

// How the registry greets a stranger: "HTTP 401, wants bearer of https://r.io/token".
std::string Describe(const HttpResponse& greeting) {
  std::string text = fmt::format("HTTP {}", greeting.status);
  for (const Challenge& c : ParseChallenges(greeting.headers.GetAll("WWW-Authenticate"))) {
    const auto realm = c.scheme == "bearer" ? c.Get("realm") : std::nullopt;
    text += fmt::format(", wants {}{}", c.scheme, realm ? " of " + *realm : "");
  }
  return Excerpt(text, 300);
}

// One run over one registry.  Confined to the thread that calls Run.
class Diagnosis {
 public:
  Diagnosis(const CallContext& call, RegistrySession& session, const ConnectorRecord* connector)
      : call_(call), session_(session), connector_(connector), host_(session.uri().host()) {}

  std::vector<DiagnosticCheck> Run(const std::string& repository) {
    CheckReference(repository);
    CheckWay();
    CheckCredential();
    CheckLogin();
    CheckRepository();
    CheckPushRight();
    CheckFlavor();
    CheckFeatures();
    return std::move(checks_);
  }

 private:
  void CheckReference(const std::string& repository);
  void CheckWay();
  void CheckTls(const std::string& failed_stage, const absl::Status& status);
  void CheckPing(const absl::StatusOr<HttpResponse>& greeting);
  void CheckClock(const HttpResponse& greeting);
  void CheckCredential();
  void CheckLogin();
  void CheckRepository();
  void CheckPushRight();
  void CheckFlavor();
  void CheckFeatures();

  void Add(std::string name, Outcome outcome, std::string message, std::string remedy = "") {
    if (outcome == Outcome::kFailed) {
      failed_ = name;
      if (remedy.empty()) remedy = "look at the message and at the registry's own log";
    }
    checks_.push_back({std::move(name), outcome, std::move(message), std::move(remedy)});
  }
  void Fail(std::string name, const absl::Status& status, const std::string& more = "") {
    const absl::Status told = session_.Explain(status);
    Add(std::move(name), Outcome::kFailed, std::string(MessageOf(told)) + more,
        DetailOf(told).remedy);
  }
  // "; its token grants …", where tokens tell.
  std::string Granted(Actions actions) {
    const std::string grants = session_.client().Grants(call_, repository_, actions);
    return grants.empty() ? "" : "; the registry's token grants " + grants;
  }
  // The flavor knows why a push was refused now, and that the next one will not be.
  void Excuse(const Finding& finding) {
    if (failed_ != kPushRight) return;
    failed_.clear();
    for (DiagnosticCheck& check : checks_) {
      if (check.name != kPushRight) continue;
      check = {kPushRight, Outcome::kWarning, Excerpt(finding.message, 500),
               Excerpt(finding.remedy, 500)};
    }
  }
  // True, and the check is listed as skipped, when an earlier one has failed.
  bool Skip(const std::string& name) {
    if (failed_.empty()) return false;
    Add(name, Outcome::kSkipped, fmt::format("not run, because {} failed", failed_));
    return true;
  }

  const CallContext& call_;
  RegistrySession& session_;
  const ConnectorRecord* const connector_;  // or null
  const std::string host_;
  std::string repository_;  // full path; empty: none is known
  bool is_there_ = false;   // the repository is
  std::string tag_;         // one of its tags, or empty
  std::string failed_;      // name of the check that failed
  std::vector<DiagnosticCheck> checks_;
};

void Diagnosis::CheckReference(const std::string& repository) {
  const RegistryUri& uri = session_.uri();
  const RegistryRecord& record = session_.record();
  if (!repository.empty()) {
    const auto path = RepositoryBelow(uri, repository);
    if (!path.ok()) return Fail("reference", path.status());
    repository_ = *path;
  } else if (!record.default_repository.empty()) {
    repository_ = uri.Repository(record.default_repository);
  }
  Add("reference", Outcome::kPassed,
      repository_.empty() ? fmt::format("{} (flavor {})", uri.text(), record.flavor)
                          : fmt::format("{}/{} (flavor {})", host_, repository_, record.flavor));
}

void Diagnosis::CheckWay() {
  if (!failed_.empty()) {
    for (const char* name : {"dns", "tcp", "tls", "ping", "clock"}) Skip(name);
    return;
  }
  const auto greeting = session_.client().Greet(call_);
  const std::string stage = StageOf(greeting.status());
  if (stage == "dns") {
    Fail("dns", greeting.status());
  } else if (stage == "proxy") {
    Add("dns", Outcome::kSkipped, "left to the proxy");
  } else {
    Add("dns", Outcome::kPassed, fmt::format("{} is known", ApiHost(host_)));
  }
  if (Skip("tcp")) {
    // Listed.
  } else if (stage == "tcp" || stage == "proxy") {
    Fail("tcp", greeting.status());
  } else {
    Add("tcp", Outcome::kPassed, fmt::format("{} can be reached", ApiHost(host_)));
  }
  CheckTls(stage, greeting.status());
  CheckPing(greeting);
  if (Skip("clock")) return;
  CheckClock(*greeting);
}

void Diagnosis::CheckTls(const std::string& failed_stage, const absl::Status& status) {
  if (Skip("tls")) return;
  if (failed_stage == "tls" || ReasonOf(status) == reason::kUpstreamTls) return Fail("tls", status);
  if (session_.record().plain_http) {
    const bool loopback = IsLoopbackHost(host_);
    Add("tls", loopback ? Outcome::kPassed : Outcome::kWarning, "plain http, no TLS",
        loopback ? "" : "put the registry behind https: logins travel in plain text");
  } else if (session_.record().skip_tls_verify) {
    Add("tls", Outcome::kWarning, "any certificate is accepted (skip_tls_verify)",
        "give the registry's certificate authority as ca_certificate instead");
  } else {
    Add("tls", Outcome::kPassed, "the certificate is trusted");
  }
}

void Diagnosis::CheckPing(const absl::StatusOr<HttpResponse>& greeting) {
  if (Skip("ping")) return;
  if (!greeting.ok()) return Fail("ping", greeting.status());
  Add("ping", Outcome::kPassed,
      fmt::format("{} answers like a registry: {}", session_.client().base_url(),
                  Describe(*greeting)));
}

void Diagnosis::CheckClock(const HttpResponse& greeting) {
  const auto date = ParseHttpDate(greeting.headers.Get("Date").value_or(""));
  if (!date) return Add("clock", Outcome::kSkipped, "the registry does not say what time it is");
  const int64_t skew = std::abs(
      std::chrono::duration_cast<std::chrono::seconds>(call_.clock().Now() - *date).count());
  if (skew <= kSkewWarning) return Add("clock", Outcome::kPassed, "the registry's time is ours");
  Add("clock", skew > kSkewFailure ? Outcome::kFailed : Outcome::kWarning,
      fmt::format("the registry's clock and this machine's differ by {} s", skew),
      "set this machine's clock by NTP: logins with signed or short-lived tokens fail otherwise");
}

void Diagnosis::CheckCredential() {
  if (Skip("credential")) return;
  if (connector_ == nullptr) {
    return Add("credential", Outcome::kPassed,
               "no connector: this machine's docker login, where there is one");
  }
  if (const auto ended = CheckNotExpired(*connector_, call_.clock().Now()); !ended.ok()) {
    return Fail("credential", ended);
  }
  std::string text = fmt::format("connector {} ({}, {})", connector_->name, connector_->type,
                                 connector_->auth_method);
  const auto verified = session_.flavor().Verify(call_);
  const absl::Status& status = verified.status();
  if (verified.ok()) {
    for (const Finding& finding : *verified) text += ": " + Excerpt(finding.message, 500);
  } else if (RefusesCredential(status)) {
    return Fail("credential", status);
  } else if (ReasonOf(status) != reason::kFlavorUnsupported) {
    // Who judges it could not be asked; the registry may take it all the same.
    const absl::Status told = session_.Explain(status);
    return Add("credential", Outcome::kWarning, std::string(MessageOf(told)),
               DetailOf(told).remedy);
  }
  Add("credential", Outcome::kPassed, std::move(text));
}

void Diagnosis::CheckLogin() {
  if (Skip("login")) return;
  if (const absl::Status ping = session_.client().Ping(call_); !ping.ok()) {
    return Fail("login", ping);
  }
  if (!session_.login_was_wanted()) {
    return Add("login", Outcome::kPassed, "the registry asks for no login");
  }
  std::string who = "this machine's docker login, or no login at all";
  if (connector_ != nullptr) {
    who = "connector " + connector_->name;
  } else if (const std::string source = session_.login_source(); !source.empty()) {
    who = "the login of " + source;
  }
  Add("login", Outcome::kPassed,
      fmt::format("the registry accepts {}{}", who,
                  repository_.empty() ? "" : Granted({.pull = true})));
}

void Diagnosis::CheckRepository() {
  if (Skip("repository")) return;
  if (repository_.empty()) {
    return Add("repository", Outcome::kSkipped, "no repository was named and there is no default");
  }
  const auto tag = session_.client().AnyTag(call_, repository_);
  if (tag.ok()) {
    is_there_ = true;
    tag_ = *tag;
    return Add("repository", Outcome::kPassed, fmt::format("{} exists", repository_));
  }
  const absl::Status status = session_.Explain(tag.status());
  if (status.code() == absl::StatusCode::kNotFound) {
    return Add(
        "repository", Outcome::kWarning,
        fmt::format("{} does not exist; where pushes create repositories, the first one will",
                    repository_));
  }
  // Pushing may be allowed where listing is not.
  Add("repository", Outcome::kWarning, std::string(MessageOf(status)), DetailOf(status).remedy);
}

void Diagnosis::CheckPushRight() {
  if (Skip(kPushRight)) return;
  if (repository_.empty()) {
    return Add(kPushRight, Outcome::kSkipped, "no repository was named and there is no default",
               "name a repository to check the right to push to it");
  }
  const auto upload = session_.client().OpenUpload(call_, repository_);
  const std::string granted = Granted({.pull = true, .push = true});
  if (!upload.ok()) return Fail(kPushRight, upload.status(), granted);
  session_.client().CancelUpload(call_, repository_, *upload);
  Add(kPushRight, Outcome::kPassed, fmt::format("may push to {}{}", repository_, granted));
}

void Diagnosis::CheckFlavor() {
  const std::string name = "flavor " + session_.record().flavor;
  // Why a login or a push is refused is what the flavor may know best.
  const bool of_login = failed_ == "credential" || failed_ == "login" || failed_ == kPushRight;
  if (!of_login && Skip(name)) return;
  const auto findings = session_.flavor().Diagnose(call_, {host_, repository_, "", ""});
  if (!findings.ok()) {
    if (ReasonOf(findings.status()) != reason::kFlavorUnsupported) Fail(name, findings.status());
    return;
  }
  for (const Finding& finding : *findings) {
    if (finding.check == kPushRight && finding.level < Finding::Level::kError) {
      Excuse(finding);
      continue;
    }
    Outcome outcome = Outcome::kPassed;
    if (finding.level == Finding::Level::kWarning) outcome = Outcome::kWarning;
    if (finding.level == Finding::Level::kError) outcome = Outcome::kFailed;
    Add(finding.check.empty() ? name : Excerpt(finding.check, 80), outcome,
        Excerpt(finding.message, 500), Excerpt(finding.remedy, 500));
  }
}

void Diagnosis::CheckFeatures() {
  if (Skip("features")) return;
  if (!is_there_) return Add("features", Outcome::kSkipped, "no repository to try them in");
  Add("features", Outcome::kPassed, ProbeFeatures(call_, session_.client(), repository_, tag_));
}

}  // namespace

absl::StatusOr<std::vector<DiagnosticCheck>> DiagnoseSession(const CallContext& call,
                                                             RegistrySession& session,
                                                             const ConnectorRecord* connector,
                                                             const std::string& repository) {
  GANTRY_RETURN_IF_ERROR(call.Check());
  auto checks = Diagnosis(call, session, connector).Run(repository);
  GANTRY_RETURN_IF_ERROR(call.Check());
  return checks;
}

}  // namespace gantry
