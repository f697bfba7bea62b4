/* Only what is required: no list, no remove, no diagnose, no validate_config. */
#define FAKE_NAME "minimal"
#include "fake_table.h"
