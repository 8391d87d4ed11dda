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
  build_fuzzers || return 1
  local target name found all_clean=true
  found=$(mktemp -d)
  export LSAN_OPTIONS="suppressions=$PWD/cmake/lsan.supp:print_suppressions=0"
  for target in build/fuzz/fuzz/*_fuzz; do
    name=$(basename "$target" _fuzz)
    echo "-- $name"
    mkdir "$found/$name"
    # New inputs go into the first folder; the kept ones are only read.
    if "$target" "$found/$name" "fuzz/corpus/$name" -max_total_time=5 -rss_limit_mb=2048 -timeout=10 \
      -artifact_prefix="build/fuzz/$name-" -print_final_stats=0 >"$found/log" 2>&1; then
      tail -n 1 "$found/log"
    else
      tail -n 40 "$found/log"
      all_clean=false
    fi
  done
  rm -rf "$found"
  "$all_clean"
}
# Which libraries run under which sanitizer.
under() { sed -n "s/^$1: *//p" tests/sanitizers.txt | tr ' ' '\n'; }
build_sanitized() {
  local targets
  mapfile -t targets < <(under "$1" | sed 's/$/_test/')
  cmake --preset "$1" -DSURVEILLX_BENCH=OFF >/dev/null && cmake --build "build/$1" --target "${targets[@]}"
}
build_fuzzers() { cmake --preset fuzz >/dev/null && cmake --build build/fuzz; }
# With what the steps meanwhile leave of the processors: most of them wait.
build_in_background() {
  echo 19 >/proc/self/autogroup || true
  build_sanitized asan
  build_sanitized tsan
  build_fuzzers
}
sanitized() {
  build_sanitized "$1" &&
    ctest --preset "$1" --parallel 2 --tests-regex "^($(under "$1" | paste -sd '|'))\\."
}

say "Building"
cmake --preset release -DSURVEILLX_TESTS=ON -DSURVEILLX_BENCH=ON >/dev/null
cmake --build build/release
export -f under build_sanitized build_fuzzers build_in_background
setsid nice -n 19 bash -c build_in_background >build/background.log 2>&1 &
background=$!
trap 'kill -- "-$background" 2>/dev/null || true' EXIT

step "C++ tests" ctest --preset release --parallel 2
step "Dashboard tests" dashboard_tests
step "Dashboard in a browser" dashboard_e2e
step "Foreign peers and whole processes" /usr/bin/python3 -m pytest -q -rs tests/integration tests/soak
step "The product in a browser" product_e2e
say "Waiting for the builds with sanitizers"
wait "$background" || true  # Whatever failed is built, and said, again.
step "Unit tests under ASan and UBSan" sanitized asan
step "Unit tests under TSan" sanitized tsan
step "Fuzzers" fuzzers

if [ "${#failed[@]}" -gt 0 ]; then
  say "FAILED: ${failed[*]}"
  exit 1
fi
say "All tests passed in $SECONDS s"
