// Matchers of statuses, which this abseil does not have.
#pragma once

#include <gmock/gmock.h>

#include "base/status.h"

namespace gantry {

MATCHER_P2(FailsWith, code, reason, "") {
  *result_listener << arg.ToString() << " with reason " << ReasonOf(arg);
  return arg.code() == code && ReasonOf(arg) == reason;
}

}  // namespace gantry
