// How an operation of a flavor ended.  Errors are for people: what happened, and what to do about
// it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/abi/flavor_abi.h"

namespace gantry::sdk {

struct [[nodiscard]] Status {
  gantry_code code = GANTRY_OK;
  std::string reason;   // UPPER_SNAKE_CASE, for programs
  std::string message;  // for people; never a secret
  std::string remedy;   // a sentence that says what to do, or empty
  std::vector<std::pair<std::string, std::string>> metadata;
  int64_t retry_after_ms = -1;  // < 0: no advice
  // The host has the reason and the words already: it was one of its own functions that failed.
  bool host_said_why = false;

  bool ok() const { return code == GANTRY_OK; }
};

inline Status Ok() { return {}; }

// What an error says under `key`, such as "upstreamCode"; empty when it does not say.  Borrows from
// the status.
inline std::string_view MetadataOf(const Status& status, std::string_view key) {
  for (const auto& [name, value] : status.metadata) {
    if (name == key) return value;
  }
  return {};
}

inline Status MakeError(gantry_code code, std::string reason, std::string message,
                        std::string remedy = {}) {
  Status status;
  status.code = code;
  status.reason = std::move(reason);
  status.message = std::move(message);
  status.remedy = std::move(remedy);
  return status;
}

// A login cannot be made from what the connector, or the daemon's machine, has for it.
inline Status ConnectorUnusable(std::string message, std::string remedy) {
  return MakeError(GANTRY_FAILED_PRECONDITION, "CONNECTOR_UNUSABLE", std::move(message),
                   std::move(remedy));
}

// What a function of the host returned.
inline Status FromHost(gantry_code code) {
  Status status;
  status.code = code;
  status.host_said_why = true;
  return status;
}

}  // namespace gantry::sdk

// Returns from the enclosing function when `expr`, a Status, is not OK.
#define GANTRY_FLAVOR_TRY(expr)                                              \
  do {                                                                       \
    if (::gantry::sdk::Status gantry_status_ = (expr); !gantry_status_.ok()) \
      return gantry_status_;                                                 \
  } while (false)
