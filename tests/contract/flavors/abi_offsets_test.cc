// The layout as a C++ compiler sees it, and that the list has every field of the header.
#include <gtest/gtest.h>

#include "plugins/abi/flavor_abi.h"

#define FIELD(type, field, at) static_assert(offsetof(type, field) == (at), #type "." #field);
#define SIZE(type, bytes) static_assert(sizeof(type) == (bytes), #type);
#define VALUE(name, value) static_assert((name) == (value), #name);
#include "abi_offsets.inc"
#undef FIELD
#undef SIZE
#undef VALUE

namespace {

struct Field {
  const char* type;
  const char* name;
  size_t begin, end;
};

#define FIELD(type, field, at) {#type, #field, at, (at) + sizeof(type::field)},
#define SIZE(type, bytes) {#type, nullptr, bytes, bytes},
#define VALUE(name, value)
constexpr Field kFields[] = {
#include "abi_offsets.inc"
};

TEST(AbiOffsets, ListedFieldsLeaveNoRoomForAnUnlistedOne) {
  size_t end = 0;
  for (const Field& field : kFields) {
    const bool first = field.begin == 0;
    const bool only_size = field.name == nullptr && end == 0;
    if (first) end = 0;
    if (!only_size) {
      // What lies between two fields is padding: less than an alignment.
      EXPECT_LT(field.begin - end, 8u)
          << field.type << ", before " << (field.name ? field.name : "its end");
    }
    end = field.name == nullptr ? 0 : field.end;
  }
}

TEST(AbiOffsets, HasTellsWhetherAStructReachesAField) {
  gantry_flavor_table table{};
  table.struct_size = sizeof table;
  EXPECT_TRUE(GANTRY_HAS(&table, diagnose));
  table.struct_size = offsetof(gantry_flavor_table, diagnose);
  EXPECT_FALSE(GANTRY_HAS(&table, diagnose));
  EXPECT_TRUE(GANTRY_HAS(&table, remove));
}

}  // namespace
