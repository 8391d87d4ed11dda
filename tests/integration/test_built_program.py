"""The scripts around the build."""

import os
import shutil
import subprocess

from harness import ROOT


def test_the_benchmark_builds_in_a_folder_that_run_sh_has_configured(tmp_path):
    """run.sh leaves benchmarks out; bench/latency/run.sh must turn them on."""
    build = tmp_path / "build"
    shim = tmp_path / "bin"
    shim.mkdir()
    real = shutil.which("ninja")
    # `ninja -C FOLDER TARGET...`: looks whether the targets are there, and builds nothing.
    (shim / "ninja").write_text(f'#!/bin/sh\nfolder=$2\nshift 2\nexec {real} -C "$folder" -t query "$@"\n')
    (shim / "ninja").chmod(0o755)
    subprocess.run(
        ["cmake", "-S", ROOT, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
         f"-DCMAKE_MAKE_PROGRAM={real}", "-DSURVEILLX_TESTS=OFF", "-DSURVEILLX_BENCH=OFF"],
        check=True, capture_output=True,
    )
    done = subprocess.run(
        [ROOT / "bench" / "latency" / "run.sh", "--help"], capture_output=True, text=True,
        env={**os.environ, "PATH": f"{shim}:{os.environ['PATH']}", "SURVEILLX_BUILD": str(build)},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "usage" in done.stdout
