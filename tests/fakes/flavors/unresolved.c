/* Links, because nobody asked for -z defs, and lacks a function all the same. */
#include "plugins/abi/flavor_abi.h"

gantry_code nobody_defines_this(const gantry_target* target);

static gantry_code Remove(gantry_flavor* flavor, gantry_call* call, const gantry_target* target) {
  (void)flavor, (void)call;
  return nobody_defines_this(target);
}

#define FAKE_NAME "unresolved"
#define FAKE_REMOVE Remove
#include "fake_table.h"
