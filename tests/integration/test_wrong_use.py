"""The command line answers to what was typed: the nearest name, one line, the right exit code."""

import re
import subprocess

import pytest

from harness import Installation


@pytest.fixture
def site(build_dir, tmp_path):
    return Installation(tmp_path)


def said(done, code):
    assert done.returncode == code, done
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("surveillx: ")
    return line


def surveillx(site, *words):
    return subprocess.run([str(site.base()[0]), *words], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    "words, line",
    [
        (("peple", "list"), "unknown command 'peple'; did you mean 'people'?"),
        (("Cameras", "list"), "unknown command 'Cameras'; did you mean 'cameras'?"),
        (("cameras", "lst"), "unknown command 'lst' of surveillx cameras; did you mean 'list'?"),
        (("camera", "--sever", "ws://h:1", "--token", "t"), "unknown option --sever; did you mean --server?"),
        (("camera", "--sever=ws://h:1"), "unknown option --sever; did you mean --server?"),
        (("up", "--pubic"), "unknown option --pubic; did you mean --public?"),
        (("users", "add", "eve", "--rol", "viewer"), "unknown option --rol; did you mean --role?"),
        (("--data", "/x", "up"), "--data stands behind the command: surveillx COMMAND --data"),
    ],
)
def test_a_misspelt_word_is_named_with_the_nearest(site, words, line):
    assert said(surveillx(site, *words), 2) == f"surveillx: {line}"


@pytest.mark.parametrize(
    "words, parts",
    [
        (("xyzzy",), ("unknown command 'xyzzy'", "there are up, ")),
        (("up", "--xyzzy"), ("unknown option --xyzzy", "see surveillx up --help")),
        ((), ("surveillx needs a command: up, ", "see surveillx --help")),
        (("cameras",), ("surveillx cameras needs a command: add, list",)),
        (("cameras", "list", "what"), ("'what' is one argument too many for surveillx cameras list",)),
        (("camera",), ("--server is required", "see surveillx camera --help")),
        (("camera", "--server"), ("--server", "see surveillx camera --help")),
        (("attendance", "--format", "xml"), ("--format",)),
    ],
)
def test_other_wrong_use_says_what_and_what_to_do(site, words, parts):
    line = said(surveillx(site, *words), 2)
    for part in parts:
        assert part in line, line


def test_a_name_that_is_nearly_right_is_answered_with_the_right_one(site):
    site.run("cameras", "add", "Front door")
    site.run("users", "add", "gatekeeper", "--password-stdin", stdin="long enough\n")
    run = lambda *words: site.run(*words, check=False, stdin="long enough\n")
    assert "there is no camera 'front dor'; did you mean 'Front door'?" in said(run("cameras", "token", "front dor"), 1)
    assert "there is no camera 'Cellar'; `surveillx cameras list`" in said(run("cameras", "remove", "Cellar"), 1)
    for words in (("passwd", "gatekeper", "--password-stdin"), ("remove", "gatekeper")):
        assert "there is no user 'gatekeper'; did you mean 'gatekeeper'?" in said(run("users", *words), 1)
    assert "did you mean 'operator'?" in said(run("users", "add", "x", "--role", "operater"), 2)
    assert 'did you mean "web.listen"?' in said(run("web", "--set", "web.lisen=:0"), 1)


def pages(site, *words):
    """Every command's --help, its own first."""
    done = surveillx(site, *words, "--help")
    assert done.returncode == 0 and done.stderr == ""
    yield words, done.stdout
    _, _, below = done.stdout.partition("Subcommands:\n")
    for name in re.findall(r"(?m)^  (\S+) ", below):
        yield from pages(site, *words, name)


def test_every_command_and_option_is_explained(site):
    seen = list(pages(site))
    assert len(seen) > 30
    for words, page in seen:
        assert page.splitlines()[0].strip(), words
        for kind in ("Options:", "Positionals:", "Subcommands:"):
            _, _, part = page.partition(kind + "\n")
            lines = part.partition("\n\n")[0].splitlines()
            for line, following in zip(lines, [*lines[1:], ""], strict=False):
                if line.startswith("   "):
                    continue
                # The explanation begins in column 30, or on a line of its own under a long name.
                inline = line[29:30] == " " and line[30:].strip()
                assert inline or (following.startswith(" " * 30) and following.strip()), (words, line)
        if not page.count("Subcommands:"):
            assert all(option in page for option in ("--config", "--data", "--log-level", "--json")), words
