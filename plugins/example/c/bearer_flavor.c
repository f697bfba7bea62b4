/* A flavor in plain C: a registry behind a gateway that takes one bearer token.
 *
 * All that it needs is the ABI's header.  No library, no JSON parser: the only field that its
 * connector has is the token, and that is read by its name.
 */
#include <stdlib.h>

#include "plugins/abi/flavor_abi.h"

#define STR(text) \
  { text, sizeof(text) - 1 }

static const char kDescription[] =
    "{\"display_name\": \"Registry with a bearer token\","
    " \"best_for\": \"Registries behind a gateway that checks tokens of its own\","
    " \"features\": \"One token, sent as it is\", \"cost\": \"That of the registry\","
    " \"uri\": {\"form\": \"<host>[/<path>]\", \"example\": \"gateway.example.com/team\"},"
    " \"config_schema\": {\"type\": \"object\", \"additionalProperties\": false}}";

static const char kErrors[] =
    "{\"errors\": [{\"status\": 401, \"meaning\": \"the gateway does not take the token\","
    " \"remedy\": \"Update the connector with a token that {host} takes.\"}]}";

static const char kConnector[] =
    "{\"type\": \"bearer\", \"display_name\": \"Bearer token\","
    " \"description\": \"A token that the registry takes as it is.\","
    " \"auth_methods\": [{\"name\": \"token\", \"display_name\": \"Token\", \"config_schema\":"
    " {\"type\": \"object\", \"required\": [\"token\"], \"additionalProperties\": false,"
    " \"properties\": {\"token\": {\"type\": \"string\", \"minLength\": 1, \"writeOnly\": true,"
    " \"description\": \"The token.\"}}}}]}";

struct gantry_flavor {
  const gantry_host* host; /* valid until close */
};

static gantry_code Open(const gantry_host* host, gantry_call* call, gantry_str config,
                        gantry_flavor** out) {
  (void)call, (void)config;
  *out = malloc(sizeof **out);
  if (*out == NULL) return GANTRY_RESOURCE_EXHAUSTED;
  (*out)->host = host;
  return GANTRY_OK;
}

static void Close(gantry_flavor* flavor) { free(flavor); }

struct login {
  const gantry_target* target;
  gantry_credential_sink sink;
};

/* The token is the host's, and only lent: it goes straight on to where the credential is wanted. */
static int32_t TakeToken(void* context, const gantry_str* token) {
  const struct login* login = context;
  const gantry_credential credential = {.struct_size = sizeof credential,
                                        .scheme = GANTRY_AUTH_BEARER,
                                        .registry_host = login->target->registry_host,
                                        .secret = *token};
  return login->sink.put(login->sink.ctx, &credential);
}

static gantry_code Authenticate(gantry_flavor* flavor, gantry_call* call,
                                const gantry_target* target, uint32_t actions,
                                gantry_credential_sink sink) {
  const gantry_host* host = flavor->host;
  if ((actions & GANTRY_HAND_OUT) != 0) { /* that would have to be a user name and a password */
    const gantry_kv remedy = {STR("remedy"), STR("Give whoever pulls a token of their own.")};
    const gantry_error error = {.struct_size = sizeof error,
                                .code = GANTRY_UNIMPLEMENTED,
                                .reason = STR("FLAVOR_UNSUPPORTED"),
                                .message = STR("a gateway's token is not handed out"),
                                .metadata = &remedy,
                                .metadata_count = 1,
                                .retry_after_ms = -1};
    return host->fail(host->ctx, call, &error);
  }
  struct login login = {target, sink};
  const gantry_code code = host->secret(host->ctx, call, (gantry_str)STR("token"),
                                        (gantry_str_sink){&login, TakeToken});
  if (code != GANTRY_NOT_FOUND) return code;
  /* No connector: nobody logs in, or what docker login has left on the daemon's machine does. */
  const gantry_credential none = {.struct_size = sizeof none,
                                  .scheme = GANTRY_AUTH_NONE,
                                  .registry_host = target->registry_host};
  sink.put(sink.ctx, &none);
  return GANTRY_OK;
}

static gantry_code PreparePush(gantry_flavor* flavor, gantry_call* call,
                               const gantry_target* target, gantry_push_plan_sink sink) {
  const gantry_push_plan plan = {
      .struct_size = sizeof plan, .target = target, .upload = GANTRY_UPLOAD_STREAM};
  (void)flavor, (void)call;
  sink.put(sink.ctx, &plan);
  return GANTRY_OK;
}

static gantry_code Push(gantry_flavor* flavor, gantry_call* call, const gantry_push_plan* plan,
                        gantry_image_sink sink) {
  return flavor->host->push(flavor->host->ctx, call, plan, sink);
}

static const gantry_str kConnectors[] = {STR(kConnector)};

/* What is not named is NULL, and answered with UNIMPLEMENTED. */
static const gantry_flavor_table kTable = {.magic = GANTRY_MAGIC,
                                           .struct_size = sizeof(gantry_flavor_table),
                                           .abi_minor = GANTRY_ABI_MINOR,
                                           .capabilities = GANTRY_CAN_PUSH,
                                           .name = STR("bearer"),
                                           .version = STR("1.0.0"),
                                           .description_json = STR(kDescription),
                                           .errors_json = STR(kErrors),
                                           .connector_types = kConnectors,
                                           .connector_type_count = 1,
                                           .open = Open,
                                           .close = Close,
                                           .authenticate = Authenticate,
                                           .prepare_push = PreparePush,
                                           .push = Push};

const gantry_flavor_table* gantry_flavor_v1(void) { return &kTable; }
