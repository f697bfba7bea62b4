/* Leaves a thread running that close() does not join.  Unloading would pull the code from under it.
 */
#include <pthread.h>
#include <time.h>

#include "plugins/abi/flavor_abi.h"

static gantry_code Open(const gantry_host* host, gantry_call* call, gantry_str config,
                        gantry_flavor** out);

#define FAKE_NAME "thread_leak"
#define FAKE_OPEN Open
#include "fake_table.h"

static void* Linger(void* unused) {
  const struct timespec millisecond = {0, 1000000};
  for (int i = 0; i < 200; ++i) nanosleep(&millisecond, NULL);
  return unused;
}

static gantry_code Open(const gantry_host* host, gantry_call* call, gantry_str config,
                        gantry_flavor** out) {
  pthread_t thread;
  (void)call, (void)config;
  *out = malloc(sizeof(gantry_flavor));
  if (*out == NULL) return GANTRY_RESOURCE_EXHAUSTED;
  (*out)->host = host;
  if (pthread_create(&thread, NULL, Linger, NULL) != 0) return GANTRY_INTERNAL;
  pthread_detach(thread);
  return GANTRY_OK;
}
