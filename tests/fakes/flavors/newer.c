/* A table of a later minor version: longer, with a field this daemon has never heard of. */
#define FAKE_NAME "newer"
#define FAKE_MINOR 7u
#define FAKE_STRUCT_SIZE sizeof(struct newer_table)
#define FAKE_NO_ENTRY_POINT
#include "fake_table.h"

struct newer_table {
  gantry_flavor_table table;
  gantry_code (*appended)(gantry_flavor*);
};

static gantry_code Appended(gantry_flavor* flavor) {
  (void)flavor;
  return GANTRY_OK;
}

GANTRY_EXPORT const gantry_flavor_table* gantry_flavor_v1(void) {
  static const struct newer_table kTable = {FAKE_TABLE, Appended};
  return &kTable.table;
}
