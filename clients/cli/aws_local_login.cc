#include "clients/cli/aws_local_login.h"

#include <google/protobuf/util/time_util.h>

#include <sstream>
#include <utility>

#include "base/status.h"
#include "base/strings.h"

namespace gantry::cli {
namespace {

using google::protobuf::util::TimeUtil;
using Fields = std::map<std::string, std::string>;

constexpr char kId[] = "aws_access_key_id", kSecret[] = "aws_secret_access_key",
               kToken[] = "aws_session_token";

// Sections of an INI file as AWS's tools write it; nested values are passed over.
std::map<std::string, Fields> ReadSections(const std::string& text) {
  std::map<std::string, Fields> sections;
  Fields* current = nullptr;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || std::string_view("#; \t").find(line[0]) != std::string_view::npos) continue;
    if (line[0] == '[') {
      current = &sections[std::string(Trim(line.substr(1, line.find(']') - 1)))];
      continue;
    }
    const size_t equals = line.find('=');
    if (current == nullptr || equals == line.npos) continue;
    (*current)[std::string(Trim(line.substr(0, equals)))] = Trim(line.substr(equals + 1));
  }
  return sections;
}

std::string Value(const Fields& fields, const std::string& name) {
  const auto it = fields.find(name);
  return it == fields.end() ? "" : it->second;
}

// The three parts of one set of keys; parts of different sets are never mixed.  Empty without an
// id.
Fields KeysIn(const Fields& from) {
  Fields keys;
  if (Value(from, kId).empty()) return keys;
  for (const char* name : {kId, kSecret, kToken}) {
    if (std::string value = Value(from, name); !value.empty()) keys[name] = std::move(value);
  }
  // What the token was called before.
  if (std::string old = Value(from, "aws_security_token"); !old.empty()) {
    keys.emplace(kToken, std::move(old));
  }
  return keys;
}

class AwsSettings {
 public:
  // `profile` may be empty: that of the environment, then.
  AwsSettings(const Environment& environment, const std::string& profile)
      : environment_(environment),
        profile_is_named_(!profile.empty() || environment.Get("AWS_PROFILE")),
        profile_(profile.empty() ? environment.Get("AWS_PROFILE").value_or("default") : profile),
        credentials_(Load("AWS_SHARED_CREDENTIALS_FILE", "/credentials")),
        config_(Load("AWS_CONFIG_FILE", "/config")) {}

  const std::string& profile() const { return profile_; }
  bool profile_is_named() const { return profile_is_named_; }
  std::string Variable(const char* name) const { return environment_.Get(name).value_or(""); }

  std::string Get(const std::string& profile, const std::string& name) const {
    std::string value = Value(Shared(profile), name);
    return value.empty() ? Value(Configured(profile), name) : value;
  }
  Fields KeysOf(const std::string& profile) const {
    Fields keys = KeysIn(Shared(profile));
    return keys.empty() ? KeysIn(Configured(profile)) : keys;
  }
  Fields KeysOfEnvironment() const {
    return KeysIn({{kId, Variable("AWS_ACCESS_KEY_ID")},
                   {kSecret, Variable("AWS_SECRET_ACCESS_KEY")},
                   {kToken, Variable("AWS_SESSION_TOKEN")},
                   {"aws_security_token", Variable("AWS_SECURITY_TOKEN")}});
  }

 private:
  std::map<std::string, Fields> Load(const char* variable, const char* name) const {
    const std::string folder = environment_.Get("HOME").value_or("/") + "/.aws";
    return ReadSections(
        ReadToolFile(environment_.Get(variable).value_or(folder + name)).value_or(""));
  }
  static Fields Of(const std::map<std::string, Fields>& sections, const std::string& name) {
    const auto it = sections.find(name);
    return it == sections.end() ? Fields() : it->second;
  }
  Fields Shared(const std::string& profile) const { return Of(credentials_, profile); }
  Fields Configured(const std::string& profile) const {
    return Of(config_, profile == "default" ? profile : "profile " + profile);
  }

  const Environment& environment_;
  const bool profile_is_named_;
  const std::string profile_;
  const std::map<std::string, Fields> credentials_, config_;
};

Error Unusable(const std::string& profile, std::string_view why) {
  return InvalidArgument(reason::kSourceInvalid, "the AWS profile {} {}", profile, why);
}

// Temporary keys of a profile whose login a connector cannot repeat.
std::string ExportRemedy(const std::string& profile) {
  return fmt::format(
      "register keys of a session instead: eval \"$(aws configure export-credentials --profile {} "
      "--format env)\", then this command again",
      profile);
}

absl::Status CheckHoldable(const AwsSettings& settings, const std::string& profile) {
  constexpr std::pair<const char*, const char*> kNotHeld[] = {
      {"mfa_serial", "asks for a code of a person (mfa_serial)"},
      {"sso_session", "logs in through a browser (sso_session)"},
      {"sso_start_url", "logs in through a browser (sso_start_url)"},
      {"credential_process", "runs a program (credential_process)"}};
  for (const auto& [name, why] : kNotHeld) {
    if (settings.Get(profile, name).empty()) continue;
    return Unusable(profile, fmt::format("{}, which a connector cannot", why))
        .Remedy("{}", ExportRemedy(profile));
  }
  return absl::OkStatus();
}

// The keys that the profile's role is assumed with.
absl::StatusOr<Fields> SourceKeys(const AwsSettings& settings, const std::string& profile) {
  const std::string source = settings.Get(profile, "source_profile");
  const std::string kind = settings.Get(profile, "credential_source");
  const std::string role = settings.Get(profile, "role_arn");
  const bool of_environment = source.empty() && kind == "Environment";
  if (source.empty() && !of_environment) {
    const std::string file = settings.Get(profile, "web_identity_token_file");
    if (kind.empty() && file.empty()) {
      return Unusable(profile, "has a role_arn, but no source of keys for it")
          .Remedy("give it source_profile or credential_source");
    }
    return Unusable(profile, "takes its role with what this very machine has")
        .Remedy(
            "run gantryd there with --allow-implicit-login, and register --auth-method {} "
            "--role_arn={}",
            file.empty() ? "implicit" : "web-identity", role);
  }
  if (!source.empty() && source != profile) {
    GANTRY_RETURN_IF_ERROR(CheckHoldable(settings, source));
    if (!settings.Get(source, "role_arn").empty()) {
      return Unusable(profile, fmt::format("takes its role by the role of {}, and a connector "
                                           "assumes one role",
                                           source))
          .Remedy("{}", ExportRemedy(profile));
    }
  }
  Fields keys = of_environment ? settings.KeysOfEnvironment() : settings.KeysOf(source);
  const std::string where = of_environment ? "the environment" : "profile " + source;
  if (!keys.contains(kId) || !keys.contains(kSecret)) {
    return Unusable(profile,
                    fmt::format("takes its role with the keys of {}, which has none", where))
        .Remedy("correct its source_profile or credential_source");
  }
  if (keys.contains(kToken)) {
    return Unusable(profile, fmt::format("takes its role with the keys of {}, which are those of a "
                                         "session and end with it",
                                         where))
        .Remedy("{}", ExportRemedy(profile));
  }
  return keys;
}

// An iam-role connector; another `method` takes the source's keys alone.
absl::StatusOr<LocalLogin> LoginByRole(const AwsSettings& settings, const std::string& method) {
  const std::string& profile = settings.profile();
  GANTRY_RETURN_IF_ERROR(CheckHoldable(settings, profile));
  GANTRY_ASSIGN_OR_RETURN(Fields fields, SourceKeys(settings, profile));
  LocalLogin login{method.empty() ? "iam-role" : method, std::move(fields), std::nullopt};
  if (login.auth_method != "iam-role") return login;
  for (const char* name : {"role_arn", "external_id", "role_session_name", "duration_seconds"}) {
    if (std::string value = settings.Get(profile, name); !value.empty()) {
      login.fields[name] = std::move(value);
    }
  }
  return login;
}

absl::StatusOr<LocalLogin> LoginByKeys(Fields keys, const LocalLoginQuery& query) {
  if (!keys.contains(kSecret)) {
    return InvalidArgument(reason::kSourceInvalid, "the access key {} has no secret", keys[kId])
        .Remedy("set AWS_SECRET_ACCESS_KEY, or aws_secret_access_key in the profile");
  }
  const bool by_role = !query.role_arn.empty();
  if (keys.contains(kToken)) {
    if (!by_role) return LocalLogin{"sts-token", std::move(keys), std::nullopt};
    return InvalidArgument(reason::kSourceInvalid,
                           "the keys found are those of a session, which end with it, and so no "
                           "connector can assume {} by them",
                           query.role_arn)
        .Remedy("give long-lived keys, or leave out --role_arn");
  }
  std::string used = by_role ? "iam-role" : "session-token";
  if (!query.method.empty()) used = query.method;
  return LocalLogin{std::move(used), std::move(keys), std::nullopt};
}

absl::StatusOr<LocalLogin> LoginByProfile(const AwsSettings& settings,
                                          const LocalLoginQuery& query) {
  const std::string& profile = settings.profile();
  if (!settings.Get(profile, "role_arn").empty()) return LoginByRole(settings, query.method);
  Fields keys = settings.KeysOf(profile);
  if (!keys.empty()) return LoginByKeys(std::move(keys), query);
  GANTRY_RETURN_IF_ERROR(CheckHoldable(settings, profile));
  return NotFound(reason::kSourceNotFound, "found no login of AWS on this machine{}",
                  settings.profile_is_named() ? ", by profile " + profile : "")
      .Remedy(
          "run 'aws configure', or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and "
          "AWS_SECRET_ACCESS_KEY");
}

absl::StatusOr<LocalLogin> LoginByEnvironment(const AwsSettings& settings, Fields keys,
                                              const LocalLoginQuery& query) {
  GANTRY_ASSIGN_OR_RETURN(LocalLogin login, LoginByKeys(std::move(keys), query));
  google::protobuf::Timestamp end;
  if (login.auth_method == "sts-token" &&
      TimeUtil::FromString(settings.Variable("AWS_CREDENTIAL_EXPIRATION"), &end)) {
    login.expires = WallTimeOf(end.seconds());
  }
  return login;
}

void AddPlaces(const AwsSettings& settings, LocalLogin& login) {
  const auto add = [&](const char* field, const std::string& value) {
    if (!value.empty()) login.fields.emplace(field, value);
  };
  add("region", settings.Variable("AWS_REGION"));
  add("region", settings.Variable("AWS_DEFAULT_REGION"));
  add("region", settings.Get(settings.profile(), "region"));
  // Methods that lend a machine's identity send it where gantryd's own environment says.
  if (!login.fields.contains(kId) ||
      settings.Variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") == "true") {
    return;
  }
  add("endpoint_url", settings.Variable("AWS_ENDPOINT_URL"));
  add("endpoint_url", settings.Get(settings.profile(), "endpoint_url"));
  add("ecr_endpoint_url", settings.Variable("AWS_ENDPOINT_URL_ECR"));
  add("sts_endpoint_url", settings.Variable("AWS_ENDPOINT_URL_STS"));
}

}  // namespace

absl::StatusOr<LocalLogin> FindAwsLogin(const Environment& environment,
                                        const LocalLoginQuery& query) {
  const AwsSettings settings(environment, query.profile);
  absl::StatusOr<LocalLogin> login = LocalLogin{query.method, {}, std::nullopt};
  if (query.method == "implicit") {
    if (settings.profile_is_named()) login->fields["profile_name"] = settings.profile();
  } else if (query.method != "web-identity") {
    Fields keys = settings.KeysOfEnvironment();
    // A profile that names the environment as its source is no longer outdone by it.
    const bool by_profile =
        keys.empty() || !query.profile.empty() ||
        settings.Get(settings.profile(), "credential_source") == "Environment";
    login = by_profile ? LoginByProfile(settings, query)
                       : LoginByEnvironment(settings, std::move(keys), query);
  }
  if (login.ok()) AddPlaces(settings, *login);
  return login;
}

}  // namespace gantry::cli
