#!/usr/bin/env python3
"""Fails on an include, or a library in CMake, that the table of layers.txt does not allow.

Checked, for every C++ file below libs/ and apps/:
  - `surveillx/<lib>/...` only from libraries that may use <lib> (apps may use all);
  - a library's own private headers only by itself (quotes without a library's prefix stay inside);
  - outside libraries only where the tables below put them, and none that is in no table;
  - no cycle between libraries.
And for every library's CMakeLists.txt: USES says what the table says, and what it links from outside is its own.
Prints what it checked and ends with `N passed, N failed`.
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)
EVERYWHERE = {"base", "domain"}
EVERYONE = None
# Outside headers: which libraries may include them, and whether in public headers.
FOREIGN = {
    "gst/": ({"gst", "decode", "webrtc", "camera"}, True),
    "glib": ({"gst", "decode", "webrtc", "camera"}, True),
    "soci/": ({"store"}, False),
    "sqlite3": ({"store"}, False),
    "libpq": ({"store"}, False),
    "opencv2/": ({"vision"}, False),
    "dlib/": ({"vision"}, False),
    "boost/asio": ({"net"}, False),
    "boost/beast": ({"net"}, False),
    "boost/url": ({"net"}, False),
    "boost/json": (EVERYONE, True),  # JSON of a type stands beside the type.
    "boost/system": ({"base", "net"}, True),  # Result is boost::system::result.
    "boost/assert": ({"base"}, True),
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
    "bzlib.h": ({"vision"}, False),
    "libyuv": ({"frame"}, False),
    "date/": ({"attendance"}, False),
}
# What apps may include from outside: they wire libraries.
FOREIGN_IN_APPS = ("CLI/", "boost/json")
# C and POSIX, which belong to nobody.
SYSTEM = re.compile(
    r"(sys/\w+|net/if|netinet/\w+|arpa/inet|unistd|fcntl|pthread|poll|signal|netdb|ifaddrs|dirent|termios|spawn"
    r"|malloc|iconv|time)\.h|[a-z_0-9]+"
)
# Targets of CMake's that are from outside: which libraries may link them.
FOREIGN_TARGETS = {
    "deps::gstreamer": {"gst"},
    "deps::soci": {"store"},
    "deps::sqlite": {"store"},
    "deps::postgresql": {"store"},
    "deps::opencv": {"vision"},
    "deps::dlib": {"vision"},
    "deps::photos": {"vision"},
    "deps::bzip2": {"vision"},
    "deps::sodium": {"base", "crypto"},
    "deps::openssl": {"net", "ice", "vision"},
    "deps::spdlog": {"base"},
    "deps::icu": {"base"},
    "deps::date": {"attendance"},
    "deps::yuv": {"frame"},
    "deps::turbojpeg": {"frame"},
    "deps::boost": EVERYONE,
    "prometheus-cpp::core": {"telemetry"},
    "tomlplusplus::tomlplusplus": {"config", "vision"},
    "Threads::Threads": {"base"},
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


def check_outside(target, library, public):
    """What is wrong with including <target> in a library, or in an app when that is None."""
    if SYSTEM.fullmatch(target):
        return []
    if library is None:
        return [] if target.startswith(FOREIGN_IN_APPS) else [f"<{target}> does not belong in an app"]
    for prefix, (libraries, in_public) in FOREIGN.items():
        if not target.startswith(prefix):
            continue
        if libraries is not EVERYONE and library not in libraries:
            return [f"<{target}> does not belong in {library}"]
        return [f"<{target}> does not belong in a public header"] if public and not in_public else []
    return [f"<{target}> is in no table of arrows_test.py"]


ARGUMENTS = {"USES", "LINK", "PRIVATE_LINK", "TEST_USES", "TEST_LINK", "TEST_TIMEOUT", "TEST_SLOW", "TEST_WHOLE", "ALONE"}


def arguments_of(text, function):
    """The keyword arguments of the first call of a CMake function in a file, each with its words."""
    call = re.search(rf"^{function}\(([^)]*)\)", text, re.M)
    found = {}
    key = None
    for word in call.group(1).split() if call else []:
        if word in ARGUMENTS:
            key = word
            found[key] = []
        elif key:
            found[key].append(word)
    return found if call else None


def check_cmake(name, text, table):
    arguments = arguments_of(text, "surveillx_library")
    if arguments is None:
        return [f"libs/{name}/CMakeLists.txt: there is no surveillx_library"]
    problems = []
    uses = set(arguments.get("USES", [])) - EVERYWHERE
    for word in sorted(uses ^ (table[name] - EVERYWHERE)):
        problems.append(f"libs/{name}/CMakeLists.txt: USES and layers.txt differ: {word}")
    order = list(table)
    for word in arguments.get("TEST_USES", []):
        if word not in table or order.index(word) > order.index(name):
            problems.append(f"libs/{name}/CMakeLists.txt: the tests' arrow {name} -> {word} goes up")
    for target in arguments.get("LINK", []) + arguments.get("PRIVATE_LINK", []):
        if target not in FOREIGN_TARGETS:
            problems.append(f"libs/{name}/CMakeLists.txt: {target} is in no table of arrows_test.py")
        elif FOREIGN_TARGETS[target] is not EVERYONE and name not in FOREIGN_TARGETS[target]:
            problems.append(f"libs/{name}/CMakeLists.txt: {target} does not belong in {name}")
    return problems


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
        if bracket == "<" and not test:
            problems += [f"{relative}: {problem}" for problem in check_outside(target, library, public)]
        if "../" in target:
            problems.append(f"{relative}: include by a relative path: {target}")
    return problems


def self_check(table):
    """The checker itself must be able to fail: what it must say of files that are wrong."""

    def of(place, text):
        class Fake:
            def relative_to(self, _):
                return (ROOT / place).relative_to(ROOT)

            def read_text(self, errors=None):
                return text

        return len(check_file(Fake(), table))

    wrong = [
        of("libs/base/src/probe.cpp", '#include "surveillx/webapp/web_app.hpp"\n#include <soci/soci.h>\n') == 2,
        of("libs/webapp/src/probe.cpp", "#include <sqlite3.h>\n#include <libpq-fe.h>\n") == 2,
        of("libs/net/include/surveillx/net/probe.hpp", "#include <boost/asio/post.hpp>\n") == 1,
        of("libs/net/src/probe.cpp", "#include <curl/curl.h>\n#include <vector>\n#include <sys/stat.h>\n") == 1,
        of("apps/surveillx/commands/probe.cpp", "#include <openssl/evp.h>\n#include <CLI/CLI.hpp>\n") == 1,
        len(check_cmake("frame", "surveillx_library(frame USES base domain net LINK deps::soci)", table)) == 2,
        len(check_cmake("webapp", "surveillx_library(webapp USES base domain)", table)) == len(table["webapp"]),
    ]
    return all(wrong)


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
    for name in table:
        problems += check_cmake(name, (ROOT / "libs" / name / "CMakeLists.txt").read_text(), table)
    for problem in problems:
        print(problem)
    print(f"{len(files)} files, {len(table)} libraries")
    print(f"{len(files) if not problems else 0} passed, {len(problems)} failed")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
