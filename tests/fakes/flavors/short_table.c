/* A table that ends before minor 0 does. */
#define FAKE_NAME "short_table"
#define FAKE_STRUCT_SIZE offsetof(gantry_flavor_table, remove)
#include "fake_table.h"
