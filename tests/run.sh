#!/usr/bin/env bash
# Installs what the tests need, builds, runs everything, and ends with ctest's own summary.
#
#   tests/run.sh [--preset dev|asan|tsan] [--only REGEX] [--fuzz SECONDS] [--no-install]
#
#   --preset   which build to test (dev; asan = ASan and UBSan; tsan = ThreadSanitizer)
#   --only     run just the tests whose names match
#   --fuzz     seconds per fuzz target in place of the short run
set -euo pipefail
cd "$(dirname "$0")/.."
self=("$PWD/tests/run.sh" "$@")

preset=dev only='' fuzz_seconds=5 install=yes
while [ $# -gt 0 ]; do
  case "$1" in
    --preset) preset=$2; shift 2 ;;
    --only) only=$2; shift 2 ;;
    --fuzz) fuzz_seconds=$2; shift 2 ;;
    --no-install) install=no; shift ;;
    -h | --help) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "unknown option $1; see tests/run.sh --help" >&2; exit 2 ;;
  esac
done

if [ "$install" = yes ]; then
  deploy/install-packages.sh deploy/packages-build.txt deploy/packages-quickstart.txt tests/packages.txt
  . deploy/as-owner.sh "${self[@]}"
fi

export CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
cmake --preset "$preset" >/dev/null
cmake --build --preset "$preset" -j "$(nproc)"

echo "Ready to test after $((SECONDS / 60)) min $((SECONDS % 60)) s"

# The fuzz targets are clang's; they are one more test of the default run.
export GANTRY_FUZZ_SECONDS=$fuzz_seconds
ctest --preset "$preset" -j "$(nproc)" --no-tests=error ${only:+-R "$only"}
