"""What viewers want reaches media whatever comes first: the camera, its news, or the wish."""

import time

import pytest
import socketio

from harness import Installation, wait_for

CAMERAS = 25


@pytest.fixture
def site(tmp_path):
    installation = Installation(tmp_path)
    yield installation
    installation.stop_all()


class Viewer:
    """Counts the frames of each camera; watches only what it is told to."""

    def __init__(self, site, watch=None):
        self.frames = {}
        self.states = {}
        self.client = socketio.Client()
        self.client.on("frame", self._frame, namespace="/stream")
        self.client.on("camera", self._camera, namespace="/stream")
        self.client.connect(site.web_url, namespaces=["/stream"], auth={"token": site.login()}, wait_timeout=10)
        if watch is not None:
            self.client.emit("watch", watch, namespace="/stream")

    def _frame(self, frame):
        self.frames[frame["camera_id"]] = self.frames.get(frame["camera_id"], 0) + 1

    def _camera(self, camera):
        if camera["state"] == "live":
            self.states.setdefault(camera["camera_id"], time.monotonic())

    def close(self):
        self.client.disconnect()


def test_cameras_added_while_a_viewer_is_connected_show_pictures_within_two_seconds(site):
    """A viewer without `watch` wants every camera, so also those that do not exist yet."""
    site.up()
    viewer = Viewer(site)
    took = []
    for number in range(CAMERAS):
        added = site.add_camera(f"camera {number}")
        camera = site.camera(added["token"], "test", "--size", "160x120", "--fps", "10", name=f"camera-{number}")
        live = wait_for(lambda: viewer.states.get(added["id"]), 40, f"camera {number} to be live")
        wait_for(lambda: viewer.frames.get(added["id"], 0) > 1, 2 + live - time.monotonic() + 0.5,
                 f"frames of camera {number} within two seconds")
        took.append(time.monotonic() - live)
        camera.stop()
    viewer.close()
    print(f"frames after {max(took):.2f} s at most")


def test_a_camera_watched_by_name_as_soon_as_it_is_added_shows_pictures(site):
    site.up()
    for number in range(5):
        added = site.add_camera(f"camera {number}")
        viewer = Viewer(site, {"cameras": [added["id"]], "max_fps": 10, "max_width": 320})
        camera = site.camera(added["token"], "test", "--size", "160x120", "--fps", "10", name=f"camera-{number}")
        wait_for(lambda: viewer.frames.get(added["id"], 0) > 1, 40, f"frames of camera {number}")
        camera.stop()
        viewer.close()
