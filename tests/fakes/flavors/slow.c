/* Removes by waiting until its time is up, and then gives up as it must; diagnoses for ten seconds of the
 * host's. */
#include <time.h>

#include "plugins/abi/flavor_abi.h"

static gantry_code Remove(gantry_flavor* flavor, gantry_call* call, const gantry_target* target);
static gantry_code Diagnose(gantry_flavor* flavor, gantry_call* call, const gantry_target* target,
                            gantry_finding_sink sink);

#define FAKE_NAME "slow"
#define FAKE_REMOVE Remove
#define FAKE_DIAGNOSE Diagnose
#include "fake_table.h"

static gantry_code Remove(gantry_flavor* flavor, gantry_call* call, const gantry_target* target) {
  const struct timespec millisecond = {0, 1000000};
  (void)target;
  while (flavor->host->remaining_ms(flavor->host->ctx, call) > 0) nanosleep(&millisecond, NULL);
  return GANTRY_DEADLINE_EXCEEDED;
}

static gantry_code Diagnose(gantry_flavor* flavor, gantry_call* call, const gantry_target* target,
                            gantry_finding_sink sink) {
  (void)target, (void)sink;
  return flavor->host->wait(flavor->host->ctx, call, 10000);
}
