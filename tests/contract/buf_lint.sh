#!/usr/bin/env bash
# buf's STANDARD lint over the API, with the exceptions that proto/buf.yaml states.  buf comes from npm;
# without npm the check is skipped, and ctest says so.
set -euo pipefail
cd "$(dirname "$0")/../../proto"

modules=$(../tests/npm_package.sh @bufbuild/buf)
"$modules/.bin/buf" lint
echo "buf lint: no faults"
