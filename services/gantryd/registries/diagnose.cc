#include "gantryd/registries/diagnose.h"

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <optional>

#include "base/status.h"
#include "gantryd/registries/repository_name.h"
#include "gantryd/registries/transport.h"

namespace gantry {
namespace {

using Outcome = DiagnosticCheck::Outcome;

constexpr int64_t kSkewWarning = 60;  // seconds

// RFC 9110 §5.6.7, the form that must be sent.
std::optional<WallTime> ParseHttpDate(const std::string& text) {
  std::tm tm{};
  const char* end = strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &tm);
  if (!end || *end != '\0') return std::nullopt;
  return std::chrono::system_clock::from_time_t(timegm(&tm));
}

// One run over one registry.  Confined to the thread that calls Run.
class Diagnosis {
 public:
  Diagnosis(const CallContext& call, RegistrySession& session)
      : call_(call), session_(session), host_(session.uri().host()) {}

  std::vector<DiagnosticCheck> Run(const std::string& repository) {
    CheckReference(repository);
    CheckAnswer();
    CheckLogin();
    CheckPushRight();
    CheckRepository();
    CheckFlavor();
    return std::move(checks_);
  }

 private:
  void CheckReference(const std::string& repository);
  void CheckAnswer();
  void CheckClock(const HttpResponse& response);
  void CheckLogin();
  void CheckPushRight();
  void CheckRepository();
  void CheckFlavor();

  void Add(std::string name, Outcome outcome, std::string message, std::string remedy = "") {
    if (outcome == Outcome::kFailed) {
      failed_ = name;
      if (remedy.empty()) remedy = "look at the message and at the registry's own log";
    }
    checks_.push_back({std::move(name), outcome, std::move(message), std::move(remedy)});
  }
  void Fail(std::string name, const absl::Status& status) {
    const absl::Status told = session_.Explain(status);
    Add(std::move(name), Outcome::kFailed, std::string(MessageOf(told)), DetailOf(told).remedy);
  }
  // True, and the check is listed as skipped, when an earlier one has failed.
  bool Skip(const std::string& name) {
    if (failed_.empty()) return false;
    Add(name, Outcome::kSkipped, fmt::format("not run, because {} failed", failed_));
    return true;
  }

  const CallContext& call_;
  RegistrySession& session_;
  const std::string host_;
  std::string repository_;  // full path; empty: none is known
  absl::Status ping_;       // how the first requests ended, the login included
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

void Diagnosis::CheckAnswer() {
  if (!failed_.empty()) {
    for (const char* name : {"dns", "tls", "ping"}) Skip(name);
    return;
  }
  const std::string where = session_.client().base_url();
  const bool plain = session_.record().plain_http;
  RegistryRequest request;
  request.path = "/v2/";
  const auto answer = session_.client().Do(call_, request);
  ping_ = answer.ok() ? session_.client().Ping(call_) : answer.status();
  const std::string stage = ping_.ok() ? "" : FailedStage(ping_);
  if (stage == "dns") {
    Fail("dns", ping_);
  } else {
    Add("dns", Outcome::kPassed, fmt::format("{} has an address", ApiHost(host_)));
  }
  if (Skip("tls")) {
    // Listed.
  } else if (stage == "tls") {
    Fail("tls", ping_);
  } else if (stage == "ping") {
    Add("tls", Outcome::kSkipped, "not reached");
  } else if (plain) {
    Add("tls", IsLoopbackHost(host_) ? Outcome::kPassed : Outcome::kWarning, "plain http, no TLS",
        IsLoopbackHost(host_) ? "" : "put the registry behind https: logins travel in plain text");
  } else if (session_.record().skip_tls_verify) {
    Add("tls", Outcome::kWarning, "any certificate is accepted (skip_tls_verify)",
        "give the registry's certificate authority as ca_certificate instead");
  } else {
    Add("tls", Outcome::kPassed, "the certificate is trusted");
  }
  if (Skip("ping")) return;
  if (stage == "ping") return Fail("ping", ping_);
  if (answer.ok()) return CheckClock(*answer);
  Add("ping", Outcome::kPassed, fmt::format("{} answers like a registry", where));
}

void Diagnosis::CheckClock(const HttpResponse& response) {
  const std::string ok = fmt::format("{} answers like a registry", session_.client().base_url());
  const auto date = ParseHttpDate(response.headers.Get("Date").value_or(""));
  const int64_t skew =
      date ? std::chrono::duration_cast<std::chrono::seconds>(call_.clock().Now() - *date).count()
           : 0;
  if (std::abs(skew) <= kSkewWarning) return Add("ping", Outcome::kPassed, ok);
  Add("ping", Outcome::kWarning,
      fmt::format("{}, but its clock and this machine's differ by {} s", ok, std::abs(skew)),
      "set this machine's clock by NTP: logins with signed or short-lived tokens fail otherwise");
}

void Diagnosis::CheckLogin() {
  if (Skip("login")) return;
  if (!ping_.ok()) return Fail("login", ping_);
  const std::string& connector = session_.record().connector;
  if (!session_.login_was_wanted()) {
    return Add("login", Outcome::kPassed, "the registry asks for no login");
  }
  Add("login", Outcome::kPassed,
      connector.empty() ? "the registry accepts this machine's docker login, or no login at all"
                        : fmt::format("the registry accepts connector {}", connector));
}

void Diagnosis::CheckPushRight() {
  if (Skip("push-right")) return;
  if (repository_.empty()) {
    return Add("push-right", Outcome::kSkipped, "no repository was named and there is no default",
               "name a repository to check the right to push to it");
  }
  const auto upload = session_.client().OpenUpload(call_, repository_);
  if (upload.ok()) {
    session_.client().CancelUpload(call_, repository_, *upload);
    return Add("push-right", Outcome::kPassed, fmt::format("may push to {}", repository_));
  }
  Fail("push-right", upload.status());
}

void Diagnosis::CheckRepository() {
  if (Skip("repository")) return;
  if (repository_.empty()) {
    return Add("repository", Outcome::kSkipped, "no repository was named and there is no default");
  }
  const auto tags = session_.client().ListTags(call_, repository_, 1, "");
  if (tags.ok()) return Add("repository", Outcome::kPassed, fmt::format("{} exists", repository_));
  const absl::Status status = session_.Explain(tags.status());
  if (status.code() == absl::StatusCode::kNotFound) {
    return Add("repository", Outcome::kWarning,
               fmt::format("{} does not exist; it is created by the first push", repository_));
  }
  // The right to push is there already; listing is not needed for it.
  Add("repository", Outcome::kWarning, std::string(MessageOf(status)), DetailOf(status).remedy);
}

void Diagnosis::CheckFlavor() {
  const std::string name = "flavor " + session_.record().flavor;
  // Why a login or a push is refused is what the flavor may know best.
  if (failed_ != "login" && failed_ != "push-right" && Skip(name)) return;
  const auto findings = session_.flavor().Diagnose(call_, {host_, repository_, "", ""});
  if (!findings.ok()) {
    if (ReasonOf(findings.status()) != reason::kFlavorUnsupported) Fail(name, findings.status());
    return;
  }
  for (const Finding& finding : *findings) {
    Outcome outcome = Outcome::kPassed;
    if (finding.level == Finding::Level::kWarning) outcome = Outcome::kWarning;
    if (finding.level == Finding::Level::kError) outcome = Outcome::kFailed;
    Add(finding.check.empty() ? name : Excerpt(finding.check, 80), outcome,
        Excerpt(finding.message, 500), Excerpt(finding.remedy, 500));
  }
}

}  // namespace

absl::StatusOr<std::vector<DiagnosticCheck>> DiagnoseSession(const CallContext& call,
                                                             RegistrySession& session,
                                                             const std::string& repository) {
  GANTRY_RETURN_IF_ERROR(call.Check());
  auto checks = Diagnosis(call, session).Run(repository);
  GANTRY_RETURN_IF_ERROR(call.Check());
  return checks;
}

std::string FailedStage(const absl::Status& status) {
  const std::string reason = ReasonOf(status);
  if (reason == reason::kUpstreamTls) return "tls";
  if (reason == reason::kUpstreamAuthRejected || reason == reason::kUpstreamDenied ||
      reason == reason::kCredentialHelper || reason == reason::kInvalidConfig) {
    return "";  // the registry has answered: a matter of the login
  }
  const std::string message = ToLower(MessageOf(status));
  if (message.find("tls failed") != message.npos) return "tls";
  for (const char* words : {"host name is not known", "resolve host", "resolve proxy"}) {
    if (message.find(words) != message.npos) return "dns";
  }
  return "ping";
}

}  // namespace gantry
