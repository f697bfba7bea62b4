/* Looks at the environment and the clock, and exports more than it should: what the check of
 * symbols must find. */
#include <time.h>

#define FAKE_NAME "forbidden"
#include "fake_table.h"

GANTRY_EXPORT int gantry_another_symbol(void);
GANTRY_EXPORT int gantry_another_symbol(void) { return getenv("HOME") != NULL && time(NULL) > 0; }

static int loaded_at;
__attribute__((constructor)) static void OnLoad(void) { loaded_at = 1; }
GANTRY_EXPORT int gantry_loaded_at(void);
GANTRY_EXPORT int gantry_loaded_at(void) { return loaded_at; }
