#!/usr/bin/env bash
# From a fresh Debian 12 to a pushed image: installs, builds, starts `gantryd --dev`, pushes a small
# real image through a flavor, and proves it by pulling it back with skopeo.
#
#   deploy/quickstart.sh [--keep]
#
#   --keep   leave the daemon running at the end
set -euo pipefail
cd "$(dirname "$0")/.."

keep=no
case "${1:-}" in
  '') ;;
  --keep) keep=yes ;;
  *) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
step() { printf '\n\033[1m== %s\033[0m\n' "$*"; }

step "Packages"
deploy/install-packages.sh deploy/packages-build.txt deploy/packages-quickstart.txt

step "Build and install into build/quickstart"
cmake --preset release >/dev/null
cmake --build --preset release -j "$(nproc)"
prefix=$PWD/build/quickstart
rm -rf "$prefix"
cmake --install build/release --prefix "$prefix" >/dev/null
export PATH=$prefix/bin:$PATH

step "gantryd --dev"
state=$prefix/state log=$prefix/gantryd.log
export GANTRY_ADDRESS=${GANTRY_ADDRESS:-127.0.0.1:7460}
gantryd --dev --listen "$GANTRY_ADDRESS" --state-dir "$state" >"$log" 2>&1 &
daemon=$!
[ "$keep" = yes ] || trap 'kill $daemon 2>/dev/null; wait $daemon 2>/dev/null || true' EXIT
until gantry flavor list >/dev/null 2>&1; do
  kill -0 $daemon 2>/dev/null || { cat "$log"; exit 1; }
  read -rt 0.1 <> <(:) || true
done
gantry container-registry describe local

step "An image, made with Debian's umoci"
deploy/example/build-image.sh "$prefix/image"

step "gantry push"
gantry push "oci:$prefix/image:latest" --registry local --pipeline hello_pipeline
digest_uri=$(gantry push "oci:$prefix/image:latest" --registry local --pipeline hello_pipeline --quiet)

step "Pulled back by skopeo, unpacked by umoci, and run"
skopeo copy --src-tls-verify=false "docker://$digest_uri" "oci:$prefix/pulled:latest"
umoci unpack --rootless --image "$prefix/pulled:latest" "$prefix/bundle" >/dev/null
"$prefix/bundle/rootfs/hello"

printf '\nPull it with:  %s\n' "$digest_uri"
if [ "$keep" = yes ]; then
  echo "gantryd still runs (pid $daemon, log $log); stop it with: kill $daemon"
else
  echo "Start it again with:  $prefix/bin/gantryd --dev --state-dir $state"
fi
