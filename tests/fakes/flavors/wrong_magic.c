#define FAKE_NAME "wrong_magic"
#define FAKE_MAGIC 0xdeadbeefu
#include "fake_table.h"
