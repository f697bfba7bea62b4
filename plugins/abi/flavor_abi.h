/* The only header the host and a flavor share.
 *
 * C11 and libc types only.  A flavor exports ONE symbol, gantry_flavor_v1, which
 * returns a const table.  Nothing allocated on one side is freed on the other:
 * arguments are borrowed until the call returns, results leave through a sink
 * that the host owns.  No exception, longjmp or C++ type may cross this line.
 */
#ifndef GANTRY_FLAVOR_ABI_H_
#define GANTRY_FLAVOR_ABI_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#define GANTRY_NOEXCEPT noexcept
#else
#define GANTRY_NOEXCEPT
#endif

#define GANTRY_EXPORT __attribute__((visibility("default")))
#define GANTRY_MAGIC 0x474e5452u /* "GNTR" */
#define GANTRY_ABI_MINOR 0u      /* the major is in the symbol's name; a minor only appends */

/* Does the other side's struct reach FIELD?  Ask before reading a field newer than minor 0. */
#define GANTRY_HAS(p, field) \
  ((p)->struct_size >= (uint32_t)((const char*)(&(p)->field + 1) - (const char*)(p)))

/* Frozen for ever: these three may be passed and embedded by value.  Every other struct
 * starts with struct_size, may grow at its end, and so is only ever passed by pointer. */
typedef struct gantry_str {
  const char* data;
  size_t size;
} gantry_str; /* no NUL promised */
typedef struct gantry_kv {
  gantry_str key, value;
} gantry_kv;
#define GANTRY_SINK(T) /* put() takes one record; non-zero means "stop, I have enough" */ \
  typedef struct T##_sink {                                                               \
    void* ctx;                                                                            \
    int32_t (*put)(void*, const T*) GANTRY_NOEXCEPT;                                      \
  } T##_sink

/* Numerically equal to google.rpc.Code, so the host needs no mapping table. */
typedef int32_t gantry_code;
enum {
  GANTRY_OK = 0,
  GANTRY_CANCELLED = 1,
  GANTRY_INVALID_ARGUMENT = 3,
  GANTRY_DEADLINE_EXCEEDED = 4,
  GANTRY_NOT_FOUND = 5,
  GANTRY_ALREADY_EXISTS = 6,
  GANTRY_PERMISSION_DENIED = 7,
  GANTRY_RESOURCE_EXHAUSTED = 8,
  GANTRY_FAILED_PRECONDITION = 9,
  GANTRY_UNIMPLEMENTED = 12,
  GANTRY_INTERNAL = 13,
  GANTRY_UNAVAILABLE = 14,
  GANTRY_UNAUTHENTICATED = 16
};
enum {
  GANTRY_DEBUG = 1,
  GANTRY_INFO = 2,
  GANTRY_WARN = 3,
  GANTRY_ERROR = 4
}; /* log and finding levels */
/* Actions wanted.  HAND_OUT: the credential leaves the daemon, so it is as narrow and short-lived
 * as the cloud can make it, of scheme BASIC, and never the connector's own where the cloud gives
 * any other. */
enum { GANTRY_PULL = 1u, GANTRY_PUSH = 2u, GANTRY_DELETE = 4u, GANTRY_HAND_OUT = 8u };
/* How narrow a credential is that leaves the daemon.  Unmarked: it may be as wide as the login that
 * it comes from.  READ_ONLY: it changes nothing.  ONE_REPOSITORY: it opens the target's repository
 * and no other. */
enum { GANTRY_CREDENTIAL_READ_ONLY = 1u, GANTRY_CREDENTIAL_ONE_REPOSITORY = 2u };
enum {
  GANTRY_AUTH_NONE = 0,
  GANTRY_AUTH_BASIC = 1,
  GANTRY_AUTH_BEARER = 2,
  GANTRY_AUTH_IDENTITY_TOKEN = 3
};
/* METADATA: to a service of the machine's own (link-local or loopback): no proxy, one try of two
 * seconds; only where the operator allows the daemon's own identity to be used. */
enum {
  GANTRY_HTTP_SECRET_BODY = 1u,
  GANTRY_HTTP_NO_REDIRECT = 2u,
  GANTRY_HTTP_IDEMPOTENT = 4u,
  GANTRY_HTTP_METADATA = 8u
};
enum { GANTRY_LOCAL_ENVIRONMENT = 1, GANTRY_LOCAL_FILE = 2 };
enum {
  GANTRY_CAN_PUSH = 1u,
  GANTRY_CAN_LIST = 2u,
  GANTRY_CAN_REMOVE = 4u,
  GANTRY_CAN_DIAGNOSE = 8u,
  GANTRY_CAN_VERIFY = 16u,
  GANTRY_CAN_LIST_RESOURCES = 32u
}; /* capabilities */
/* How blobs are sent: one PATCH of the whole blob; one PUT of the whole blob; PATCHes of
 * chunk_bytes each. */
enum { GANTRY_UPLOAD_STREAM = 0, GANTRY_UPLOAD_MONOLITHIC = 1, GANTRY_UPLOAD_CHUNKED = 2 };
/* LAX_COMMIT: 200 or 204 for a commit is taken, after a HEAD has confirmed it.  NEW_REPOSITORY: it
 * was made a moment ago, and the registry may say for a while that there is none.  NO_RANGE: what
 * the registry says about how much of an upload it has is not to be believed; an upload that broke
 * is begun anew. */
enum { GANTRY_PLAN_LAX_COMMIT = 1u, GANTRY_PLAN_NEW_REPOSITORY = 2u, GANTRY_PLAN_NO_RANGE = 4u };

typedef struct gantry_call
    gantry_call; /* one RPC: deadline, cancel, request id, error slot; host's */
typedef struct gantry_flavor gantry_flavor; /* one configured instance; the flavor's */

typedef struct gantry_error {
  uint32_t struct_size;
  gantry_code code;
  gantry_str reason; /* UPPER_SNAKE_CASE; becomes google.rpc.ErrorInfo.reason */
  gantry_str message;
  const gantry_kv* metadata;
  size_t metadata_count;  /* "remedy": a sentence that says what to do */
  int64_t retry_after_ms; /* < 0: no advice */
} gantry_error;

typedef struct gantry_target { /* where an image goes, or lives; host and repository canonical */
  uint32_t struct_size;
  gantry_str registry_host, repository, tag, digest;
} gantry_target;

typedef struct gantry_credential {
  uint32_t struct_size;
  int32_t scheme;              /* GANTRY_AUTH_* */
  gantry_str registry_host;    /* who may see it; the host enforces this */
  gantry_str username, secret; /* the host wipes its copy of secret */
  int64_t expires_unix_ms;     /* 0: unknown, the host applies its own ceiling */
  uint32_t flags;              /* GANTRY_CREDENTIAL_* */
} gantry_credential;
GANTRY_SINK(gantry_credential);

typedef struct gantry_push_plan {
  uint32_t struct_size;
  uint32_t max_parallel_blobs; /* 0: host default */
  const gantry_target* target; /* rewritten for this cloud */
  const gantry_str* mount_from;
  size_t mount_from_count; /* repositories of the same host, best first */
  int64_t chunk_bytes;     /* of GANTRY_UPLOAD_CHUNKED */
  int32_t upload;          /* GANTRY_UPLOAD_* */
  uint32_t flags;          /* GANTRY_PLAN_* */
  int64_t min_part_bytes;  /* of parts that a proxy forces, the last apart; 0: any size */
} gantry_push_plan;
GANTRY_SINK(gantry_push_plan);

typedef struct gantry_image { /* a pushed or listed image */
  uint32_t struct_size;
  gantry_str uri, digest, media_type; /* uri: what an orchestrator can pull */
  const gantry_str* tags;
  size_t tag_count;
  int64_t size_bytes, pushed_unix_ms;
} gantry_image;
GANTRY_SINK(gantry_image);

typedef struct gantry_resource { /* a registry that a connector reaches */
  uint32_t struct_size;
  gantry_str uri, description; /* uri: as a registry of the daemon would have it */
} gantry_resource;
GANTRY_SINK(gantry_resource);

typedef struct gantry_finding { /* validate_config, verify and diagnose */
  uint32_t struct_size;
  int32_t level;
  gantry_str check, field, message, remedy;
} gantry_finding;
GANTRY_SINK(gantry_finding);
GANTRY_SINK(gantry_str); /* page tokens, secrets */

typedef struct gantry_http_request {
  uint32_t struct_size;
  uint32_t flags; /* GANTRY_HTTP_* */
  gantry_str method, url, body;
  const gantry_kv* headers;
  size_t header_count;
} gantry_http_request;

typedef struct gantry_http_response { /* put once, whole, size-limited by the host */
  uint32_t struct_size;
  int32_t status;
  gantry_str body;
  const gantry_kv* headers;
  size_t header_count;
} gantry_http_response;
GANTRY_SINK(gantry_http_response);

/* What the host lends, valid from open() until close() returns.  Thread-safe.  Every function
 * names the call it works for, so deadline, proxy, TLS, redaction and quotas attach to it. */
typedef struct gantry_host {
  uint32_t struct_size, abi_minor;
  void* ctx;
  /* Of list_resources, the caller sees what comes at level WARN, too. */
  void (*log)(void* ctx, const gantry_call*, int32_t level, gantry_str message,
              const gantry_kv* fields, size_t field_count) GANTRY_NOEXCEPT;
  int64_t (*now_unix_ms)(void* ctx) GANTRY_NOEXCEPT;
  int64_t (*remaining_ms)(void* ctx, const gantry_call*) GANTRY_NOEXCEPT; /* <= 0: stop now */
  gantry_code (*fail)(void* ctx, gantry_call*,
                      const gantry_error*) GANTRY_NOEXCEPT; /* returns its code */
  gantry_code (*http)(void* ctx, gantry_call*, const gantry_http_request*,
                      gantry_http_response_sink) GANTRY_NOEXCEPT;
  /* One request to the target's registry; url is a path below it ("/v2/...").  The host logs in
   * with what the flavor's authenticate() gives, for these actions. */
  gantry_code (*registry)(void* ctx, gantry_call*, const gantry_target*, uint32_t actions,
                          const gantry_http_request*, gantry_http_response_sink) GANTRY_NOEXCEPT;
  gantry_code (*secret)(void* ctx, gantry_call*, gantry_str name, gantry_str_sink) GANTRY_NOEXCEPT;
  /* The push engine: moves the call's image to where the plan says.  One push of a call at a time. */
  gantry_code (*push)(void* ctx, gantry_call*, const gantry_push_plan*,
                      gantry_image_sink) GANTRY_NOEXCEPT;
  /* An environment variable or a file (1 MiB at most, read anew each time) of the daemon's machine:
   * what a login by the daemon's own identity needs.  NOT_FOUND when it is not there;
   * PERMISSION_DENIED unless the operator allows such logins. */
  gantry_code (*local)(void* ctx, gantry_call*, int32_t kind, gantry_str name,
                       gantry_str_sink) GANTRY_NOEXCEPT;
  /* Returns OK after that time, for a cloud's operation that takes a while; CANCELLED as soon as
   * the caller has gone, DEADLINE_EXCEEDED at once when the call has less time left. */
  gantry_code (*wait)(void* ctx, gantry_call*, int64_t milliseconds) GANTRY_NOEXCEPT;
} gantry_host;

/* open and close: never concurrent for one instance.  All else: concurrent, on any thread. */
typedef struct gantry_flavor_table {
  uint32_t magic, struct_size, abi_minor, capabilities;
  /* Describe, as data.  description_json: {"display_name", "best_for", "features", "cost",
   * "uri": {"form", "example"}, "hosts": [regular expressions of RE2, each for a whole host name
   * that is this flavor's alone], "config_schema": JSON Schema}.  errors_json, or empty: {"errors":
   * [{"status", "code", "text", "stage", "meaning", "remedy", "login_ended"}]}: what the cloud's
   * refusals mean, the first match counts; "status", "code" (the registry's or API's) and "text" (a
   * part of the message) are optional, case is ignored, "stage" is for errors on the way to a host
   * of the cloud alone ("dns", "proxy", "tcp", "tls"), {host} and {repository} in a remedy are
   * filled in.  "login_ended": true says that the registry so refuses a login that has ended; the
   * host asks authenticate() for another and sends the request again, as it does after 401. Each
   * connector type, that other flavors may declare too: {"type", "display_name", "description",
   * "auth_methods": [{"name", "display_name", "implicit": whether it uses the daemon's own
   * identity, "config_schema": JSON Schema, secrets marked "writeOnly"}]}. */
  gantry_str name, version, description_json, errors_json;
  const gantry_str* connector_types;
  size_t connector_type_count;
  /* Of a registry, or of a connector alone: then uri is empty.  Fields of the connector are
   * "connector.<name>". A finding of level ERROR refuses the configuration, WARN is told to whoever
   * stores it. */
  gantry_code (*validate_config)(const gantry_host*, gantry_call*, gantry_str config,
                                 gantry_finding_sink) GANTRY_NOEXCEPT;
  gantry_code (*open)(const gantry_host*, gantry_call*, gantry_str config,
                      gantry_flavor** out) GANTRY_NOEXCEPT;
  void (*close)(gantry_flavor*) GANTRY_NOEXCEPT; /* joins every thread the flavor started */
  gantry_code (*authenticate)(gantry_flavor*, gantry_call*, const gantry_target*, uint32_t actions,
                              gantry_credential_sink) GANTRY_NOEXCEPT;
  gantry_code (*prepare_push)(gantry_flavor*, gantry_call*, const gantry_target*,
                              gantry_push_plan_sink) GANTRY_NOEXCEPT;
  /* Every push goes through here; a flavor with nothing special to do calls host->push. */
  gantry_code (*push)(gantry_flavor*, gantry_call*, const gantry_push_plan*,
                      gantry_image_sink) GANTRY_NOEXCEPT;
  gantry_code (*list)(gantry_flavor*, gantry_call*, const gantry_target*, gantry_str page_token,
                      uint32_t page_size, gantry_image_sink,
                      gantry_str_sink next_page_token) GANTRY_NOEXCEPT;
  gantry_code (*remove)(gantry_flavor*, gantry_call*, const gantry_target*) GANTRY_NOEXCEPT;
  /* Of the registry, and where the target has a repository, of the right to it.  The host has tried
   * an upload before.  A finding below ERROR whose check is "push-right" says why it was refused
   * and that a push will not be: it makes the repository first. */
  gantry_code (*diagnose)(gantry_flavor*, gantry_call*, const gantry_target*,
                          gantry_finding_sink) GANTRY_NOEXCEPT;
  /* On an instance whose uri may be empty, for a connector before any registry names it: tries the
   * credential for real and reports who it is as a finding of level INFO; an error refuses it. */
  gantry_code (*verify)(gantry_flavor*, gantry_call*, gantry_finding_sink) GANTRY_NOEXCEPT;
  gantry_code (*list_resources)(gantry_flavor*, gantry_call*, gantry_str page_token,
                                gantry_resource_sink,
                                gantry_str_sink next_page_token) GANTRY_NOEXCEPT;
  /* minor 1 and later append here; nothing above ever moves */
} gantry_flavor_table;

GANTRY_EXPORT const gantry_flavor_table* gantry_flavor_v1(void) GANTRY_NOEXCEPT;

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* GANTRY_FLAVOR_ABI_H_ */
