# Turns a flavor's JSON files into a header of raw string literals.  Run with -P; takes NAME, VERSION,
# DESCRIPTION (a file), ERRORS (a file, or empty), CONNECTORS (files, separated by "|") and OUTPUT.
cmake_minimum_required(VERSION 3.25)

# A field that several auth methods share stands once, in the file's "definitions".  In the JSON that
# `variable` holds, every property {"$ref": "#/definitions/NAME"} becomes the field itself, so that
# each method's schema is whole.
function(resolve_definitions variable file)
  set(json "${${variable}}")
  string(JSON definitions ERROR_VARIABLE none GET "${json}" definitions)
  if(none)
    return()
  endif()
  string(JSON json REMOVE "${json}" definitions)
  string(JSON methods LENGTH "${json}" auth_methods)
  foreach(method RANGE 1 ${methods})
    math(EXPR method "${method} - 1")
    set(properties auth_methods ${method} config_schema properties)
    string(JSON count ERROR_VARIABLE none LENGTH "${json}" ${properties})
    if(none OR count EQUAL 0)
      continue()
    endif()
    foreach(index RANGE 1 ${count})
      math(EXPR index "${index} - 1")
      string(JSON name MEMBER "${json}" ${properties} ${index})
      string(JSON ref ERROR_VARIABLE none GET "${json}" ${properties} ${name} "$ref")
      if(none)
        continue()
      endif()
      string(REGEX REPLACE "^#/definitions/" "" key "${ref}")
      string(JSON field ERROR_VARIABLE none GET "${definitions}" "${key}")
      if(none)
        message(FATAL_ERROR "${file}: ${name} refers to ${ref}, which is not among its definitions")
      endif()
      string(JSON json SET "${json}" ${properties} ${name} "${field}")
    endforeach()
  endforeach()
  set(${variable} "${json}" PARENT_SCOPE)
endfunction()

# Sets `result` to a raw string literal of the file, which must hold a JSON object.
function(literal result file)
  file(READ ${file} text)
  string(JSON type ERROR_VARIABLE error TYPE "${text}")
  if(error OR NOT type STREQUAL "OBJECT")
    message(FATAL_ERROR "${file}: not a JSON object: ${error}")
  endif()
  resolve_definitions(text ${file})
  string(STRIP "${text}" text)
  string(FIND "${text}" ")gantry_json\"" clash)
  if(NOT clash EQUAL -1)
    message(FATAL_ERROR "${file}: must not contain )gantry_json\"")
  endif()
  set(${result} "R\"gantry_json(${text})gantry_json\"" PARENT_SCOPE)
endfunction()

literal(description ${DESCRIPTION})
set(errors "\"\"")
if(ERRORS)
  literal(errors ${ERRORS})
endif()
set(header "// Generated from ${DESCRIPTION}.\n#pragma once\n\n#include \"plugins/abi/flavor_abi.h\"\n
namespace gantry_flavor_data {
inline constexpr char kName[] = \"${NAME}\";
inline constexpr char kVersion[] = \"${VERSION}\";
inline constexpr char kDescription[] = ${description};
inline constexpr char kErrors[] = ${errors};\n")

string(REPLACE "|" ";" CONNECTORS "${CONNECTORS}")
set(index 0)
set(list "")
foreach(file IN LISTS CONNECTORS)
  literal(connector ${file})
  string(APPEND header "inline constexpr char kConnector${index}[] = ${connector};\n")
  string(APPEND list "    {kConnector${index}, sizeof(kConnector${index}) - 1},\n")
  math(EXPR index "${index} + 1")
endforeach()
if(index)
  string(APPEND header "inline constexpr gantry_str kConnectorTypeList[] = {\n${list}};
inline constexpr const gantry_str* kConnectorTypes = kConnectorTypeList;\n")
else()
  string(APPEND header "inline constexpr const gantry_str* kConnectorTypes = nullptr;\n")
endif()
string(APPEND header "inline constexpr size_t kConnectorTypeCount = ${index};
}  // namespace gantry_flavor_data\n")
file(WRITE ${OUTPUT} "${header}")
