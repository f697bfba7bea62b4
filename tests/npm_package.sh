#!/usr/bin/env bash
# Prints the node_modules directory of an npm package, which is installed into the user's cache when it is
# not there yet.  Exits with 77, which ctest shows as skipped, where npm is absent or cannot get it.
#
#   tests/npm_package.sh PACKAGE[@VERSION]
set -euo pipefail

command -v npm >/dev/null || { echo "SKIPPED: npm is not installed" >&2; exit 77; }
directory=${XDG_CACHE_HOME:-$HOME/.cache}/gantry-npm/${1//[@\/]/_}
if [ ! -e "$directory/complete" ]; then
  mkdir -p "$directory"
  npm install --silent --no-fund --no-audit --prefix "$directory" "$1" >/dev/null 2>&1 ||
    { echo "SKIPPED: npm could not install $1" >&2; exit 77; }
  touch "$directory/complete"
fi
echo "$directory/node_modules"
