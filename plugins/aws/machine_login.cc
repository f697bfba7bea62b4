#include "plugins/aws/machine_login.h"

#include <cstdlib>
#include <utility>

#include "plugins/aws/profile.h"
#include "plugins/sdk/aws_identity.h"
#include "plugins/sdk/encoding.h"
#include "plugins/sdk/jwt.h"

namespace gantry::aws {
namespace {

using sdk::AwsKeys;
using sdk::Call;
using sdk::Ok;
using sdk::Status;

constexpr char kDefaultProfile[] = "default";
constexpr int kMaxChain = 5;  // of profiles that name each other as their source

// `credential_source` of a profile.
Status SourceKeys(const Call& call, std::string_view profile, std::string_view source,
                  AwsKeys& keys) {
  if (source == "Environment") return sdk::AwsKeysOfEnvironment(call, keys);
  if (source == "EcsContainer") return sdk::AwsKeysOfContainer(call, keys);
  if (source == "Ec2InstanceMetadata") return sdk::AwsKeysOfInstance(call, keys);
  return sdk::ConnectorUnusable(
      "the AWS profile " + std::string(profile) + " has a role_arn, but no source",
      "Give it source_profile, credential_source or web_identity_token_file.");
}

SessionRequest SessionOf(const ProfileFiles& files, std::string_view profile,
                         const std::string& policy) {
  SessionRequest session;
  session.role_arn = files.Get(profile, "role_arn");
  session.external_id = files.Get(profile, "external_id");
  session.policy = policy;
  if (const auto name = files.Get(profile, "role_session_name"); !name.empty()) session.name = name;
  const std::string duration(files.Get(profile, "duration_seconds"));
  if (const int64_t seconds = std::atoll(duration.c_str()); seconds > 0) {
    session.duration_seconds = seconds;
  }
  return session;
}

// Assumes the profile's role with the keys of its source, which may be a role in turn.
Status AssumeProfile(const Call& call, const Sts& sts, const ProfileFiles& files,
                     std::string_view profile, const std::string& policy, int depth,
                     AwsKeys& keys) {
  GANTRY_FLAVOR_TRY(files.CheckUsable(profile));
  const SessionRequest session = SessionOf(files, profile, policy);
  if (session.role_arn.empty()) {
    keys = files.Keys(profile);
    return Ok();
  }
  if (const auto file = files.Get(profile, "web_identity_token_file"); !file.empty()) {
    return WebIdentityLogin(call, sts, session, std::string(file), keys);
  }
  AwsKeys source;
  const std::string_view next = files.Get(profile, "source_profile");
  if (next == profile) {
    source = files.Keys(profile);  // a profile may bring the keys for its own role
  } else if (next.empty()) {
    GANTRY_FLAVOR_TRY(SourceKeys(call, profile, files.Get(profile, "credential_source"), source));
  } else if (depth == kMaxChain) {
    return sdk::ConnectorUnusable("the AWS profiles name each other as their source",
                                  "End the circle.");
  } else {
    GANTRY_FLAVOR_TRY(AssumeProfile(call, sts, files, next, "", depth + 1, source));
  }
  if (source.empty()) {
    return sdk::ConnectorUnusable(
        "the source of the AWS profile " + std::string(profile) + " has no keys",
        "Check its source_profile or credential_source.");
  }
  return sts.AssumeRole(call, source, session, keys);
}

// What the role's trust policy and the account's OpenID Connect providers are held against.
std::string TrustedPart(std::string_view token) {
  const sdk::Json claims = sdk::ReadJwtClaims(token);
  if (!claims) return "; the token is no JWT";
  const sdk::Json audience = claims["aud"];
  return "; the token says iss " + claims["iss"].Text() + ", sub " + claims["sub"].Text() +
         ", aud " + (audience.is_array() ? audience[size_t{0}] : audience).Text();
}

Status NameProfile(const Call& call, std::string& profile) {
  if (profile.empty()) GANTRY_FLAVOR_TRY(call.ReadEnvironment("AWS_PROFILE", profile));
  if (profile.empty()) profile = kDefaultProfile;
  return Ok();
}

}  // namespace

Status WebIdentityLogin(const Call& call, const Sts& sts, SessionRequest session,
                        std::string token_file, AwsKeys& keys) {
  if (session.role_arn.empty()) {
    std::string name;
    GANTRY_FLAVOR_TRY(call.ReadEnvironment("AWS_ROLE_ARN", session.role_arn));
    GANTRY_FLAVOR_TRY(call.ReadEnvironment("AWS_ROLE_SESSION_NAME", name));
    if (!name.empty()) session.name = name;
  }
  if (token_file.empty()) {
    GANTRY_FLAVOR_TRY(call.ReadEnvironment("AWS_WEB_IDENTITY_TOKEN_FILE", token_file));
  }
  if (session.role_arn.empty() || token_file.empty()) {
    return sdk::ConnectorUnusable(
        "nothing names the role or the file of its token",
        "Set AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE for gantryd, as EKS does for "
        "a service account with a role, or the connector's fields.");
  }
  sdk::Secret token;
  GANTRY_FLAVOR_TRY(call.ReadFile(token_file, token));
  const sdk::Secret trimmed(sdk::Trim(token.Reveal()));
  Status status = sts.AssumeRoleWithWebIdentity(call, trimmed, session, keys);
  if (!status.ok() && !status.host_said_why) status.message += TrustedPart(trimmed.Reveal());
  return status;
}

Status MachineLogin(const Call& call, const Sts& sts, const std::string& profile_name,
                    const std::string& policy, AwsKeys& keys, bool& narrowed) {
  narrowed = false;
  if (profile_name.empty()) {
    GANTRY_FLAVOR_TRY(sdk::AwsKeysOfEnvironment(call, keys));
    if (!keys.empty()) return Ok();
  }
  std::string profile = profile_name, token_file;
  ProfileFiles files;
  GANTRY_FLAVOR_TRY(NameProfile(call, profile));
  GANTRY_FLAVOR_TRY(ProfileFiles::Load(call, files));
  if (profile != kDefaultProfile && !files.Has(profile)) {
    return sdk::ConnectorUnusable("there is no AWS profile " + profile + " on the daemon's machine",
                                  "Check its name, and HOME or AWS_CONFIG_FILE of gantryd.");
  }
  GANTRY_FLAVOR_TRY(call.ReadEnvironment("AWS_WEB_IDENTITY_TOKEN_FILE", token_file));
  const bool role = !files.Get(profile, "role_arn").empty();
  if (!role && !token_file.empty() && profile_name.empty()) {
    SessionRequest session;
    session.policy = policy;
    narrowed = !policy.empty();
    return WebIdentityLogin(call, sts, std::move(session), token_file, keys);
  }
  GANTRY_FLAVOR_TRY(AssumeProfile(call, sts, files, profile, policy, 0, keys));
  narrowed = role && !policy.empty();
  if (!keys.empty()) return Ok();
  if (!profile_name.empty()) {
    return sdk::ConnectorUnusable(
        "the AWS profile " + profile + " has no keys and no role",
        "Give it aws_access_key_id and aws_secret_access_key, or role_arn.");
  }
  return sdk::AwsKeysOfMachine(call, keys);
}

}  // namespace gantry::aws
