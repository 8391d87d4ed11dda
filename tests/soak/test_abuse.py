"""Strangers' load while a camera streams and somebody watches: the picture never goes stale, /readyz stays
200 and sign-in works from another address. All load comes from loopback addresses of its own, is bounded in
count and time, and the servers may open 1,024 descriptors."""

import http.client
import json
import os
import socket
import threading
import time

import pytest
import socketio

from harness import ADMIN_PASSWORD, Installation, children_of, wait_for

SECONDS = 60 if os.environ.get("SURVEILLX_SOAK") == "whole" else 12
DESCRIPTORS = 1024
POLLING = "/socket.io/?EIO=4&transport=polling"


def ask(port, address, method, path, body=None, headers=None, timeout=10):
    connection = http.client.HTTPConnection("127.0.0.1", port, source_address=(address, 0), timeout=timeout)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    finally:
        connection.close()


def sid_of(text):
    return text.split('"sid":"')[1].split('"')[0] if '"sid":"' in text else None


class Load:
    """Threads that abuse the servers until `end`; each step may fail, which is what the servers want."""

    def __init__(self, site, seconds):
        self.web, self.signaling = site.web_port, site.signaling_port
        self.end = time.monotonic() + seconds
        self.counts = {}
        self.threads = [
            threading.Thread(target=self.repeat, args=(step, f"127.0.1.{i + 1}"), daemon=True)
            for i, step in enumerate(
                [self.idle, self.idle, self.sessions, self.sessions, self.lookups, self.lookups, self.malformed,
                 self.bodies, self.logins, self.signing_in_cameras, self.old_clients]
            )
        ]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        for thread in self.threads:
            thread.join()

    def repeat(self, step, address):
        held = []
        while time.monotonic() < self.end:
            try:
                step(address, held)
                self.counts[step.__name__] = self.counts.get(step.__name__, 0) + 1
            except (OSError, http.client.HTTPException):
                time.sleep(0.01)
            time.sleep(0.002)
        for one in held:
            one.close()

    def connect(self, port, address):
        return socket.create_connection(("127.0.0.1", port), 2, source_address=(address, 0))

    def idle(self, address, held):
        held.append(self.connect(self.web if len(held) % 2 else self.signaling, address))
        if len(held) > 1500:
            held.pop(0).close()

    def sessions(self, address, held):
        status, text = ask(self.web, address, "GET", POLLING)
        sid = sid_of(text)
        if sid:
            ask(self.web, address, "POST", f"{POLLING}&sid={sid}", '40/stream,{"token":"x"}\x1e3')

    def lookups(self, address, held):
        status, text = ask(self.web, address, "GET", POLLING)
        sid = sid_of(text)
        if sid:
            body = "\x1e".join(['40/stream,{"token":"x"}', "41/stream,"] * 250)
            ask(self.web, address, "POST", f"{POLLING}&sid={sid}", body)

    def malformed(self, address, held):
        for port in (self.web, self.signaling):
            with self.connect(port, address) as s:
                s.sendall(b"X\r\n\r\n")

    def bodies(self, address, held):
        s = self.connect(self.web, address)
        s.sendall(b"POST /api/auth/login HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n" + b"x" * 100_000)
        held.append(s)
        if len(held) > 100:
            held.pop(0).close()

    def logins(self, address, held):
        body = json.dumps({"username": "admin", "password": "wrong"})
        ask(self.web, address, "POST", "/api/auth/login", body, {"Content-Type": "application/json"})

    def signing_in_cameras(self, address, held):
        s = self.connect(self.signaling, address)
        s.sendall(
            b"GET /?token=wrong HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        held.append(s)
        if len(held) > 200:
            held.pop(0).close()

    def old_clients(self, address, held):
        ask(self.web, address, "GET", "/socket.io/?EIO=3&transport=polling")


@pytest.fixture
def site(tmp_path):
    installation = Installation(tmp_path, extra_sets=["vision.engine=builtin"])
    yield installation
    installation.stop_all()


def test_strangers_load_keeps_nobody_out_and_no_picture_back(site):
    up = site.up(before=["prlimit", f"--nofile={DESCRIPTORS}:{DESCRIPTORS}"])
    added = site.add_camera("door")
    site.camera(added["token"], "test", "--size", "320x240", "--fps", "10")
    states, frames = [], []
    viewer = socketio.Client(reconnection=False)
    viewer.on("camera", lambda camera: states.append(camera["state"]), namespace="/stream")
    viewer.on("frame", lambda frame: frames.append(time.monotonic()), namespace="/stream")
    viewer.connect(site.web_url, namespaces=["/stream"], auth={"token": site.login()}, wait_timeout=10)
    viewer.emit("watch", {"max_fps": 10, "max_width": 320}, namespace="/stream")
    wait_for(lambda: len(frames) > 10, 60, "frames before the load")
    states.clear()
    children = set(children_of(up.pid))

    problems, asked = [], 0
    body = json.dumps({"username": "admin", "password": ADMIN_PASSWORD})
    with Load(site, SECONDS) as load:
        while time.monotonic() < load.end:
            asked += 1
            for method, path, content in (("GET", "/readyz", None), ("POST", "/api/auth/login", body)):
                try:
                    status, text = ask(
                        site.web_port, "127.0.0.9", method, path, content, {"Content-Type": "application/json"}
                    )
                    if status != 200:
                        problems.append(f"{path}: {status} {text[:200]}")
                except OSError as problem:
                    problems.append(f"{path}: {problem!r}")
            # A sign-in every two seconds is what a person may do.
            time.sleep(2)
    print(f"{asked} looks, {len(frames)} frames, load {load.counts}")
    assert not problems
    assert load.counts.keys() >= {"malformed", "lookups", "sessions", "logins"}
    assert not {"stale", "offline"} & set(states), states
    assert viewer.connected
    assert set(children_of(up.pid)) == children, "a process was restarted"
    before = len(frames)
    wait_for(lambda: len(frames) > before, 20, "frames after the load")
    viewer.disconnect()
