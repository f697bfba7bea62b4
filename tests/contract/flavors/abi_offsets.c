/* The layout as a C compiler sees it. */
#include "plugins/abi/flavor_abi.h"

#define FIELD(type, field, at) _Static_assert(offsetof(type, field) == (at), #type "." #field);
#define SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type);
#define VALUE(name, value) _Static_assert((name) == (value), #name);
#include "abi_offsets.inc"
