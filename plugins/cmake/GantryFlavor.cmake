# gantry_add_flavor() and gantry_flavor_manifest(): how a flavor is built, in this tree or out of it.
include_guard(GLOBAL)

# Paths as seen from any directory that calls; flavor.map lies beside this file once installed.
function(gantry_flavor_paths)
  set(here ${CMAKE_CURRENT_FUNCTION_LIST_DIR})
  set(GANTRY_FLAVOR_CMAKE_DIR ${here} PARENT_SCOPE)
  if(EXISTS ${here}/flavor.map)
    set(GANTRY_FLAVOR_MAP ${here}/flavor.map PARENT_SCOPE)
    set(GANTRY_FLAVOR_CONNECTORS_DIR ${here}/connectors PARENT_SCOPE)
  else()
    set(GANTRY_FLAVOR_MAP ${here}/../flavor.map PARENT_SCOPE)
    set(GANTRY_FLAVOR_CONNECTORS_DIR ${here}/../sdk/connectors PARENT_SCOPE)
  endif()
endfunction()

# gantry_add_flavor(<name> SOURCES <file>... DESCRIPTION <flavor.json> [ERRORS <errors.json>]
#                   [CONNECTORS <type or file.json>...] [VERSION <version>]
#                   [LIBRARIES <target>...] [DIRECTORY <dir>] [NO_INSTALL])
#
# Builds <dir>/gantry_flavor_<name>.so; <dir> is flavors/ of the build tree unless given.  The JSON
# files become the generated header flavor_data.h, which GANTRY_FLAVOR() reads.  A connector is a
# type that the SDK brings ("docker") or a file of the flavor's own.  The objects alone are
# gantry_flavor_<name>_objects, for tests that call the table directly.
function(gantry_add_flavor name)
  cmake_parse_arguments(ARG "NO_INSTALL" "DESCRIPTION;ERRORS;VERSION;DIRECTORY"
    "SOURCES;CONNECTORS;LIBRARIES" ${ARGN})
  gantry_flavor_paths()
  if(ARG_UNPARSED_ARGUMENTS OR NOT ARG_SOURCES OR NOT ARG_DESCRIPTION)
    message(FATAL_ERROR "gantry_add_flavor(${name}): SOURCES and DESCRIPTION are needed; "
      "not understood: '${ARG_UNPARSED_ARGUMENTS}'")
  endif()
  if(NOT name MATCHES "^[a-z][a-z0-9_]*$")
    message(FATAL_ERROR "gantry_add_flavor(${name}): a name is lower-case letters, digits and _")
  endif()
  if(NOT ARG_VERSION)
    set(ARG_VERSION ${PROJECT_VERSION})
  endif()
  if(NOT ARG_DIRECTORY)
    set(ARG_DIRECTORY ${CMAKE_BINARY_DIR}/flavors)
  endif()

  get_filename_component(description ${ARG_DESCRIPTION} ABSOLUTE)
  set(errors)
  if(ARG_ERRORS)
    get_filename_component(errors ${ARG_ERRORS} ABSOLUTE)
  endif()
  set(connectors)
  foreach(connector IN LISTS ARG_CONNECTORS)
    if(connector MATCHES "\\.json$")
      get_filename_component(connector ${connector} ABSOLUTE)
    else()
      set(connector ${GANTRY_FLAVOR_CONNECTORS_DIR}/${connector}.json)
    endif()
    list(APPEND connectors ${connector})
  endforeach()

  set(target gantry_flavor_${name})
  set(generated ${CMAKE_CURRENT_BINARY_DIR}/${target})
  set(embed ${GANTRY_FLAVOR_CMAKE_DIR}/embed_flavor_data.cmake)
  string(REPLACE ";" "|" connector_argument "${connectors}")
  add_custom_command(OUTPUT ${generated}/flavor_data.h
    COMMAND ${CMAKE_COMMAND} -DNAME=${name} -DVERSION=${ARG_VERSION} -DDESCRIPTION=${description}
            -DERRORS=${errors} "-DCONNECTORS=${connector_argument}" -DOUTPUT=${generated}/flavor_data.h -P ${embed}
    DEPENDS ${description} ${errors} ${connectors} ${embed}
    COMMENT "Embedding the description of flavor ${name}" VERBATIM)

  set(sdk gantry_flavor_sdk)
  if(NOT TARGET ${sdk})
    set(sdk Gantry::gantry_flavor_sdk)
  endif()
  add_library(${target}_objects OBJECT ${ARG_SOURCES} ${generated}/flavor_data.h)
  target_link_libraries(${target}_objects PUBLIC ${sdk} ${ARG_LIBRARIES})
  if(TARGET gantry_flavor_options)
    target_link_libraries(${target}_objects PUBLIC gantry_flavor_options)
  endif()
  target_include_directories(${target}_objects PRIVATE ${generated})
  target_compile_features(${target}_objects PUBLIC cxx_std_20)
  target_compile_options(${target}_objects PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fno-gnu-unique>)
  set_target_properties(${target}_objects PROPERTIES POSITION_INDEPENDENT_CODE ON
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)

  add_library(${target} MODULE $<TARGET_OBJECTS:${target}_objects>)
  target_link_libraries(${target} PRIVATE ${sdk} ${ARG_LIBRARIES})
  if(TARGET gantry_flavor_options)
    target_link_libraries(${target} PRIVATE gantry_flavor_options)
  endif()
  target_link_options(${target} PRIVATE -Wl,--version-script=${GANTRY_FLAVOR_MAP}
    -Wl,-z,now -Wl,-z,relro -Wl,--as-needed)
  if(NOT GANTRY_SANITIZE OR NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # clang links no sanitizer runtime into a shared object, so there nothing would resolve.
    target_link_options(${target} PRIVATE -Wl,-z,defs)
  endif()
  set_target_properties(${target} PROPERTIES PREFIX "" SUFFIX .so NO_SONAME ON LINKER_LANGUAGE CXX
    LIBRARY_OUTPUT_DIRECTORY ${ARG_DIRECTORY} LINK_DEPENDS ${GANTRY_FLAVOR_MAP}
    BUILD_WITH_INSTALL_RPATH ON INSTALL_RPATH "")

  string(MD5 key ${ARG_DIRECTORY})
  set_property(GLOBAL APPEND PROPERTY GANTRY_FLAVORS_${key} ${name})
  if(NOT ARG_NO_INSTALL)
    install(TARGETS ${target} LIBRARY DESTINATION lib/gantry/flavors COMPONENT flavors)
    set_property(GLOBAL APPEND PROPERTY GANTRY_FLAVORS_INSTALLED_${key} ${name})
  endif()
endfunction()

# gantry_flavor_manifest(TARGET <target> [DIRECTORY <dir>])
#
# Call once after the last gantry_add_flavor() of the directory.  <target> builds its flavors and
# writes <dir>/flavors.manifest.json; installing adds them to the installed manifest, with the
# checksums of the installed bytes, and leaves the entries of other flavors alone.
function(gantry_flavor_manifest)
  cmake_parse_arguments(ARG "" "TARGET;DIRECTORY" "" ${ARGN})
  gantry_flavor_paths()
  if(NOT ARG_DIRECTORY)
    set(ARG_DIRECTORY ${CMAKE_BINARY_DIR}/flavors)
  endif()
  string(MD5 key ${ARG_DIRECTORY})
  get_property(names GLOBAL PROPERTY GANTRY_FLAVORS_${key})
  get_property(installed GLOBAL PROPERTY GANTRY_FLAVORS_INSTALLED_${key})

  set(script ${GANTRY_FLAVOR_CMAKE_DIR}/write_flavor_manifest.cmake)
  set(targets ${names})
  list(TRANSFORM targets PREPEND gantry_flavor_)
  string(REPLACE ";" "|" name_argument "${names}")
  add_custom_command(OUTPUT ${ARG_DIRECTORY}/flavors.manifest.json
    COMMAND ${CMAKE_COMMAND} -DDIRECTORY=${ARG_DIRECTORY} "-DFLAVORS=${name_argument}" -P ${script}
    DEPENDS ${targets} ${script}
    COMMENT "Writing ${ARG_DIRECTORY}/flavors.manifest.json" VERBATIM)
  add_custom_target(${ARG_TARGET} ALL DEPENDS ${ARG_DIRECTORY}/flavors.manifest.json)
  set_property(TARGET ${ARG_TARGET} PROPERTY GANTRY_FLAVOR_NAMES "${names}")

  if(installed)
    string(REPLACE ";" "|" name_argument "${installed}")
    install(CODE "execute_process(COMMAND \"${CMAKE_COMMAND}\"
      \"-DDIRECTORY=\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/lib/gantry/flavors\"
      \"-DFLAVORS=${name_argument}\" -DKEEP=ON -P \"${script}\" COMMAND_ERROR_IS_FATAL ANY)"
      COMPONENT flavors)
  endif()
endfunction()
