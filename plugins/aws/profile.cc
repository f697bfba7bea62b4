#include "plugins/aws/profile.h"

#include <algorithm>
#include <utility>

#include "plugins/sdk/encoding.h"

namespace gantry::aws {
namespace {

using sdk::Ok;
using sdk::Secret;
using sdk::Status;

std::string_view TakeLine(std::string_view& text) {
  const size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

// "[profile x]" -> "profile x"; empty when the line begins no section.
std::string_view SectionOf(std::string_view line) {
  if (line.substr(0, 1) != "[") return "";
  return sdk::Trim(line.substr(1, std::max<size_t>(line.find(']'), 1) - 1));
}

bool HasSection(std::string_view text, std::string_view section) {
  while (!text.empty()) {
    if (SectionOf(TakeLine(text)) == section) return true;
  }
  return false;
}

std::string ConfigSection(std::string_view profile) {
  return profile == "default" ? "default" : "profile " + std::string(profile);
}

Status ReadOptional(const sdk::Call& call, const char* variable, const char* in_home,
                    Secret& content) {
  std::string path, home;
  GANTRY_FLAVOR_TRY(call.ReadEnvironment(variable, path));
  if (path.empty()) {
    GANTRY_FLAVOR_TRY(call.ReadEnvironment("HOME", home));
    path = home + in_home;
  }
  Status read = call.ReadFile(path, content);
  return read.code == GANTRY_NOT_FOUND ? Ok() : std::move(read);
}

}  // namespace

std::string_view IniValue(std::string_view text, std::string_view section, std::string_view key) {
  bool inside = false;
  while (!text.empty()) {
    const std::string_view line = TakeLine(text);
    if (line.substr(0, 1) == "[") inside = SectionOf(line) == section;
    const size_t equals = line.find('=');
    if (!inside || equals == line.npos || line.find_first_of(" \t#;[") == 0) continue;
    if (sdk::Trim(line.substr(0, equals)) == key) return sdk::Trim(line.substr(equals + 1));
  }
  return "";
}

Status ProfileFiles::Load(const sdk::Call& call, ProfileFiles& files) {
  GANTRY_FLAVOR_TRY(
      ReadOptional(call, "AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials", files.credentials_));
  return ReadOptional(call, "AWS_CONFIG_FILE", "/.aws/config", files.config_);
}

std::string_view ProfileFiles::Get(std::string_view profile, std::string_view key) const {
  const std::string_view value = IniValue(credentials_.Reveal(), profile, key);
  return value.empty() ? IniValue(config_.Reveal(), ConfigSection(profile), key) : value;
}

bool ProfileFiles::Has(std::string_view profile) const {
  return HasSection(credentials_.Reveal(), profile) ||
         HasSection(config_.Reveal(), ConfigSection(profile));
}

sdk::AwsKeys ProfileFiles::Keys(std::string_view profile) const {
  sdk::AwsKeys keys;
  if (Get(profile, "aws_secret_access_key").empty()) return keys;
  keys.access_key_id = Get(profile, "aws_access_key_id");
  keys.secret_access_key = Secret(Get(profile, "aws_secret_access_key"));
  keys.session_token = Secret(Get(profile, "aws_session_token"));
  return keys;
}

Status ProfileFiles::CheckUsable(std::string_view profile) const {
  constexpr std::pair<const char*, const char*> kUnusable[] = {
      {"mfa_serial", "asks for a code of a person (mfa_serial)"},
      {"sso_session", "logs in through a browser (sso_session)"},
      {"sso_start_url", "logs in through a browser (sso_start_url)"},
      {"credential_process", "runs a program (credential_process)"}};
  for (const auto& [key, why] : kUnusable) {
    if (Get(profile, key).empty()) continue;
    return sdk::ConnectorUnusable(
        "the AWS profile " + std::string(profile) + " " + why + ", which a daemon cannot",
        "Name a profile with keys, or with a role and source_profile, "
        "credential_source or web_identity_token_file.");
  }
  return Ok();
}

}  // namespace gantry::aws
