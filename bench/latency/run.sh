#!/usr/bin/env bash
# Last RTP packet -> BGR frame: our receiver, aiortc and the bare decoder over the same clip.
#   bench/latency/run.sh [--json] [--seconds N] [--size WxH]... [--receiver NAME]...
# Builds what it needs into build/release, or into the build folder named by $SURVEILLX_BUILD.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${SURVEILLX_BUILD:-$root/build/release}
targets=(latency_clip latency_sender latency_receiver latency_floor)
{
  if [[ ! -f $build/build.ninja ]]; then
    cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DSURVEILLX_BENCH=ON
  elif ! grep -q '^SURVEILLX_BENCH:BOOL=ON$' "$build/CMakeCache.txt"; then
    cmake -DSURVEILLX_BENCH=ON "$build"  # run.sh has configured it without.
  fi
  ninja -C "$build" "${targets[@]}"
} >&2
video=$root/../shared/video/one_by_one_person_768x432.mp4
[[ -f $video ]] || video=
exec /usr/bin/python3 "$root/bench/latency/latency.py" --programs "$build/bench/latency" \
  --clips "$build/bench/latency/clips" --video "$video" "$@"
