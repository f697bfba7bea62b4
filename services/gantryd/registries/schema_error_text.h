// What a JSON Schema validator found, told to people.
#pragma once

#include <string_view>
#include <vector>

#include "gantryd/registries/field_violations.h"
#include "oci/json.h"

namespace valijson {
class ValidationResults;
}

namespace gantry {

// One violation a field, the innermost cause; `prefix` goes before the fields.  Only names and what
// the schema says is shown, never a value of the config.
std::vector<FieldViolation> DescribeSchemaErrors(valijson::ValidationResults& results,
                                                 const Json& schema, std::string_view prefix);

}  // namespace gantry
