#!/bin/sh
# Builds the flavor with a C compiler and nothing else, beside Gantry's own: build.sh [PREFIX]
set -eu
prefix=${1:-/usr/local}
flavors=$prefix/lib/gantry/flavors

cc -std=c11 -pedantic -Wall -Wextra -Werror -O2 -shared -fPIC -fvisibility=hidden \
  -I"$prefix/include/gantry" "$(dirname "$0")/bearer_flavor.c" -o "$flavors/gantry_flavor_bearer.so"
# The daemon loads what the manifest lists, with its checksum.
cmake -DDIRECTORY="$flavors" -DFLAVORS=bearer -DKEEP=ON \
  -P "$prefix/lib/cmake/GantryFlavor/write_flavor_manifest.cmake"
