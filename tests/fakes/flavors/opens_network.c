/* Sends a request from open(), which must do no I/O, and blames the network when that is refused.
 */
#include "plugins/abi/flavor_abi.h"

static int32_t Ignore(void* ctx, const gantry_http_response* response) {
  (void)ctx, (void)response;
  return 0;
}

static gantry_code Open(const gantry_host* host, gantry_call* call, gantry_str config,
                        gantry_flavor** out) {
  const gantry_http_request request = {sizeof request, 0,    {"GET", 3}, {"http://127.0.0.1/", 17},
                                       {NULL, 0},      NULL, 0};
  const gantry_http_response_sink sink = {NULL, Ignore};
  (void)config, (void)out;
  host->http(host->ctx, call, &request, sink);
  return GANTRY_UNAVAILABLE;
}

#define FAKE_NAME "opens_network"
#define FAKE_OPEN Open
#include "fake_table.h"
