#include "plugins/gcp/gcp_test_world.h"

namespace gantry::testing {
namespace {

std::string FormDecode(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      decoded += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      decoded += text[i] == '+' ? ' ' : text[i];
    }
  }
  return decoded;
}

}  // namespace

GcpTest::GcpTest() {
  host_.secrets = {{"service_account_json", ServiceAccountJson()},
                   {"user_account_json", UserJson()}};
  host_.on_http = [this](const sdk::HttpRequest& request) {
    sent_.push_back(request);
    for (auto it = answers_.rbegin(); it != answers_.rend(); ++it) {
      if (request.url.starts_with(it->url)) return it->response;
    }
    ADD_FAILURE() << "nobody answers " << request.method << " " << request.url;
    return sdk::HttpResponse{500, {}, ""};
  };
}

void GcpTest::Open(const std::string& method, const std::string& connector_fields,
                   const std::string& registry_fields, int64_t expires_unix_ms) {
  const std::string config =
      R"({"uri": "us-docker.pkg.dev/my-project/my-repo", "config": )" + registry_fields +
      R"(, "connector": {"type": "gcp", "auth_method": ")" + method + R"(", "config": )" +
      connector_fields + ", \"expires_unix_ms\": " + std::to_string(expires_unix_ms) + "}}";
  flavor_.Close();
  ASSERT_TRUE(flavor_.Open(config).ok());
}

void GcpTest::Answer(const std::string& url, int status, const std::string& body,
                     sdk::Headers headers) {
  answers_.push_back({url, {status, std::move(headers), body}});
}

void GcpTest::AnswerToken(const std::string& url) {
  Answer(url, 200, R"({"access_token": "ya29.made", "expires_in": 3599, "token_type": "Bearer"})");
}

Outcome GcpTest::Login(uint32_t actions) {
  credential_.reset();
  return flavor_.Authenticate({"us-docker.pkg.dev", "my-project/my-repo/app", "", ""}, actions,
                              &credential_);
}

std::string GcpTest::Form(size_t n, const std::string& field) const {
  if (n >= sent_.size()) return "";
  const std::string body = "&" + sent_[n].body;
  const size_t at = body.find("&" + field + "=");
  if (at == body.npos) return "";
  const size_t start = at + field.size() + 2;
  return FormDecode(std::string_view(body).substr(start, body.find('&', start) - start));
}

}  // namespace gantry::testing
