#include "plugins/azure/entra_login.h"

#include <algorithm>
#include <utility>

#include "plugins/sdk/secret_form.h"
#include "plugins/sdk/upstream_error.h"

namespace gantry::azure {
namespace {

constexpr std::string_view kCode = "AADSTS";

// "AADSTS7000215" of "AADSTS7000215: Invalid client secret provided. …", wherever it stands.
std::string CodeIn(std::string_view text) {
  const size_t at = text.find(kCode);
  if (at == text.npos) return {};
  const size_t end = text.find_first_not_of("0123456789", at + kCode.size());
  return std::string(text.substr(at, end == text.npos ? end : end - at));
}

sdk::Status Login(const sdk::Call& call, const EntraClient& client, std::string_view resource,
                  sdk::FormFields proof, Token& token) {
  sdk::FormFields form = {{"grant_type", "client_credentials"},
                          {"client_id", client.client_id},
                          {"scope", std::string(resource) + "/.default"}};
  for (auto& field : proof) form.push_back(std::move(field));
  sdk::HttpResponse response;
  GANTRY_FLAVOR_TRY(sdk::PostSecretForm(
      call,
      "https://" + client.authority + "/" + sdk::UrlEncode(client.tenant) + "/oauth2/v2.0/token",
      std::move(form), response));
  if (response.status != 200) return EntraRefusal(client.authority, response);
  return TakeToken(client.authority, "access_token", call.now_unix_ms(), response, token);
}

}  // namespace

sdk::Status LoginWithSecret(const sdk::Call& call, const EntraClient& client,
                            std::string_view resource, const sdk::Secret& secret, Token& token) {
  return Login(call, client, resource, {{"client_secret", std::string(secret.Reveal())}}, token);
}

sdk::Status LoginWithAssertion(const sdk::Call& call, const EntraClient& client,
                               std::string_view resource, const sdk::Secret& assertion,
                               Token& token) {
  return Login(call, client, resource,
               {{"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
                {"client_assertion", std::string(assertion.Reveal())}},
               token);
}

sdk::Status EntraRefusal(std::string_view host, const sdk::HttpResponse& response) {
  const sdk::Json json = sdk::Json::Parse(response.body);
  std::string text = json["error_description"].Text();
  if (text.empty()) text = json["message"].Text();
  // What follows are ids for the support.
  text.erase(std::min({text.find_first_of("\r\n"), text.find(" Trace ID:"), text.size()}));
  std::string code = CodeIn(text);
  if (const int64_t number = json["error_codes"][size_t{0}].Integer(); number > 0) {
    code = std::string(kCode) + std::to_string(number);
  }
  if (code.empty()) code = json["error"].Text();
  if (text.starts_with(code + ": ")) text.erase(0, code.size() + 2);
  return sdk::TokenRefusal(host, "the login", response, code, text);
}

bool IsUnknownResource(const sdk::Status& refusal) {
  const std::string_view code = sdk::MetadataOf(refusal, "upstreamCode");
  return code == "AADSTS500011" || code == "invalid_resource";
}

}  // namespace gantry::azure
