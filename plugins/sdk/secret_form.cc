#include "plugins/sdk/secret_form.h"

#include <string.h>

#include <utility>

namespace gantry::sdk {

Status PostSecretForm(const Call& call, std::string url, FormFields fields,
                      HttpResponse& response) {
  HttpRequest request;
  request.method = "POST";
  request.url = std::move(url);
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                     {"Accept", "application/json"}};
  request.body = FormEncode(fields);
  request.flags = uint32_t{GANTRY_HTTP_SECRET_BODY} | GANTRY_HTTP_IDEMPOTENT;
  const Status status = call.Http(request, response);
  explicit_bzero(request.body.data(), request.body.size());
  for (auto& [name, value] : fields) explicit_bzero(value.data(), value.size());
  return status;
}

}  // namespace gantry::sdk
