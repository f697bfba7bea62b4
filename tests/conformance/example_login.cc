#include "tests/conformance/example_login.h"

#include <algorithm>

#include "plugins/sdk/encoding.h"
#include "plugins/sdk/types.h"
#include "tests/conformance/google_key.h"

namespace gantry::testing {
namespace {

using nlohmann::json;

constexpr char kTokenFile[] = "/run/example/token";
constexpr char kKeyFile[] = "/run/example/key.json";
constexpr size_t kTrace = 24;    // characters of a longer secret that are looked for
constexpr size_t kShortest = 8;  // what is shorter may be there by chance

// Fields that have a form of their own.
const std::map<std::string, std::string>& KnownFields() {
  static const std::map<std::string, std::string> fields = {
      {"username", "gordon"},
      {"aws_access_key_id", "AKIAIOSFODNN7EXAMPLE"},
      {"role_arn", "arn:aws:iam::123456789012:role/puller"},
      {"target_principal", "robot@my-project.iam.gserviceaccount.com"},
      {"service_account_json", ServiceAccountJson()},
      {"user_account_json", UserJson()},
      {"external_account_json", json{{"type", "external_account"},
                                     {"audience", "//iam.googleapis.com/projects/1/providers/p"},
                                     {"subject_token_type", "urn:ietf:params:oauth:token-type:jwt"},
                                     {"token_url", "https://sts.googleapis.com/v1/token"},
                                     {"credential_source", {{"file", kTokenFile}}}}
                                    .dump()},
  };
  return fields;
}

std::string ValueOf(std::string field, bool secret) {
  if (const auto known = KnownFields().find(field); known != KnownFields().end()) {
    return known->second;
  }
  std::replace(field.begin(), field.end(), '_', '-');
  return (secret ? "s3cret-" : "example-") + field;
}

std::string Jwt(int64_t now_unix_ms) {
  json claims;
  claims["exp"] = now_unix_ms / 1000 + 3600;
  claims["oid"] = claims["tid"] = "t";
  claims["upn"] = "ada@example.com";
  claims["access"][0]["actions"][0] = "pull";
  return sdk::Base64Url(R"({"alg":"RS256"})") + "." + sdk::Base64Url(claims.dump()) + ".c2ln";
}

// Those that are open to the eye in a key file, or the file itself.
std::vector<std::string> SecretsWithin(const std::string& secret) {
  const json file = json::parse(secret, nullptr, false);
  if (!file.is_object()) return {secret};
  std::vector<std::string> inner;
  for (const char* member : {"private_key", "refresh_token", "client_secret"}) {
    std::string text = file.value(member, "");
    if (const size_t line = text.find('\n'); line != text.npos) text.erase(0, line + 1);  // PEM
    if (!text.empty()) inner.push_back(text);
  }
  return inner;
}

}  // namespace

ExampleLogin MakeExampleLogin(const gantry_flavor_table& table, const std::string& type,
                              const std::string& method) {
  ExampleLogin login;
  for (size_t i = 0; i < table.connector_type_count; ++i) {
    const json declared = json::parse(sdk::View(table.connector_types[i]));
    if (declared["type"] != type) continue;
    for (const json& item : declared["auth_methods"]) {
      if (item["name"] != method) continue;
      const json schema = item["config_schema"];
      json config = json::object();
      for (const std::string field : schema.value("required", json::array())) {
        const bool secret = schema["properties"][field].value("writeOnly", false);
        const std::string value = ValueOf(field, secret);
        if (secret) {
          login.secrets[field] = value;
        } else {
          config[field] = value;
        }
      }
      login.connector = {{"type", type},
                         {"auth_method", method},
                         {"config", config},
                         {"expires_unix_ms", nullptr}};
    }
  }
  return login;
}

void FurnishMachine(FakeHost& host) {
  host.files = {{kTokenFile, "s3cret-token-of-the-machine"}, {kKeyFile, ServiceAccountJson()}};
  host.environment = {{"HOME", "/root"},
                      {"AWS_ACCESS_KEY_ID", "ASIAIOSFODNN7EXAMPLE"},
                      {"AWS_SECRET_ACCESS_KEY", "s3cret-key-of-the-machine"},
                      {"AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/machine"},
                      {"AWS_WEB_IDENTITY_TOKEN_FILE", kTokenFile},
                      {"AZURE_TENANT_ID", "tenant-of-the-machine"},
                      {"AZURE_CLIENT_ID", "client-of-the-machine"},
                      {"AZURE_CLIENT_SECRET", "s3cret-password-of-the-machine"},
                      {"AZURE_FEDERATED_TOKEN_FILE", kTokenFile},
                      {"GOOGLE_APPLICATION_CREDENTIALS", kKeyFile}};
}

sdk::HttpResponse Grant(const sdk::HttpRequest& request, int64_t now_unix_ms) {
  if (request.url.find("//sts.amazonaws.") != std::string::npos ||
      request.url.find("//sts.us-east-1.") != std::string::npos) {
    return {200,
            {},
            "<R><Arn>arn:aws:iam::123456789012:user/me</Arn><Account>123456789012</Account>"
            "<Credentials><AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>s3cret-of-the-session"
            "</SecretAccessKey><SessionToken>s3cret-token-of-the-session</SessionToken>"
            "<Expiration>2026-11-23T13:00:00Z</Expiration></Credentials></R>"};
  }
  const std::string token = Jwt(now_unix_ms);
  json answer = {{"token_type", "Bearer"},
                 {"access_token", token},
                 {"accessToken", token},
                 {"refresh_token", token},
                 {"expires_in", 3599},
                 {"expires_on", std::to_string(now_unix_ms / 1000 + 3599)},
                 {"expireTime", "2026-11-23T13:00:00Z"},
                 {"email", "robot@my-project.iam.gserviceaccount.com"}};
  json& login = answer["authorizationData"][0];
  login["authorizationToken"] = sdk::Base64("AWS:issued");
  login["expiresAt"] = now_unix_ms / 1000 + 3600;
  return {200, {}, answer.dump()};
}

std::vector<std::string> TracesOf(const ExampleLogin& login, const FakeHost& host) {
  std::vector<std::string> secrets = {"s3cret"};
  const auto add = [&](const std::string& secret) {
    for (const std::string& inner : SecretsWithin(secret)) {
      if (inner.size() >= kShortest) secrets.push_back(inner.substr(0, kTrace));
    }
  };
  for (const auto& [name, secret] : login.secrets) add(secret);
  for (const auto& [name, content] : host.files) add(content);
  return secrets;
}

}  // namespace gantry::testing
