#!/usr/bin/env bash
# From a fresh Debian 12 to a pushed image: installs, builds, starts `gantryd --dev`, pushes a small
# real image through a flavor, and proves it by pulling it back with skopeo.
#
#   deploy/quickstart.sh [--keep] [--no-build DIR]
#
#   --keep           leave the daemon running at the end
#   --no-build DIR   install no packages and take what a build in DIR has made
#
# GANTRY_ADDRESS says where the daemon is to listen (127.0.0.1:7460).
set -euo pipefail
cd "$(dirname "$0")/.."
self=("$PWD/deploy/quickstart.sh" "$@")

keep=no built=''
while [ $# -gt 0 ]; do
  case "$1" in
    --keep) keep=yes; shift ;;
    --no-build) built=${2:?"--no-build needs a directory"}; shift 2 ;;
    *) sed -n '2,10s/^# \{0,1\}//p' "$0"; exit 2 ;;
  esac
done
bold='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\033[1m' plain=$'\033[0m'; fi
step() { printf '\n%s== %s%s\n' "$bold" "$*" "$plain"; }

export GANTRY_ADDRESS=${GANTRY_ADDRESS:-127.0.0.1:7460}
if (: <>"/dev/tcp/${GANTRY_ADDRESS%:*}/${GANTRY_ADDRESS##*:}") 2>/dev/null; then
  echo "Something listens on $GANTRY_ADDRESS already: stop it, or choose another address, such as" >&2
  echo "  GANTRY_ADDRESS=127.0.0.1:7461 deploy/quickstart.sh" >&2
  exit 1
fi

prefix=$PWD/build/quickstart
if [ -n "$built" ]; then
  prefix=$(realpath "$built")/quickstart
else
  step "Packages"
  deploy/install-packages.sh deploy/packages-build.txt deploy/packages-quickstart.txt
  . deploy/as-owner.sh "${self[@]}"

  step "Build and install into build/quickstart"
  cmake --preset release >/dev/null
  cmake --build --preset release -j "$(nproc)"
fi
rm -rf "$prefix"
cmake --install "${built:-build/release}" --prefix "$prefix" >/dev/null
export PATH=$prefix/bin:$PATH

step "gantryd --dev"
state=$prefix/state log=$prefix/gantryd.log
gantryd --dev --listen "$GANTRY_ADDRESS" --state-dir "$state" >"$log" 2>&1 &
daemon=$!
trap 'kill $daemon 2>/dev/null && wait $daemon || true' EXIT
until grep -q 'listening on' "$log"; do
  kill -0 $daemon 2>/dev/null || { cat "$log" >&2; exit 1; }
  sleep 0.1
done
gantry container-registry describe local

step "An image, made with Debian's umoci"
deploy/example/build-image.sh "$prefix/image"

step "gantry push"
gantry push "oci:$prefix/image:latest" --registry local --pipeline hello_pipeline
digest_uri=$(gantry push "oci:$prefix/image:latest" --registry local --pipeline hello_pipeline \
  --version latest --quiet)

step "Pulled back by skopeo, unpacked by umoci, and run"
stored=$(skopeo inspect --raw --tls-verify=false "docker://${digest_uri%@*}:latest" | sha256sum)
if [ "${digest_uri##*:}" != "${stored%% *}" ]; then
  echo "gantry push said $digest_uri, but what skopeo gets by the tag is sha256:${stored%% *}" >&2
  exit 1
fi
skopeo copy --src-tls-verify=false "docker://$digest_uri" "oci:$prefix/pulled:latest"
umoci unpack --rootless --image "$prefix/pulled:latest" "$prefix/bundle" >/dev/null
"$prefix/bundle/rootfs/hello"

printf '\nPushed, pulled and run:  %s\n' "$digest_uri"
if [ "$keep" = yes ]; then
  trap - EXIT
  echo "gantryd still runs (log: $log).  Stop it with:  kill $daemon"
else
  echo "gantryd has ended.  Start it again with:  $prefix/bin/gantryd --dev --state-dir $state"
fi
