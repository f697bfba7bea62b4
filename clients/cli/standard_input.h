// What the value "-" stands for.
#pragma once

#include <stop_token>

#include "clients/cli/key_values.h"

namespace gantry::cli {

// Reads standard input to its end; on a terminal one line, which is not shown while it is typed.
// Nothing else can end a blocking read, so a stop gives the terminal back and ends the process.
ReadInput StandardInput(std::stop_token stop);

}  // namespace gantry::cli
