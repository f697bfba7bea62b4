// Wrong arguments as an error like any other: what is wrong, and what to type instead.
#pragma once

#include <absl/status/status.h>

#include <CLI/CLI.hpp>

namespace gantry::cli {

// `app` is where parsing ended with `error`.
absl::Status UsageError(const CLI::App& app, const CLI::ParseError& error);

// True when the arguments ask for JSON, whatever else is wrong with them.
bool AskForJson(int argc, const char* const* argv);

}  // namespace gantry::cli
