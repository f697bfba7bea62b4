// The daemon's log: text or JSON lines on standard error.
#pragma once

#include <string>

namespace gantry {

// Sets up spdlog's default logger, and sends libgrpc's own messages there too.  Call once, before
// other threads.  `level` as in Config; `json`: one object a line, with time, level, message, thread.
void SetUpLog(const std::string& level, bool json);

}  // namespace gantry
