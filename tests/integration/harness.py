"""Real processes for whole-product tests: SurveillX itself, PostgreSQL, clients. Everything listens on
free loopback ports, lives in a temporary folder, and is ended by the test that started it."""

import contextlib
import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("SURVEILLX_BUILD", ROOT / "build" / "release"))
SURVEILLX = BUILD / "surveillx"
SHARED = (ROOT / ".." / "shared").resolve()
ADMIN_PASSWORD = "correct horse battery staple"
POSTGRES_BIN = Path("/usr/lib/postgresql/15/bin")


_held_ports = []


def free_port():
    """A port of 127.0.0.1 that is ours until this process ends: bound with SO_REUSEADDR and never
    listening, so that servers of ours may take it one after the other and the kernel gives it to
    nobody else. For servers that must come back at the same place, or that cannot say which port they
    got; all others take port 0."""
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    _held_ports.append(held)
    return held.getsockname()[1]


def wait_for(condition, timeout=30.0, what="the condition", every=0.05):
    """Polls until `condition()` is truthy and returns its value; never waits a fixed time."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true within {timeout} s")
        time.sleep(every)


class Process:
    """A child with its output in a file; ended by pid, never by name."""

    def __init__(self, argv, env=None, log=None, cwd=None):
        self.log_path = Path(log)
        self._log = open(self.log_path, "ab")
        self.popen = subprocess.Popen(
            [str(a) for a in argv],
            env={**os.environ, **(env or {})},
            stdout=self._log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            cwd=cwd,
        )

    @property
    def pid(self):
        return self.popen.pid

    @property
    def output(self):
        return self.log_path.read_text(errors="replace")

    def running(self):
        return self.popen.poll() is None

    def wait_for_output(self, pattern, timeout=30.0):
        def look():
            found = re.search(pattern, self.output)
            if not found and not self.running():
                raise AssertionError(
                    f"process ended with {self.popen.returncode} before {pattern!r}:\n{self.output[-4000:]}"
                )
            return found

        return wait_for(look, timeout, f"{pattern!r} in {self.log_path}")

    def stop(self, sig=signal.SIGTERM, timeout=10.0):
        if self.running():
            self.popen.send_signal(sig)
            try:
                self.popen.wait(timeout)
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait()
                raise AssertionError(f"{self.log_path} did not end within {timeout} s:\n{self.output[-2000:]}")
            finally:
                self._log.close()
        return self.popen.returncode


class Installation:
    """One data directory with its configuration, and the processes started on it."""

    def __init__(self, folder, database_url=None, models=None, extra_sets=()):
        self.folder = Path(folder)
        self.data = self.folder / "data"
        self.web_port = free_port()
        self.signaling_port = free_port()
        self.web_url = f"http://127.0.0.1:{self.web_port}"
        self.signaling_url = f"ws://127.0.0.1:{self.signaling_port}"
        self.processes = []
        self.env = {"SURVEILLX_ADMIN_PASSWORD": ADMIN_PASSWORD, "XDG_DATA_HOME": str(self.folder)}
        # Without a folder of weights the engine must be `builtin`, whatever this machine has.
        self.env["SURVEILLX_MODELS"] = str(models) if models else str(self.folder / "no-models")
        self.config = self.folder / "surveillx.toml"
        lines = [
            f'[web]\nlisten = "127.0.0.1:{self.web_port}"',
            f'[signaling]\nlisten = "127.0.0.1:{self.signaling_port}"',
            '[attendance]\ntimezone = "Europe/Berlin"',
        ]
        if database_url:
            lines.append(f'[database]\nurl = "{database_url}"')
        self.config.write_text("\n".join(lines) + "\n")
        self.sets = [x for s in extra_sets for x in ("--set", s)]

    def base(self, *words):
        return [SURVEILLX, *words, "--config", self.config, "--data", self.data]

    def run(self, *words, check=True, stdin=None, timeout=120):
        """One command of the CLI; the completed process."""
        done = subprocess.run(
            [str(a) for a in self.base(*words)],
            env={**os.environ, **self.env},
            capture_output=True,
            text=True,
            input=stdin,
            timeout=timeout,
        )
        if check and done.returncode != 0:
            raise AssertionError(f"{words} ended with {done.returncode}: {done.stderr}")
        return done

    def json(self, *words):
        return json.loads(self.run(*words, "--json").stdout)

    def start(self, name, argv, env=None):
        number = len(self.processes)
        process = Process(argv, {**self.env, **(env or {})}, self.folder / f"{number:02d}-{name}.log")
        self.processes.append(process)
        return process

    def up(self, *words, before=()):
        """`surveillx up`; `before` are words before the command, such as those of prlimit."""
        process = self.start("up", [*before, *self.base("up"), *self.sets, *words])
        process.wait_for_output(r"SurveillX is running", 240)  # Enrolling the demo takes 15 s of CPU.
        return process

    def media(self, *before):
        """The media process; `before` are words before the command, such as those of prlimit."""
        process = self.start("media", [*before, *self.base("media"), *self.sets])
        wait_for(lambda: process.running() and self.answers(self.signaling_port), 120, "media to listen")
        return process

    @staticmethod
    def answers(port):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        return False

    def add_camera(self, name):
        return self.json("cameras", "add", name)

    def camera(self, token, source, *words, name="camera"):
        argv = [SURVEILLX, "camera", "--server", self.signaling_url, "--source", source, *words]
        return self.start(name, argv, {"SURVEILLX_CAMERA_TOKEN": token})

    def make_admin(self):
        """For tests that start `web` alone, which listens before it has made the first administrator."""
        self.run("users", "add", "admin", "--role", "admin", "--password-stdin", stdin=ADMIN_PASSWORD + "\n")

    def login(self, username="admin", password=ADMIN_PASSWORD):
        answer = requests.post(
            f"{self.web_url}/api/auth/login", json={"username": username, "password": password}, timeout=10
        )
        answer.raise_for_status()
        return answer.json()["access_token"]

    def get(self, path, token):
        answer = requests.get(f"{self.web_url}{path}", headers={"Authorization": f"Bearer {token}"}, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def metrics(self):
        """Media's metrics as {name{labels}: value}."""
        text = requests.get(f"http://127.0.0.1:{self.signaling_port}/metrics", timeout=10).text
        values = {}
        for line in text.splitlines():
            if line and not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                values[name] = float(value)
        return values

    def metric(self, prefix):
        """The sum of all series of a metric."""
        return sum(v for k, v in self.metrics().items() if re.match(re.escape(prefix) + r"(\{|$)", k))

    def attendance(self):
        done = self.run("attendance", "--from", "2000-01-01", "--to", "2100-01-01", "--format", "json")
        return json.loads(done.stdout)

    def stop_all(self):
        problems = []
        for process in reversed(self.processes):
            try:
                process.stop()
            except AssertionError as problem:
                problems.append(str(problem))
        assert not problems, "\n".join(problems)


class Postgres:
    """A private PostgreSQL server on a free loopback port, run as the user it insists on."""

    def __init__(self, folder):
        self.port = free_port()
        self.data = Path(folder) / "pg"
        self.user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        self.data.mkdir(parents=True)
        self._as_user = []
        if os.geteuid() == 0:
            self._as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
            shutil.chown(self.data, "postgres", "postgres")
            for parent in self.data.parents:
                if str(parent).startswith(tempfile.gettempdir() + "/"):
                    parent.chmod(parent.stat().st_mode | 0o711)
        subprocess.run(
            [*self._as_user, POSTGRES_BIN / "initdb", "-D", self.data, "-A", "trust", "-N", "-U", "postgres"],
            check=True, capture_output=True, cwd="/",
        )
        self.log = Path(folder) / "pg.log"
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        self.start()

    def start(self):
        before = len(self.log.read_text()) if self.log.exists() else 0
        self.process = Process(
            [*self._as_user, POSTGRES_BIN / "postgres", "-D", self.data, "-p", self.port,
             "-h", "127.0.0.1", "-c", "fsync=off", "-c", "unix_socket_directories="],
            log=self.log, cwd="/",
        )
        wait_for(
            lambda: not self.process.running() or "ready to accept connections" in self.process.output[before:],
            what="PostgreSQL",
        )
        assert self.process.running(), self.process.output[-2000:]

    def crash(self):
        """Ends the server as a crash would: no checkpoint, connections cut."""
        self.process.stop(signal.SIGQUIT)

    def stop(self):
        self.process.stop(signal.SIGINT)


def shared(name):
    path = SHARED / name
    return path if path.exists() else None


def children_of(pid):
    """Pids of the direct children that live (zombies do not count)."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                stat = (entry / "stat").read_text()
                fields = stat.rsplit(")", 1)[1].split()
                if int(fields[1]) == pid and fields[0] != "Z":
                    found.append(int(entry.name))
    return found


def alive(pid):
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return False


def command_line(pid):
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return ""


def threads_and_descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/task")), len(os.listdir(f"/proc/{pid}/fd"))
