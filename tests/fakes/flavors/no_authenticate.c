#define FAKE_NAME "no_authenticate"
#define FAKE_AUTHENTICATE NULL
#include "fake_table.h"
