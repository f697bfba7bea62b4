#!/usr/bin/env bash
# Makes a small real image, without a container engine: an OCI layout by Debian's umoci.
#   deploy/example/build-image.sh DIRECTORY
set -euo pipefail
layout=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

umoci init --layout "$layout"
umoci new --image "$layout:latest"
umoci unpack --rootless --image "$layout:latest" "$work/bundle"
gcc -static -Os -o "$work/bundle/rootfs/hello" "$(dirname "$0")/hello.c"
umoci repack --image "$layout:latest" "$work/bundle"
umoci config --image "$layout:latest" --config.cmd /hello
