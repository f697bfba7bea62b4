/* Never returns from list, whatever its deadline: only the end of the process helps. */
#include <unistd.h>

#include "plugins/abi/flavor_abi.h"

static gantry_code List(gantry_flavor* flavor, gantry_call* call, const gantry_target* target,
                        gantry_str page_token, uint32_t page_size, gantry_image_sink sink,
                        gantry_str_sink next_page_token);

#define FAKE_NAME "hangs"
#define FAKE_LIST List
#include "fake_table.h"

static gantry_code List(gantry_flavor* flavor, gantry_call* call, const gantry_target* target,
                        gantry_str page_token, uint32_t page_size, gantry_image_sink sink,
                        gantry_str_sink next_page_token) {
  (void)flavor, (void)call, (void)target, (void)page_token, (void)page_size, (void)sink;
  (void)next_page_token;
  for (;;) pause();
}
