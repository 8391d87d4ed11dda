"""What the tests share that kill processes and then count: sightings by the second from a driver, every
command of the CLI beside it, and what the database and a backup hold at the end."""

import itertools
import os
import random
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

    def wait_until_ready(self, timeout=180):
        wait_for(lambda: self._ready.is_set() or self.popen.poll() is not None, timeout, "the driver")
        assert self._ready.is_set(), f"the driver ended with {self.popen.returncode}"

    def wait_for_more(self, kind, count, timeout=180):
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
    """The people whom drivers see, and an administrator, who stays when users come and go."""
    site.make_admin()
    for i in range(SEEN):
        site.run("people", "add", f"Seen {i}", "--group", "seen")


def commands(site, in_use=True):
    """For ever: the commands that open the store, each with what its exit code may be. A restore is refused
    while somebody uses the database, so it is among them only where somebody always does."""
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
        if in_use:
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


class SqliteOutages:
    """Another program that holds SQLite's write lock."""

    def __init__(self, site):
        self.file = site.data / "surveillx.db"
        self.url = None
        self._holder = None

    def begin(self):
        self._holder = sqlite3.connect(self.file, timeout=30, isolation_level=None)
        self._holder.execute("begin immediate")

    def end(self):
        self._holder.close()
        self._holder = None

    def ids(self):
        return sqlite_ids(self.file)

    @staticmethod
    def backup_ids(backup):
        return sqlite_ids(backup)


class PostgresOutages:
    """A server that crashes and comes back."""

    def __init__(self, postgres):
        self.postgres = postgres
        self.url = postgres.url

    def begin(self):
        self.postgres.crash()

    def end(self):
        self.postgres.start()

    def ids(self):
        return postgres_ids(self.url)

    def backup_ids(self, backup):
        copy = self.url.rsplit("/", 1)[0] + "/copy"
        subprocess.run(["psql", "-X", "-q", "-d", self.url, "-c", "create database copy"], check=True)
        subprocess.run(["pg_restore", "--no-owner", "-d", copy, backup], check=True)
        return postgres_ids(copy)


class Chaos:
    """Rounds of kills, outages and commands beside servers while sightings flow; then the count."""

    ACTIONS = ("web", "media", "driver", "everything", "outage", "outage and driver", "outage and everything")

    def __init__(self, site, outages, seed):
        self.site = site
        self.outages = outages
        self.rng = random.Random(seed)
        self.outbox = site.folder / "driver-outbox.db"
        self.ledger = Ledger()
        self.source = commands(site, in_use=False)
        self.servers = {"web": None, "media": None}
        self.driver = None
        self.done_commands = 0
        self.problem = None  # Of the thread that runs commands.
        self.lenient = False  # A command has failed, as it may; so may those that build on it.

    def run(self, rounds):
        enrol(self.site)
        for number in range(rounds):
            self._start_what_is_down()
            action = self.ACTIONS[number % len(self.ACTIONS)] if number < len(self.ACTIONS) else self._any_action()
            self._round(action)
        self._start_what_is_down()
        self.driver.wait_for_more("done", 10)
        return self._count(rounds)

    def _any_action(self):
        return self.rng.choice(self.ACTIONS)

    def _round(self, action):
        out = "outage" in action
        commands_beside = threading.Thread(target=self._commands, args=(2, out))
        self.driver.wait_for_more("kept", self.rng.randint(1, 40))
        if out:
            self.outages.begin()
        try:
            commands_beside.start()
            # What comes in while the database is away waits in the outbox.
            self.driver.wait_for_more("kept", self.rng.randint(1, 40))
            for name in ("web", "media"):
                if name in action or "everything" in action:
                    self._kill_server(name)
            if "driver" in action or "everything" in action:
                self._kill_driver()
        finally:
            if out:
                # Servers and commands meet the outage, and some of them its end.
                commands_beside.join(self.rng.uniform(0, 2))
                self.outages.end()
        commands_beside.join()
        if self.problem:
            raise self.problem

    def _commands(self, count, out):
        try:
            for words, stdin, codes in itertools.islice(self.source, count):
                done = self.site.run(*words, check=False, stdin=stdin)
                # While the database is away a command may fail, in words; what builds on it then fails too.
                allowed = codes | {1} if out or self.lenient else codes
                assert done.returncode in allowed, f"{words} ended with {done.returncode}: {done.stderr}"
                if done.returncode == 1 and 1 not in codes:
                    assert done.stderr.startswith("surveillx: "), f"{words}: {done.stderr}"
                    self.lenient = True
                self.done_commands += 1
        except BaseException as problem:  # noqa: BLE001: told by the main thread
            self.problem = problem

    def _kill_server(self, name):
        process = self.servers[name]
        process.popen.kill()
        process.popen.wait()

    def _kill_driver(self):
        self.driver.end()
        self.ledger.add(self.driver)
        self.driver = None

    def _start_what_is_down(self):
        for name, port in (("web", self.site.web_port), ("media", self.site.signaling_port)):
            process = self.servers[name]
            if process is None or not process.running():
                process = self.site.start(name, [*self.site.base(name), *self.site.sets])
                self.servers[name] = process
                wait_for(lambda p=port, s=process: self._serves(s, p), 180, f"{name} to listen")
        if self.driver is None:
            self.driver = Driver(self.site, self.outbox, url=self.outages.url)
            self.driver.wait_until_ready()

    def _serves(self, process, port):
        assert process.running(), f"{process.log_path}:\n{process.output[-2000:]}"
        return self.site.answers(port)

    def _count(self, rounds):
        for name in ("web", "media"):
            self.servers[name].stop(signal.SIGTERM, timeout=10)
        assert self.driver.end(signal.SIGTERM) == 0
        self.ledger.add(self.driver)
        drained = Driver(self.site, self.outbox, drain=True, url=self.outages.url)
        assert drained.popen.wait(120) == 0
        drained.end()
        self.ledger.add(drained)
        assert self.ledger.failed == []
        assert len(self.ledger.kept) >= rounds
        held = self.outages.ids()
        self.ledger.check(held, "the database")
        backup = self.site.folder / "final-backup"
        self.site.run("db", "backup", backup)
        assert self.outages.backup_ids(backup) == held
        return f"{len(self.ledger.kept)} sightings, {self.done_commands} commands, {rounds} rounds: none lost"
