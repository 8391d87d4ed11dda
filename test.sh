#!/usr/bin/env bash
# Installs what tests need, builds everything, and runs every test: C++ (ctest), dashboard (vitest),
# whole-product tests with foreign peers (pytest) and in a browser (playwright), the unit tests again
# under sanitizers, and a short run of the fuzzers over their corpora. Goes on after a failing step,
# so that one run shows all that is wrong.
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
# Everything that tests need is installed and built here: what is missing fails instead of being skipped.
export SURVEILLX_TEST_COMPLETE=1
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
# A few seconds each, from the kept inputs on: enough to notice a parser that a change has broken at once.
fuzzers() {
  cmake --preset fuzz >/dev/null && cmake --build build/fuzz || return 1
  local target name found
  found=$(mktemp -d)
  for target in build/fuzz/fuzz/*_fuzz; do
    name=$(basename "$target" _fuzz)
    echo "-- $name"
    mkdir "$found/$name"
    # New inputs go into the first folder; the kept ones are only read.
    "$target" "$found/$name" "fuzz/corpus/$name" -max_total_time=5 -rss_limit_mb=2048 -timeout=10 \
      -print_final_stats=0 2>&1 | tail -n 1
    [ "${PIPESTATUS[0]}" -eq 0 ] || return 1
  done
  rm -rf "$found"
}
# sanitized PRESET LIBRARY...: builds and runs the unit tests of these libraries.
sanitized() {
  local preset=$1
  shift
  cmake --preset "$preset" -DSURVEILLX_BENCH=OFF >/dev/null &&
    cmake --build "build/$preset" --target "${@/%/_test}" &&
    ctest --preset "$preset" --parallel 2 --tests-regex "^($(IFS='|'; echo "$*"))\\."
}
# Which libraries run under which sanitizer: tests/sanitizers.txt.
under() { sed -n "s/^$1: *//p" tests/sanitizers.txt; }

say "Building"
cmake --preset release -DSURVEILLX_TESTS=ON -DSURVEILLX_BENCH=ON >/dev/null
cmake --build build/release

step "C++ tests" ctest --preset release --parallel 2
step "Dashboard tests" dashboard_tests
step "Dashboard in a browser" dashboard_e2e
step "Foreign peers and whole processes" /usr/bin/python3 -m pytest -q -rs tests/integration tests/soak
step "The product in a browser" product_e2e
# shellcheck disable=SC2046  # One word a library.
step "Unit tests under ASan and UBSan" sanitized asan $(under asan)
# shellcheck disable=SC2046
step "Unit tests under TSan" sanitized tsan $(under tsan)
step "Fuzzers" fuzzers

if [ "${#failed[@]}" -gt 0 ]; then
  say "FAILED: ${failed[*]}"
  exit 1
fi
say "All tests passed in $SECONDS s"
