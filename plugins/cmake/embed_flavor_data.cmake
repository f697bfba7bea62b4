# Turns a flavor's JSON files into a header of raw string literals.  Run with -P; takes NAME, VERSION,
# DESCRIPTION (a file), ERRORS (a file, or empty), CONNECTORS (files, separated by "|") and OUTPUT.
cmake_minimum_required(VERSION 3.25)

# Sets `result` to a raw string literal of the file, which must hold a JSON object.
function(literal result file)
  file(READ ${file} text)
  string(JSON type ERROR_VARIABLE error TYPE "${text}")
  if(error OR NOT type STREQUAL "OBJECT")
    message(FATAL_ERROR "${file}: not a JSON object: ${error}")
  endif()
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
