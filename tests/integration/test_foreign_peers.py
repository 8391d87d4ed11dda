"""Clients and servers that are not ours, unchanged: aiortc and Chromium as cameras, python-socketio and
the npm socket.io-client as viewers, a Flask-SocketIO application as the receiver of legacy publishing."""

import base64
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import socketio

from harness import ROOT, Installation, free_port, wait_for

HERE = Path(__file__).parent
PYTHON = "/usr/bin/python3"
JPEG = b"\xff\xd8\xff"


@pytest.fixture
def site(tmp_path):
    installation = Installation(tmp_path)
    yield installation
    installation.stop_all()


def state_of(site, token, name):
    return next((c for c in site.get("/api/cameras", token)["cameras"] if c["name"] == name), {"state": None})


def test_an_aiortc_script_that_closes_its_websocket_stays_live(site):
    site.up()
    token = site.login()
    camera = site.add_camera("script")
    script = site.start("aiortc", [PYTHON, HERE / "foreign_camera.py", site.signaling_url, camera["token"], 600])
    script.wait_for_output("connected, WebSocket closed", 30)
    wait_for(lambda: state_of(site, token, "script")["state"] == "live", 30, "the script's camera to be live")
    live = state_of(site, token, "script")
    assert (live["width"], live["height"]) == (640, 480)
    assert live["codec"] in ("VP8", "H264")
    script.popen.kill()
    wait_for(lambda: state_of(site, token, "script")["state"] == "offline", 30, "the dead camera to be offline")
    assert state_of(site, token, "script")["reason"]


def test_a_page_in_chromium_sends_its_camera(site):
    if not Path(os.environ.get("SURVEILLX_CHROMIUM", "/usr/bin/chromium")).exists():
        pytest.skip("no chromium on this machine")
    if not (ROOT / "dashboard" / "node_modules" / "playwright-core").exists():
        pytest.skip("the dashboard's npm packages are not installed")
    site.up()
    token = site.login()
    camera = site.add_camera("browser")
    page = site.start(
        "chromium",
        ["node", HERE / "browser_camera.mjs", site.signaling_url, camera["token"]],
        {"NODE_PATH": str(ROOT / "dashboard" / "node_modules")},
    )
    page.wait_for_output("connected", 180)
    # The microphone comes first in the offer and is refused all the same: the video has a transport of its own.
    assert "m=audio 0, m=video 9" in page.output
    wait_for(lambda: state_of(site, token, "browser")["state"] == "live", 60, "the browser's camera to be live")
    # Not the 250 kb/s thumbnail that Chromium starts with by itself.
    wait_for(lambda: state_of(site, token, "browser")["width"] >= 640, 60, "a picture of full width")
    page.stop()


def test_a_viewer_of_the_original_kind_gets_base64_without_asking(site):
    """The original browser code: no `watch`, base64 strings of every camera."""
    site.up("--demo")
    frames = []
    client = socketio.Client()
    client.on("frame", frames.append, namespace="/stream")
    client.connect(site.web_url, namespaces=["/stream"], auth={"token": site.login()}, wait_timeout=10)
    wait_for(lambda: len(frames) >= 5, 60, "frames for an original viewer")
    client.disconnect()
    frame = frames[-1]
    assert isinstance(frame["frame"], str)
    assert base64.b64decode(frame["frame"], validate=True).startswith(JPEG)
    assert frame["width"] <= 640
    assert [f["seq"] for f in frames] == sorted({f["seq"] for f in frames})


def test_python_socketio_watches_with_binary_frames_and_sees_named_faces(site):
    site.up("--demo", "--demo-names", "Zora Quill,Bela Quill,Cato Quill,Dora Quill,Egon Quill,Fina Quill,Gero Quill,Hete Quill")
    frames, faces, hello, cameras = [], [], [], []
    client = socketio.Client()
    client.on("frame", frames.append, namespace="/stream")
    client.on("detection", lambda d: faces.extend(d["faces"]), namespace="/stream")
    client.on("status", hello.append, namespace="/stream")
    client.on("camera", cameras.append, namespace="/stream")
    client.connect(site.web_url, namespaces=["/stream"], auth={"token": site.login()}, wait_timeout=10)
    answer = client.call("watch", {"max_fps": 8, "max_width": 320}, namespace="/stream", timeout=10)
    assert answer["ok"] and len(answer["cameras"]) == 1
    wait_for(lambda: sum(isinstance(f["frame"], bytes) for f in frames) >= 5, 60, "binary frames")
    binary = [f for f in frames if isinstance(f["frame"], bytes)][-1]
    assert binary["frame"].startswith(JPEG)
    assert binary["width"] <= 320
    assert binary["camera_id"] == answer["cameras"][0]
    assert hello[0]["connected"] is True
    assert cameras[0]["name"] == "demo"
    known = wait_for(lambda: [f for f in faces if f["status"] == "known"], 90, "a known face")[0]
    assert known["name"].endswith(" Quill") and known["person_id"]
    wait_for(lambda: [r for r in site.attendance() if r["person"].endswith(" Quill")], 30, "the attendance")
    assert client.call("watch", {"cameras": "all"}, namespace="/stream", timeout=10)["ok"] is False
    client.disconnect()


@pytest.mark.parametrize("transports", ["polling", "websocket", "polling,websocket"])
def test_the_npm_socket_io_client_watches(site, transports):
    modules = ROOT / "dashboard" / "node_modules"
    if not (modules / "socket.io-client").exists():
        pytest.skip("the dashboard's npm packages are not installed")
    site.up("--demo")
    done = subprocess.run(
        ["node", HERE / "npm_viewer.cjs", site.web_url, site.login(), transports],
        env={**os.environ, "NODE_PATH": str(modules)}, capture_output=True, text=True, timeout=90,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    seen = json.loads(done.stdout)
    assert seen["binary"] and seen["jpeg"] and seen["ack"]["ok"] is True


def test_a_stranger_at_the_socket_gets_nothing(site):
    site.up("--demo")
    for auth in (None, {}, {"token": ""}, {"token": "wrong"}, {"token": 7}):
        client = socketio.Client(reconnection=False)
        got = []
        client.on("*", lambda *a: got.append(a), namespace="/stream")
        with pytest.raises(socketio.exceptions.ConnectionError):
            client.connect(site.web_url, namespaces=["/stream"], auth=auth, wait_timeout=5)
        assert got == []


@pytest.mark.parametrize("mode", ["threading", "gevent"])
def test_legacy_publishing_to_an_unchanged_flask_socketio_application(tmp_path, mode):
    port = free_port()
    site = Installation(
        tmp_path, extra_sets=["publish.mode=legacy", f"publish.url=http://127.0.0.1:{port}", "publish.fps=10"]
    )
    try:
        flask = site.start("flask", [PYTHON, HERE / "flask_app.py", port, mode])
        wait_for(lambda: site.answers(port), 30, "the Flask application")
        site.up("--demo")
        received = []
        viewer = socketio.Client()
        viewer.on("frame", received.append, namespace="/stream")
        viewer.connect(f"http://127.0.0.1:{port}", namespaces=["/stream"], wait_timeout=10)
        wait_for(lambda: len(received) >= 10, 60, "frames that the Flask application passes on")
        viewer.disconnect()
        frame = received[-1]
        assert base64.b64decode(frame["frame"], validate=True).startswith(JPEG)
        assert frame["camera_id"] == 1
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", frame["timestamp"])
        # Recognition and attendance go on, and the dashboard says where the picture goes.
        assert site.get("/api/system", site.login())["publish"]["mode"] == "legacy"
        wait_for(site.attendance, 90, "attendance in legacy mode")
        assert "detection" not in flask.output
    finally:
        site.stop_all()
