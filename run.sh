#!/usr/bin/env bash
# Installs what is missing, builds a release and starts SurveillX. Arguments go to `surveillx up`;
# `./run.sh --build` only installs and builds.
set -euo pipefail
cd "$(dirname "$0")"
. deploy/prepare.sh

install_packages deploy/packages-run.txt
build_dashboard
if [ ! -f build/release/build.ninja ]; then
  # Tests and benchmarks want packages of their own; test.sh turns them on.
  cmake --preset release -DSURVEILLX_TESTS=OFF -DSURVEILLX_BENCH=OFF >&2
fi
say "Building"
cmake --build build/release --target surveillx surveillx-socketio-conformance >&2

if [ "${1:-}" = --build ]; then
  say "Built build/release/surveillx"
  exit 0
fi
exec build/release/surveillx up "$@"
