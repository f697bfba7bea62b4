#!/usr/bin/env bash
# Builds the fuzz targets with clang, ASan and UBSan and runs each for a while on a copy of its corpus.
#   tests/fuzz/run.sh [SECONDS]      (default: $GANTRY_FUZZ_SECONDS, else 5)
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-${GANTRY_FUZZ_SECONDS:-5}}

# Every file here is a target, so that none is forgotten: one that is not built fails the build.
targets=()
for file in tests/fuzz/*_fuzz.cc; do
  target=${file##*/}
  targets+=("${target%_fuzz.cc}")
done
cmake --preset fuzz >/dev/null
cmake --build --preset fuzz -j "$(nproc)" --target "${targets[@]/#/fuzz_}" >/dev/null
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for target in "${targets[@]}"; do
  cp -r "tests/fuzz/corpus/$target" "$work/$target"
  inputs=$(find "$work/$target" -type f | wc -l)
  # A crash leaves its input in build/fuzz, so that it can be added to the corpus.
  build/fuzz/tests/fuzz/fuzz_"$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 \
    -max_len=65536 -artifact_prefix=build/fuzz/"$target"- -verbosity=0 -print_final_stats=1 "$work/$target" \
    2>"$work/log" || { cat "$work/log"; exit 1; }
  executed=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log")
  if [ "$inputs" -eq 0 ] || [ "${executed:-0}" -le "$inputs" ]; then
    cat "$work/log"
    echo "fuzz_$target: ${executed:-0} runs of $inputs inputs; nothing was tried" >&2
    exit 1
  fi
  echo "fuzz_$target: $executed runs in ${seconds}s, no fault"
done
