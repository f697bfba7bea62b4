/* A flavor of the next major version: the symbol has another name. */
#define FAKE_NAME "future"
#define FAKE_SYMBOL gantry_flavor_v2
#include "fake_table.h"
