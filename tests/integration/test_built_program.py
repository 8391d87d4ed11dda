"""What the compiler and the linker were asked for is in the program, and the scripts around it work."""

import json
import os
import re
import shutil
import subprocess

import pytest

from harness import ROOT


def readelf(program, *words):
    return subprocess.run(["readelf", "-W", *words, program], check=True, capture_output=True, text=True).stdout


def test_the_program_is_hardened(build_dir):
    program = build_dir / "surveillx"
    cache = (build_dir / "CMakeCache.txt").read_text()
    if not re.search(r"(?m)^SURVEILLX_SANITIZE:STRING=$", cache):
        pytest.skip("sanitizers bring their own")
    assert re.search(r"Type:\s+DYN", readelf(program, "-h")), "position independent"
    segments = readelf(program, "-l")
    assert "GNU_RELRO" in segments
    (stack,) = re.findall(r"GNU_STACK.*", segments)
    assert "RWE" not in stack and "E" not in stack.split()[-2], "no executable stack"
    assert re.search(r"BIND_NOW|FLAGS.*NOW", readelf(program, "-d")), "full RELRO"
    symbols = readelf(program, "--dyn-syms")
    assert "__stack_chk_fail" in symbols
    assert re.search(r"__\w+_chk@", symbols), "_FORTIFY_SOURCE"


def test_every_object_of_ours_is_compiled_with_the_stack_protector(build_dir):
    """In the build's own rules, since an archive's members may have nothing to protect."""
    database = build_dir / "compile_commands.json"
    cache = (build_dir / "CMakeCache.txt").read_text()
    if not re.search(r"(?m)^SURVEILLX_SANITIZE:STRING=$", cache):
        pytest.skip("sanitizers bring their own")
    commands = json.loads(database.read_text())
    ours = [c for c in commands if re.search(r"/(libs/\w+/src|apps/surveillx)/", c["file"])]
    assert len(ours) > 100
    bare = [c["file"] for c in ours if "-fstack-protector-strong" not in c["command"]]
    assert not bare


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
