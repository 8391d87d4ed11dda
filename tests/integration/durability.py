"""What the tests share that kill processes and then count: sightings by the second from a driver, every
command of the CLI beside it, and what the database and a backup hold at the end."""

import itertools
import os
import re
import signal
import sqlite3
import subprocess
import threading
from pathlib import Path

from harness import BUILD, wait_for

DRIVER = BUILD / "tests" / "integration" / "sighting_driver"
SEEN = 5  # People of the group `seen`, whom the driver sees.


class Driver:
    """A process that appends sightings to its own outbox and drains them into the site's database. What it
    said is read to the end of its pipe, so nothing that was said before a kill is missed."""

    def __init__(self, site, outbox, rate=100, drain=False, url=None):
        argv = [DRIVER, "--data", site.data, "--outbox", outbox, "--rate", rate]
        if url:
            argv += ["--url", url]
        if drain:
            argv += ["--drain"]
        self.tried, self.kept, self.done, self.failed = set(), set(), set(), []
        self.log = open(Path(outbox).with_suffix(".log"), "ab")
        self.popen = subprocess.Popen(
            [str(a) for a in argv], stdout=subprocess.PIPE, stderr=self.log, text=True, stdin=subprocess.DEVNULL
        )
        self._ready = threading.Event()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        sets = {"try": self.tried, "kept": self.kept, "done": self.done}
        for line in self.popen.stdout:
            if not line.endswith("\n"):
                continue  # Cut off by the kill.
            what, _, detail = line.rstrip("\n").partition(" ")
            if what == "ready":
                self._ready.set()
            elif what == "failed":
                self.failed.append(detail)
            else:
                sets[what].add(detail)

    @property
    def pid(self):
        return self.popen.pid

    def wait_until_ready(self, timeout=60):
        wait_for(lambda: self._ready.is_set() or self.popen.poll() is not None, timeout, "the driver")
        assert self._ready.is_set(), f"the driver ended with {self.popen.returncode}"

    def wait_for_more(self, kind, count, timeout=60):
        """Until `count` more sightings than now were tried, kept or done."""
        seen = getattr(self, kind)
        goal = len(seen) + count
        wait_for(lambda: len(seen) >= goal, timeout, f"{count} more sightings {kind}")

    def end(self, sig=signal.SIGKILL, timeout=60):
        if self.popen.poll() is None:
            self.popen.send_signal(sig)
        self.popen.wait(timeout)
        self._reader.join()
        self.log.close()
        return self.popen.returncode


class Ledger:
    """The sum of what all drivers said."""

    def __init__(self):
        self.tried, self.kept, self.done, self.failed = set(), set(), set(), []

    def add(self, driver):
        self.tried |= driver.tried
        self.kept |= driver.kept
        self.done |= driver.done
        self.failed += driver.failed

    def check(self, held, where):
        """Everything announced is there, and nothing that was never seen."""
        lost = self.kept - held
        invented = held - self.tried
        assert not lost, f"{len(lost)} of {len(self.kept)} sightings that were announced are not in {where}"
        assert not invented, f"{len(invented)} sightings in {where} that nobody made"


def posix_locks(file):
    """(pid, start) of every POSIX lock on a file, as the kernel lists them."""
    inode = os.stat(file).st_ino
    found = set()
    for line in Path("/proc/locks").read_text().splitlines():
        words = line.split()
        if "->" in words or words[1] != "POSIX":
            continue
        pid, place, start = words[4:7]
        if int(place.rsplit(":", 1)[1]) == inode:
            found.add((int(pid), start))
    return found


def enrol(site):
    """The people whom drivers see."""
    for i in range(SEEN):
        site.run("people", "add", f"Seen {i}", "--group", "seen")


def commands(site):
    """For ever: the commands that open the store, each with what its exit code may be."""
    for n in itertools.count():
        camera, person, user = f"camera {n}", f"Passer-by {n}", f"user{n}"
        yield ("cameras", "list"), None, {0}
        yield ("cameras", "add", camera), None, {0}
        yield ("cameras", "token", camera), None, {0}
        yield ("people", "list"), None, {0}
        yield ("people", "add", person), None, {0}
        yield ("users", "add", user, "--role", "viewer", "--password-stdin"), "long enough\n", {0}
        yield ("users", "list"), None, {0}
        yield ("users", "passwd", user, "--password-stdin"), "quite long enough\n", {0}
        yield ("attendance", "--from", "2000-01-01", "--to", "2100-01-01"), None, {0}
        yield ("db", "check"), None, {0}
        yield ("db", "migrate"), None, {0}
        yield ("db", "backup", site.folder / f"backup-{n}"), None, {0}
        yield ("people", "remove", person), None, {0}
        yield ("users", "remove", user), None, {0}
        yield ("cameras", "remove", camera), None, {0}
        # Ports that are in use are no fault of a database that is looked at beside a server.
        yield ("doctor",), None, {0, 1}
        yield ("identify", site.config), None, {0, 1}
        yield ("db", "restore", site.folder / f"backup-{n}"), None, {1}
        yield ("db", "check"), None, {0}


def run_commands(site, source, count):
    for words, stdin, codes in itertools.islice(source, count):
        done = site.run(*words, check=False, stdin=stdin)
        assert done.returncode in codes, f"{words} ended with {done.returncode}: {done.stderr}"


def sqlite_ids(file):
    """The sightings in a SQLite database."""
    connection = sqlite3.connect(f"file:{file}?mode=rw", uri=True, timeout=30)
    try:
        return {row[0] for row in connection.execute("select id from sighting")}
    finally:
        connection.close()


def postgres_ids(url):
    done = subprocess.run(
        ["psql", "-X", "-At", "-d", url, "-c", "select id from sighting"], capture_output=True, text=True, check=True
    )
    return set(re.findall(r"\S+", done.stdout))
