// Signs what it reads, a JSON object a line, and writes each Authorization header: the side of
// sigv4_peer.py that is ours.
#include <iostream>
#include <string>

#include "plugins/sdk/json.h"
#include "plugins/sdk/sigv4.h"

int main() {
  using gantry::sdk::AwsKeys, gantry::sdk::HttpRequest, gantry::sdk::Json, gantry::sdk::Secret;
  for (std::string line; std::getline(std::cin, line);) {
    const Json item = Json::Parse(line);
    HttpRequest request;
    request.method = item["method"].Text();
    request.url = item["url"].Text();
    request.body = item["body"].Text();
    for (size_t i = 0; i < item["headers"].size(); ++i) {
      const Json header = item["headers"][i];
      request.headers.emplace_back(header[size_t{0}].Text(), header[size_t{1}].Text());
    }
    AwsKeys keys;
    keys.access_key_id = item["access_key_id"].Text();
    keys.secret_access_key = Secret(item["secret_access_key"].Text());
    keys.session_token = Secret(item["session_token"].Text());
    SignAwsRequest(keys, item["region"].Text(), item["service"].Text(), item["now_ms"].Integer(),
                   request);
    for (const auto& [name, value] : request.headers) {
      if (name == "Authorization") std::cout << value << '\n';
    }
  }
}
