// Forms with secrets in them, wiped once they are sent.
#pragma once

#include <string>

#include "plugins/sdk/call.h"
#include "plugins/sdk/encoding.h"

namespace gantry::sdk {

// POSTs application/x-www-form-urlencoded; asking a token service twice does no harm, so it is
// repeated when the service is briefly unwell.
Status PostSecretForm(const Call& call, std::string url, FormFields fields, HttpResponse& response);

}  // namespace gantry::sdk
