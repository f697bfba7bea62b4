#!/usr/bin/env bash
# Builds the fuzz targets with clang, ASan and UBSan and runs each for a while on a copy of its corpus.
#   tests/fuzz/run.sh [SECONDS]      (default: $GANTRY_FUZZ_SECONDS, else 5)
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-${GANTRY_FUZZ_SECONDS:-5}}

cmake --preset fuzz >/dev/null
targets=(reference challenge manifest config_json tar_source)
cmake --build --preset fuzz -j "$(nproc)" --target "${targets[@]/#/fuzz_}" >/dev/null
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for target in "${targets[@]}"; do
  cp -r "tests/fuzz/corpus/$target" "$work/$target"
  # A crash leaves its input in the work folder's parent, so that it can be added to the corpus.
  build/fuzz/tests/fuzz/fuzz_"$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 \
    -max_len=65536 -artifact_prefix=build/fuzz/"$target"- -verbosity=0 -print_final_stats=1 "$work/$target" \
    2>"$work/log" || { cat "$work/log"; exit 1; }
  executed=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log")
  [ "${executed:-0}" -gt 0 ] || { cat "$work/log"; exit 1; }
  echo "fuzz_$target: $executed runs in ${seconds}s, no fault"
done
