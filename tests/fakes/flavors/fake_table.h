/* A small flavor that keeps the contract.  A fake defines what it does otherwise, as FAKE_* macros
 * and functions of its own, and includes this last. */
#ifndef GANTRY_TESTS_FAKES_FLAVORS_FAKE_TABLE_H_
#define GANTRY_TESTS_FAKES_FLAVORS_FAKE_TABLE_H_

#include <stdlib.h>

#include "plugins/abi/flavor_abi.h"

#define FAKE_STR(text) \
  { text, sizeof(text) - 1 }

struct gantry_flavor {
  const gantry_host* host;
};

#ifndef FAKE_DESCRIPTION
#define FAKE_DESCRIPTION                                                                  \
  "{\"display_name\": \"Fake\", \"best_for\": \"tests\", \"uri\": {\"form\": \"<host>\"," \
  " \"example\": \"registry.example.com\"}, \"config_schema\": {\"type\": \"object\"}}"
#endif

#ifndef FAKE_OPEN
#define FAKE_OPEN FakeOpen
static gantry_code FakeOpen(const gantry_host* host, gantry_call* call, gantry_str config,
                            gantry_flavor** out) {
  (void)call, (void)config;
  *out = malloc(sizeof(gantry_flavor));
  if (*out == NULL) return GANTRY_RESOURCE_EXHAUSTED;
  (*out)->host = host;
  return GANTRY_OK;
}
#endif

#ifndef FAKE_CLOSE
#define FAKE_CLOSE FakeClose
static void FakeClose(gantry_flavor* flavor) { free(flavor); }
#endif

#ifndef FAKE_AUTHENTICATE
#define FAKE_AUTHENTICATE FakeAuthenticate
static gantry_code FakeAuthenticate(gantry_flavor* flavor, gantry_call* call,
                                    const gantry_target* target, uint32_t actions,
                                    gantry_credential_sink sink) {
  gantry_credential credential = {sizeof credential, GANTRY_AUTH_NONE, target->registry_host,
                                  {NULL, 0},         {NULL, 0},        0};
  (void)flavor, (void)call, (void)actions;
  sink.put(sink.ctx, &credential);
  return GANTRY_OK;
}
#endif

#ifndef FAKE_PREPARE_PUSH
#define FAKE_PREPARE_PUSH FakePreparePush
static gantry_code FakePreparePush(gantry_flavor* flavor, gantry_call* call,
                                   const gantry_target* target, gantry_push_plan_sink sink) {
  gantry_push_plan plan = {sizeof plan, 0, target, NULL, 0, 0, GANTRY_UPLOAD_STREAM, 0, 0};
  (void)flavor, (void)call;
  sink.put(sink.ctx, &plan);
  return GANTRY_OK;
}
#endif

#ifndef FAKE_PUSH
#define FAKE_PUSH FakePush
static gantry_code FakePush(gantry_flavor* flavor, gantry_call* call, const gantry_push_plan* plan,
                            gantry_image_sink sink) {
  return flavor->host->push(flavor->host->ctx, call, plan, sink);
}
#endif

#ifndef FAKE_MAGIC
#define FAKE_MAGIC GANTRY_MAGIC
#endif
#ifndef FAKE_STRUCT_SIZE
#define FAKE_STRUCT_SIZE sizeof(gantry_flavor_table)
#endif
#ifndef FAKE_MINOR
#define FAKE_MINOR GANTRY_ABI_MINOR
#endif
#ifndef FAKE_LIST
#define FAKE_LIST NULL
#endif
#ifndef FAKE_REMOVE
#define FAKE_REMOVE NULL
#endif
#ifndef FAKE_DIAGNOSE
#define FAKE_DIAGNOSE NULL
#endif
#ifndef FAKE_VERIFY
#define FAKE_VERIFY NULL
#endif
#ifndef FAKE_LIST_RESOURCES
#define FAKE_LIST_RESOURCES NULL
#endif
#ifndef FAKE_SYMBOL
#define FAKE_SYMBOL gantry_flavor_v1
#endif

#define FAKE_TABLE                                                                         \
  {                                                                                        \
    FAKE_MAGIC, FAKE_STRUCT_SIZE, FAKE_MINOR,                                              \
        GANTRY_CAN_PUSH | GANTRY_CAN_LIST | GANTRY_CAN_REMOVE | GANTRY_CAN_DIAGNOSE,       \
        FAKE_STR(FAKE_NAME), FAKE_STR("1.0"), FAKE_STR(FAKE_DESCRIPTION), {NULL, 0}, NULL, 0, NULL, \
        FAKE_OPEN, FAKE_CLOSE, FAKE_AUTHENTICATE, FAKE_PREPARE_PUSH, FAKE_PUSH, FAKE_LIST, \
        FAKE_REMOVE, FAKE_DIAGNOSE, FAKE_VERIFY, FAKE_LIST_RESOURCES                       \
  }

#ifndef FAKE_NO_ENTRY_POINT
GANTRY_EXPORT const gantry_flavor_table* FAKE_SYMBOL(void);
GANTRY_EXPORT const gantry_flavor_table* FAKE_SYMBOL(void) {
  static const gantry_flavor_table kTable = FAKE_TABLE;
  return &kTable;
}
#endif

#endif /* GANTRY_TESTS_FAKES_FLAVORS_FAKE_TABLE_H_ */
