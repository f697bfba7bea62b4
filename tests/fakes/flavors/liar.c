/* Breaks the contract in the way that the target's repository names. */
#include <string.h>

#include "plugins/abi/flavor_abi.h"

static gantry_code Authenticate(gantry_flavor* flavor, gantry_call* call,
                                const gantry_target* target, uint32_t actions,
                                gantry_credential_sink sink);
static gantry_code PreparePush(gantry_flavor* flavor, gantry_call* call,
                               const gantry_target* target, gantry_push_plan_sink sink);
static gantry_code Push(gantry_flavor* flavor, gantry_call* call, const gantry_push_plan* plan,
                        gantry_image_sink sink);
static gantry_code List(gantry_flavor* flavor, gantry_call* call, const gantry_target* target,
                        gantry_str page_token, uint32_t page_size, gantry_image_sink sink,
                        gantry_str_sink next_page_token);
static gantry_code Remove(gantry_flavor* flavor, gantry_call* call, const gantry_target* target);
static gantry_code Diagnose(gantry_flavor* flavor, gantry_call* call, const gantry_target* target,
                            gantry_finding_sink sink);

#define FAKE_NAME "liar"
#define FAKE_AUTHENTICATE Authenticate
#define FAKE_PREPARE_PUSH PreparePush
#define FAKE_PUSH Push
#define FAKE_LIST List
#define FAKE_REMOVE Remove
#define FAKE_DIAGNOSE Diagnose
#include "fake_table.h"

static const gantry_str kNothing = {NULL, 0};

static int Is(const gantry_target* target, const char* lie) {
  return target->repository.size == strlen(lie) &&
         memcmp(target->repository.data, lie, strlen(lie)) == 0;
}

static gantry_code Authenticate(gantry_flavor* flavor, gantry_call* call,
                                const gantry_target* target, uint32_t actions,
                                gantry_credential_sink sink) {
  gantry_credential credential = {sizeof credential,    GANTRY_AUTH_BASIC, target->registry_host,
                                  FAKE_STR("somebody"), FAKE_STR("word"),  0};
  (void)flavor, (void)call, (void)actions;
  if (Is(target, "no-record")) return GANTRY_OK;
  if (Is(target, "other-host")) credential.registry_host = (gantry_str)FAKE_STR("evil.example");
  if (Is(target, "unknown-scheme")) credential.scheme = 77;
  if (Is(target, "cut-short")) credential.struct_size = 8;
  if (Is(target, "no-address")) credential.username = (gantry_str){NULL, 20};
  if (Is(target, "huge-secret")) credential.secret.size = (size_t)1 << 40;
  if (Is(target, "header-break")) {
    credential.scheme = GANTRY_AUTH_BEARER;
    credential.secret = (gantry_str)FAKE_STR("a\r\nHost: evil");
  }
  if (Is(target, "no-secret")) credential.secret = kNothing;
  if (Is(target, "far-expiry")) credential.expires_unix_ms = INT64_MAX;
  sink.put(sink.ctx, Is(target, "null-record") ? NULL : &credential);
  return GANTRY_OK;
}

static gantry_code PreparePush(gantry_flavor* flavor, gantry_call* call,
                               const gantry_target* target, gantry_push_plan_sink sink) {
  gantry_target to = *target;
  gantry_str mount = FAKE_STR("NOT A NAME");
  gantry_push_plan plan = {sizeof plan, 0, &to, NULL, 0, 0, GANTRY_UPLOAD_STREAM, 0, 0};
  (void)flavor, (void)call;
  if (Is(target, "no-record")) return GANTRY_OK;
  if (Is(target, "unknown-upload")) plan.upload = 42;
  if (Is(target, "empty-chunks")) plan.upload = GANTRY_UPLOAD_CHUNKED;
  if (Is(target, "other-host")) to.registry_host = (gantry_str)FAKE_STR("evil.example");
  if (Is(target, "bad-name")) to.repository = (gantry_str)FAKE_STR("../UP");
  if (Is(target, "null-target")) plan.target = NULL;
  if (Is(target, "bad-mount")) plan.mount_from = &mount, plan.mount_from_count = 1;
  if (Is(target, "many-mounts")) plan.mount_from = &mount, plan.mount_from_count = SIZE_MAX;
  sink.put(sink.ctx, &plan);
  return GANTRY_OK;
}

struct Again {
  const gantry_host* host;
  gantry_call* call;
  const gantry_push_plan* plan;
  gantry_image_sink sink;
  gantry_code code;
};

/* Comes while the push is under way. */
static int32_t PushAgain(void* ctx, const gantry_image* image) {
  struct Again* again = ctx;
  again->sink.put(again->sink.ctx, image);
  again->code = again->host->push(again->host->ctx, again->call, again->plan, again->sink);
  return 0;
}

static gantry_code Push(gantry_flavor* flavor, gantry_call* call, const gantry_push_plan* plan,
                        gantry_image_sink sink) {
  const gantry_host* host = flavor->host;
  gantry_image image = {
      sizeof image, FAKE_STR("registry.example.com/a:b"), kNothing, kNothing, NULL, 0, 0, 0};
  gantry_image_sink ignore = sink;
  gantry_push_plan elsewhere = *plan;
  gantry_target other = *plan->target;
  if (Is(plan->target, "no-record")) return GANTRY_OK;
  if (Is(plan->target, "no-digest")) sink.put(sink.ctx, &image);
  if (Is(plan->target, "bad-digest")) {
    image.digest = (gantry_str)FAKE_STR("sha256:short");
    sink.put(sink.ctx, &image);
  }
  if (Is(plan->target, "other-digest")) {
    image.digest = (gantry_str)FAKE_STR(
        "sha256:0000000000000000000000000000000000000000000000000000000000000000");
    sink.put(sink.ctx, &image);
    return host->push(host->ctx, call, plan, ignore);
  }
  if (Is(plan->target, "elsewhere")) {
    other.registry_host = (gantry_str)FAKE_STR("evil.example");
    elsewhere.target = &other;
    return host->push(host->ctx, call, &elsewhere, sink);
  }
  if (Is(plan->target, "at-once")) {
    struct Again again = {host, call, plan, sink, GANTRY_OK};
    const gantry_image_sink nested = {&again, PushAgain};
    (void)host->push(host->ctx, call, plan, nested);
    return again.code;
  }
  return GANTRY_OK;
}

static gantry_code List(gantry_flavor* flavor, gantry_call* call, const gantry_target* target,
                        gantry_str page_token, uint32_t page_size, gantry_image_sink sink,
                        gantry_str_sink next_page_token) {
  gantry_image image = {
      sizeof image, FAKE_STR("registry.example.com/a:b"), kNothing, kNothing, NULL, 0, 0, 0};
  const gantry_str long_token = {"x", (size_t)1 << 40};
  (void)flavor, (void)call, (void)page_token, (void)page_size;
  if (Is(target, "code-99")) return 99;
  if (Is(target, "code-negative")) return -5;
  if (Is(target, "endless")) {
    while (sink.put(sink.ctx, &image) == 0) continue;
  }
  if (Is(target, "long-token")) next_page_token.put(next_page_token.ctx, &long_token);
  if (Is(target, "bad-utf8")) {
    image.media_type = (gantry_str)FAKE_STR("text/\xff\xfe");
    sink.put(sink.ctx, &image);
  }
  return GANTRY_OK;
}

static gantry_code Remove(gantry_flavor* flavor, gantry_call* call, const gantry_target* target) {
  const gantry_host* host = flavor->host;
  gantry_error error = {sizeof error, GANTRY_NOT_FOUND, kNothing, kNothing, NULL, 0, -1};
  const gantry_kv remedy = {FAKE_STR("remedy"), FAKE_STR("Look elsewhere.")};
  if (Is(target, "no-detail")) return GANTRY_PERMISSION_DENIED;
  if (Is(target, "fail-unknown")) error.code = 1234;
  if (Is(target, "fail-null")) return host->fail(host->ctx, call, NULL);
  if (Is(target, "fail-twice")) {
    error.message = (gantry_str)FAKE_STR("first");
    host->fail(host->ctx, call, &error);
    error.message = (gantry_str)FAKE_STR("last");
  }
  if (Is(target, "fail-garbage")) {
    error.reason = (gantry_str)FAKE_STR("not a reason");
    error.message = (gantry_str)FAKE_STR("bad \xff bytes\nand lines");
    error.metadata = &remedy;
    error.metadata_count = 1;
    error.retry_after_ms = INT64_MAX;
  }
  if (Is(target, "fail-then-ok")) {
    host->fail(host->ctx, call, &error);
    return GANTRY_OK;
  }
  return host->fail(host->ctx, call, &error);
}

static gantry_code Diagnose(gantry_flavor* flavor, gantry_call* call, const gantry_target* target,
                            gantry_finding_sink sink) {
  gantry_finding finding = {sizeof finding, GANTRY_WARN,        FAKE_STR("check"),
                            kNothing,       FAKE_STR("m\xffm"), kNothing};
  (void)flavor, (void)call, (void)target;
  sink.put(sink.ctx, &finding);
  finding.level = 9;
  sink.put(sink.ctx, &finding);
  return GANTRY_OK;
}
