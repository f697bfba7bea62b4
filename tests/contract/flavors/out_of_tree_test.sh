#!/usr/bin/env bash
# Flavors are built against the installed SDK alone, installed beside Gantry's own, and all load and pass
# the conformance suite; then the installed gantryd, told nothing about where they are, pushes through them.
#
#   out_of_tree_test.sh CMAKE BUILD_DIR EXAMPLE_DIR LIST_FLAVORS CONFORMANCE_TEST
set -euo pipefail
cmake=$1 build=$2 example=$3 list_flavors=$4 conformance=$5

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix

# --strip changes the bytes: the installed manifest must be about what is installed.  What sanitizers are
# told not to report goes by names, which stripping takes away.
strip=--strip
[ -z "${GANTRY_SANITIZE:-}" ] || strip=
"$cmake" --install "$build" --prefix "$prefix" $strip >/dev/null
"$list_flavors" "$prefix/lib/gantry/flavors" | grep -q '^default '

# The copy sees nothing of the source tree.
cp -r "$example" "$work/example"
"$cmake" -S "$work/example" -B "$work/build" -DCMAKE_PREFIX_PATH="$prefix" \
  -DCMAKE_INSTALL_PREFIX="$prefix" -DGANTRY_SANITIZE="${GANTRY_SANITIZE:-}" \
  -DCMAKE_CXX_FLAGS="-O1 ${GANTRY_SANITIZE:+-fsanitize=$GANTRY_SANITIZE}" >/dev/null
"$cmake" --build "$work/build" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
"$list_flavors" "$work/build/flavors" | tee "$work/listed"
grep -q '^harbor 2.0.0 Harbor' "$work/listed"

# Installed into the same directory, it joins the manifest, and the others stay in it.  For a flavor in C
# the one header is enough.
"$cmake" --install "$work/build" >/dev/null
"$work/example/c/build.sh" "$prefix" >/dev/null
"$list_flavors" "$prefix/lib/gantry/flavors" | tee "$work/listed"
for name in bearer default dockerhub github harbor; do grep -q "^$name " "$work/listed"; done

# A filter that fits nothing passes, so each flavor's own tests have to be among those that ran.
GANTRY_FLAVORS_DIR=$prefix/lib/gantry/flavors "$conformance" --gtest_filter='*/harbor*:*/bearer*' \
  >"$work/conformance" || { cat "$work/conformance"; exit 1; }
for login in harbor_anonymous harbor_docker_password bearer_anonymous bearer_bearer_token; do
  grep -q "OK .*F8_OpenAndValidateConfigDoNoIo/$login " "$work/conformance"
done

GANTRY_BUILD_DIR=$build /usr/bin/python3 "$(dirname "$0")/out_of_tree_push_test.py" \
  "$prefix/bin"
