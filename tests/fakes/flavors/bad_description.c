#define FAKE_NAME "bad_description"
#define FAKE_DESCRIPTION "{\"display_name\": \"No schema\", \"best_for\": \"nothing\"}"
#include "fake_table.h"
