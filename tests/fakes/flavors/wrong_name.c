#define FAKE_NAME "somebody_else"
#include "fake_table.h"
