"""`surveillx up` as a whole: restart of a dead child, the end by Ctrl-C, and the end by SIGKILL."""

import os
import signal
import time

import pytest
import socketio

from harness import Installation, alive, children_of, command_line, wait_for


@pytest.fixture
def site(tmp_path):
    installation = Installation(tmp_path)
    yield installation
    installation.stop_all()


def child(up, word):
    found = [pid for pid in children_of(up.pid) if command_line(pid).split()[1:2] == [word]]
    return found[0] if found else None


class Viewer:
    """Counts the frames a viewer gets."""

    def __init__(self, site):
        self.frames = 0
        self.client = socketio.Client()
        self.client.on("frame", self._frame, namespace="/stream")
        self.client.connect(site.web_url, namespaces=["/stream"], auth={"token": site.login()}, wait_timeout=10)
        self.client.emit("watch", {"max_fps": 10, "max_width": 320}, namespace="/stream")

    def _frame(self, _):
        self.frames += 1

    def close(self):
        self.client.disconnect()


def test_the_picture_is_back_after_media_was_killed(site):
    up = site.up("--demo")
    viewer = Viewer(site)
    wait_for(lambda: viewer.frames > 5, 40, "frames of the demo camera")
    media = wait_for(lambda: child(up, "media"), what="the media process")
    os.kill(media, signal.SIGKILL)
    killed = time.monotonic()
    wait_for(lambda: child(up, "media") not in (None, media), 30, "a new media process")
    before = viewer.frames
    wait_for(lambda: viewer.frames > before, 30, "frames after the restart")
    # The promise is 8 s; how long it took is printed, since a busy test machine proves nothing.
    print(f"picture back after {time.monotonic() - killed:.1f} s")
    viewer.close()


def test_ctrl_c_ends_everything(site):
    up = site.up("--demo")
    children = wait_for(lambda: children_of(up.pid) if len(children_of(up.pid)) == 3 else None, what="3 children")
    assert up.stop(signal.SIGINT, timeout=15) == 0
    assert not [pid for pid in children if alive(pid)]


def test_sigkill_leaves_no_child_behind(site):
    up = site.up("--demo")
    children = wait_for(lambda: children_of(up.pid) if len(children_of(up.pid)) == 3 else None, what="3 children")
    up.popen.kill()
    up.popen.wait()
    wait_for(lambda: not [pid for pid in children if alive(pid)], 10, "the children's end")


def test_a_second_up_on_the_same_data_says_so_and_leaves_the_first_running(site):
    up = site.up()
    second = site.run("up", check=False)
    assert second.returncode == 1
    assert "already running" in second.stderr
    assert up.running()
    assert site.answers(site.web_port)


def test_the_password_is_on_the_terminal_once_and_in_no_log(site):
    del site.env["SURVEILLX_ADMIN_PASSWORD"]
    first = site.up()
    shown = first.wait_for_output(r"Password +(\S+) +\(shown only this once\)").group(1)
    assert site.login(password=shown)
    assert first.output.count(shown) == 1
    first.stop(signal.SIGINT)
    second = site.up()
    assert shown not in second.output
    assert "surveillx users passwd admin" in second.output


def test_the_first_password_does_not_reach_the_children(site):
    site.env["SURVEILLX_CAMERA_TOKEN"] = "somebody-else-s"
    up = site.up()
    assert site.login()
    for pid in children_of(up.pid):
        environment = open(f"/proc/{pid}/environ", "rb").read()
        assert b"SURVEILLX_ADMIN_PASSWORD" not in environment
        assert b"SURVEILLX_CAMERA_TOKEN" not in environment
