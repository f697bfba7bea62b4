// Forms with secrets in them, wiped once they are sent.
#pragma once

#include <string>

#include "plugins/sdk/call.h"
#include "plugins/sdk/encoding.h"

namespace gantry::azure {

// POSTs application/x-www-form-urlencoded; asking a token service twice does no harm, so it is
// repeated when the service is briefly unwell.
sdk::Status PostSecretForm(const sdk::Call& call, std::string url, sdk::FormFields fields,
                           sdk::HttpResponse& response);

}  // namespace gantry::azure
