// How `--help` looks.
#pragma once

#include <CLI/CLI.hpp>

namespace gantry::cli {

// For `app` and every command that is added to it afterwards.
void SetUpHelp(CLI::App& app);

}  // namespace gantry::cli
