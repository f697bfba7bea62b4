#!/usr/bin/env bash
# buf's STANDARD lint over the API, with the exceptions that proto/buf.yaml states.  buf comes from npm;
# without npm the check is skipped, and ctest says so.
set -euo pipefail
cd "$(dirname "$0")/../../proto"

command -v npm >/dev/null || { echo "SKIPPED: npm is not installed"; exit 77; }
cache=${XDG_CACHE_HOME:-$HOME/.cache}/gantry-buf
mkdir -p "$cache"
if [ ! -x "$cache/node_modules/.bin/buf" ]; then
  npm install --silent --no-fund --no-audit --prefix "$cache" @bufbuild/buf >/dev/null 2>&1 ||
    { echo "SKIPPED: npm could not install @bufbuild/buf"; exit 77; }
fi
"$cache/node_modules/.bin/buf" lint
echo "buf lint: no faults"
