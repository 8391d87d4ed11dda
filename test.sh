#!/usr/bin/env bash
# Installs what tests need, builds everything, and runs every test: C++ (ctest), dashboard (vitest),
# whole-product tests with foreign peers (pytest) and in a browser (playwright), and a short run of
# the fuzzers. Goes on after a failing step, so that one run shows all that is wrong.
set -euo pipefail
cd "$(dirname "$0")"
. deploy/prepare.sh

case "${1:-}" in
  "") ;;
  -h | --help)
    echo "usage: ./test.sh   (SURVEILLX_MODELS names a folder of weights; default ../shared/models)"
    exit 0
    ;;
  *)
    echo "test.sh: unknown argument $1" >&2
    exit 2
    ;;
esac

if [ -z "${SURVEILLX_MODELS:-}" ] && [ -d ../shared/models ]; then
  SURVEILLX_MODELS=$(realpath ../shared/models)
  export SURVEILLX_MODELS
fi
export SURVEILLX_BUILD="$PWD/build/release"
export SURVEILLX_CHROMIUM="${SURVEILLX_CHROMIUM:-/usr/bin/chromium}"

failed=()
step() {
  local name=$1 begin=$SECONDS
  shift
  say "$name"
  if "$@"; then
    say "$name: passed in $((SECONDS - begin)) s"
  else
    say "$name: FAILED after $((SECONDS - begin)) s"
    failed+=("$name")
  fi
}

install_packages deploy/packages-run.txt deploy/packages-test.txt
build_dashboard

dashboard_tests() { (cd dashboard && npm run --silent typecheck && npm run --silent lint && npm test); }
dashboard_e2e() { (cd dashboard && npm run --silent e2e); }
product_e2e() { (cd tests/e2e && ../../dashboard/node_modules/.bin/playwright test); }
# A few seconds each: enough to notice a parser that a change has broken at once.
fuzzers() {
  cmake --preset fuzz >/dev/null && cmake --build build/fuzz || return 1
  local target
  for target in build/fuzz/fuzz/*_fuzz; do
    echo "-- $(basename "$target")"
    "$target" -max_total_time=5 -rss_limit_mb=2048 -print_final_stats=0 2>&1 | tail -n 1
    [ "${PIPESTATUS[0]}" -eq 0 ] || return 1
  done
}

say "Building"
cmake --preset release -DSURVEILLX_TESTS=ON -DSURVEILLX_BENCH=ON >/dev/null
cmake --build build/release

step "C++ tests" ctest --preset release --parallel 2
step "Dashboard tests" dashboard_tests
step "Dashboard in a browser" dashboard_e2e
step "Foreign peers and whole processes" /usr/bin/python3 -m pytest -q -rs tests/integration tests/soak
step "The product in a browser" product_e2e
step "Fuzzers" fuzzers

if [ "${#failed[@]}" -gt 0 ]; then
  say "FAILED: ${failed[*]}"
  exit 1
fi
say "All tests passed in $SECONDS s"
