"""A server whose loop does not turn any more is noticed and started again, whatever holds it."""

import ctypes
import os
import signal
import threading
from pathlib import Path

import pytest

from harness import Installation, alive, wait_for
from test_processes import Viewer, child

PTRACE_SEIZE, PTRACE_INTERRUPT = 0x4206, 0x4207
WALL = 0x40000000


@pytest.fixture
def site(build_dir, tmp_path):
    installation = Installation(tmp_path)
    yield installation
    installation.stop_all()


class HeldThread(threading.Thread):
    """Holds one thread of another process still, as an endless loop or a lock in it would; the others
    go on. ptrace(2) belongs to the thread that attached, hence a thread here for each there."""

    def __init__(self, pid, name):
        super().__init__(daemon=True)
        tasks = Path(f"/proc/{pid}/task")
        (self.tid,) = [int(t.name) for t in tasks.iterdir() if (t / "comm").read_text().strip() == name]
        self.held = threading.Event()
        self.error = None
        self.start()
        assert self.held.wait(10) and self.error is None, self.error

    def run(self):
        libc = ctypes.CDLL(None, use_errno=True)
        libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
        for request in (PTRACE_SEIZE, PTRACE_INTERRUPT):
            if libc.ptrace(request, self.tid, None, None) != 0:
                self.error = os.strerror(ctypes.get_errno())
                self.held.set()
                return
        os.waitpid(self.tid, WALL)
        self.held.set()
        os.waitpid(self.tid, WALL)  # Its end, which its own parent must not have to wait for.


def restarted(site, up, word, pid, reason=r"no heartbeat for 10 s"):
    up.wait_for_output(rf"supervisor\.child_hangs.*child={word}.*{reason}", 180)
    wait_for(lambda: not alive(pid), 60, f"the end of the {word} that hangs")
    return wait_for(lambda: child(up, word) not in (None, pid) and child(up, word), 120, f"a new {word}")


@pytest.mark.parametrize("word", ["web", "media"])
def test_a_stopped_server_is_killed_and_the_picture_comes_back(site, word):
    up = site.up("--demo")
    pid = wait_for(lambda: child(up, word), what=word)
    os.kill(pid, signal.SIGSTOP)
    restarted(site, up, word, pid)
    wait_for(lambda: site.answers(site.web_port), 120, "web")
    viewer = wait_for(lambda: watching(site), 180, "a viewer")
    wait_for(lambda: viewer.frames > 5, 180, "frames after the restart")
    viewer.close()


def watching(site):
    try:
        return Viewer(site)
    except Exception:  # Nothing listens yet.
        return None


@pytest.mark.parametrize("word, loop", [("web", "web"), ("media", "media-loop")])
def test_a_loop_that_is_stuck_is_noticed_while_the_rest_of_its_process_runs(site, word, loop):
    up = site.up()
    pid = wait_for(lambda: child(up, word), what=word)
    HeldThread(pid, loop)
    restarted(site, up, word, pid)


def test_a_thread_that_follows_the_database_and_is_stuck_is_noticed(site):
    # While it is, nobody would hear of a revoked token.
    up = site.up()
    pid = wait_for(lambda: child(up, "media"), what="media")
    HeldThread(pid, "db-follower")
    up.wait_for_output(r"media\.database_follower_hangs", 300)
    restarted(site, up, "media", pid)


def test_healthy_servers_are_left_alone(site):
    up = site.up("--demo")
    before = [wait_for(lambda: child(up, word), what=word) for word in ("web", "media", "camera")]
    viewer = Viewer(site)
    # At ten a second at most this takes longer than the limit, on any machine.
    wait_for(lambda: viewer.frames > 130, 300, "frames over more than the limit")
    viewer.close()
    assert [child(up, word) for word in ("web", "media", "camera")] == before
    assert "child_hangs" not in up.output


def test_ctrl_c_ends_a_stopped_server_as_well(site):
    up = site.up()
    pid = wait_for(lambda: child(up, "web"), what="web")
    os.kill(pid, signal.SIGSTOP)
    assert up.stop(signal.SIGINT, timeout=60) == 0
    assert not alive(pid)
