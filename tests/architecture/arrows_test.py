#!/usr/bin/env python3
"""Fails on an include that the table of layers.txt does not allow.

Checked, for every C++ file below libs/ and apps/:
  - `surveillx/<lib>/...` only from libraries that may use <lib> (apps may use all);
  - a library's own private headers only by itself (quotes without a library's prefix stay inside);
  - outside libraries only where the table below puts them;
  - no cycle between libraries.
Prints what it checked and ends with `N passed, N failed`.
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)
EVERYWHERE = {"base", "domain"}
# Outside headers: which libraries may include them, and whether in public headers.
FOREIGN = {
    "gst/": ({"gst", "decode", "webrtc", "camera"}, True),
    "glib": ({"gst", "decode", "webrtc", "camera"}, True),
    "soci/": ({"store"}, False),
    "opencv2/": ({"vision"}, False),
    "dlib/": ({"vision"}, False),
    "boost/asio": ({"net"}, False),
    "boost/beast": ({"net"}, False),
    "sodium": ({"base", "crypto"}, False),
    "openssl/": ({"net", "ice", "vision"}, False),  # ice: a TURN account is an HMAC; vision: checksums of weights
    "spdlog/": ({"base"}, False),
    "unicode/": ({"base"}, False),
    "prometheus/": ({"telemetry"}, False),
    "toml++": ({"config", "vision"}, False),  # vision: model manifests
    "turbojpeg": ({"frame"}, False),
    "jpeglib": ({"vision"}, False),
    "png.h": ({"vision"}, False),
    "webp/": ({"vision"}, False),
    "libheif/": ({"vision"}, False),
    "libyuv": ({"frame"}, False),
    "date/": ({"attendance"}, False),
}


def read_table():
    table = {}
    for line in (Path(__file__).parent / "layers.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            name, _, uses = line.partition(":")
            table[name.strip()] = set(uses.split())
    return table


def check_table(table):
    problems = []
    order = list(table)
    for name, uses in table.items():
        for used in uses:
            if used not in table:
                problems.append(f"layers.txt: {name} uses {used}, which is not in the table")
            elif order.index(used) > order.index(name):
                problems.append(f"layers.txt: the arrow {name} -> {used} goes up")
    folders = {p.name for p in (ROOT / "libs").iterdir() if p.is_dir()}
    for name in sorted(folders ^ set(table)):
        problems.append(f"layers.txt and libs/ differ: {name}")
    return problems


def check_sanitizers():
    """Every library with unit tests runs under AddressSanitizer; see tests/sanitizers.txt."""
    wanted = {p.parent.name for p in (ROOT / "libs").glob("*/tests")}
    text = (ROOT / "tests" / "sanitizers.txt").read_text()
    listed = {
        name: set(words.split())
        for name, _, words in (line.partition(":") for line in text.splitlines() if not line.startswith("#"))
    }
    problems = [f"tests/sanitizers.txt, asan: {name} is missing or has no tests" for name in sorted(wanted ^ listed["asan"])]
    return problems + [f"tests/sanitizers.txt, tsan: {name} has no tests" for name in sorted(listed["tsan"] - wanted)]


def check_file(path, table):
    relative = path.relative_to(ROOT)
    parts = relative.parts
    library = parts[1] if parts[0] == "libs" else None
    public = "include" in parts
    test = "tests" in parts
    problems = []
    for bracket, target in INCLUDE.findall(path.read_text(errors="replace")):
        match = re.match(r"surveillx/([a-z_]+)/", target)
        if match and library:
            used = match.group(1)
            allowed = table.get(library, set()) | EVERYWHERE | {library}
            if used not in allowed and not (test and used in {"test_support", "demo"}):
                problems.append(f"{relative}: {library} may not include {target}")
        if bracket == "<" and library and not test:
            for prefix, (libraries, in_public) in FOREIGN.items():
                if target.startswith(prefix):
                    if library not in libraries:
                        problems.append(f"{relative}: <{target}> does not belong in {library}")
                    elif public and not in_public:
                        problems.append(f"{relative}: <{target}> does not belong in a public header")
        if "../" in target:
            problems.append(f"{relative}: include by a relative path: {target}")
    return problems


def self_check(table):
    """The checker itself must be able to fail."""
    probe = ROOT / "libs" / "base" / "src" / "probe.cpp"

    class Fake:
        def relative_to(self, _):
            return probe.relative_to(ROOT)

        def read_text(self, errors=None):
            return '#include "surveillx/webapp/web_app.hpp"\n#include <soci/soci.h>\n'

    return len(check_file(Fake(), table)) == 2


def main():
    table = read_table()
    files = sorted(
        p
        for folder in ("libs", "apps")
        for p in (ROOT / folder).rglob("*")
        if p.suffix in {".cpp", ".hpp"}
    )
    problems = check_table(table) + check_sanitizers()
    if not self_check(table):
        problems.append("the checker does not notice a forbidden arrow")
    for path in files:
        problems += check_file(path, table)
    for problem in problems:
        print(problem)
    print(f"{len(files)} files, {len(table)} libraries")
    print(f"{len(files) if not problems else 0} passed, {len(problems)} failed")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
