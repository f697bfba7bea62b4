/* Returns a table that it has made up at run time. */
#define FAKE_NAME "heap_table"
#define FAKE_NO_ENTRY_POINT
#include "fake_table.h"

GANTRY_EXPORT const gantry_flavor_table* gantry_flavor_v1(void) {
  static const gantry_flavor_table kTable = FAKE_TABLE;
  static gantry_flavor_table* made;
  if (made == NULL) made = malloc(sizeof *made);
  if (made != NULL) *made = kTable;
  return made;
}
