# Writes DIRECTORY/flavors.manifest.json: what the daemon may load from there, with checksums.
#
#   cmake -DDIRECTORY=/usr/local/lib/gantry/flavors -DFLAVORS=acme -DKEEP=ON -P write_flavor_manifest.cmake
#
# FLAVORS names gantry_flavor_<name>.so files, separated by "|"; with KEEP the entries of other
# flavors stay as they are.
cmake_minimum_required(VERSION 3.25)

set(manifest ${DIRECTORY}/flavors.manifest.json)
string(REPLACE "|" ";" FLAVORS "${FLAVORS}")
set(entries "")

if(KEEP AND EXISTS ${manifest})
  file(READ ${manifest} old)
  string(JSON count LENGTH "${old}" flavors)
  if(count)
    math(EXPR last "${count} - 1")
    foreach(i RANGE ${last})
      string(JSON name GET "${old}" flavors ${i} name)
      string(JSON entry GET "${old}" flavors ${i})
      if(NOT name IN_LIST FLAVORS)
        string(REGEX REPLACE "[\n ]+" " " entry "${entry}")
        list(APPEND entries "${name}" "${entry}")
      endif()
    endforeach()
  endif()
endif()

foreach(name IN LISTS FLAVORS)
  set(file gantry_flavor_${name}.so)
  file(SHA256 ${DIRECTORY}/${file} sum)
  list(APPEND entries "${name}"
    "{ \"name\": \"${name}\", \"file\": \"${file}\", \"sha256\": \"${sum}\", \"abi\": 1 }")
endforeach()

set(lines "")
while(entries)
  list(POP_FRONT entries name entry)
  list(APPEND lines "    ${entry}")
endwhile()
list(SORT lines)
list(JOIN lines ",\n" body)
# Written beside and renamed, so that no reader sees half a manifest.
file(WRITE ${manifest}.new "{\n  \"flavors\": [\n${body}\n  ]\n}\n")
file(RENAME ${manifest}.new ${manifest})
