"""What strangers may take from a running server, and that they keep nobody else out."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import threading
import time

import pytest
import requests

from harness import ADMIN_PASSWORD, Installation, children_of, wait_for

POLLING = "/socket.io/?EIO=4&transport=polling"
PATIENCE = 60  # A password takes 0.2 s of a core, of which a busy machine gives little.
FEW_DESCRIPTORS = ["prlimit", "--nofile=1024:1024"]


@pytest.fixture
def site(tmp_path):
    installation = Installation(tmp_path, extra_sets=["vision.engine=builtin"])
    yield installation
    installation.stop_all()


def start(site, before=()):
    process = site.up(before=before)
    wait_for(lambda: requests.get(f"{site.web_url}/readyz", timeout=10).status_code == 200, 30, "/readyz")
    return process


def ask(port, method, path, body=None, headers=None, source="127.0.0.1", timeout=10):
    """Status and text of one request from `source`, on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, source_address=(source, 0), timeout=timeout)
    with contextlib.closing(connection):
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")


def sign_in(port, source="127.0.0.1", username="nobody", password="wrong"):
    body = f'{{"username":"{username}","password":"{password}"}}'
    headers = {"content-type": "application/json"}
    return ask(port, "POST", "/api/auth/login", body, headers, source, PATIENCE)[0]


class Flood:
    """Repeats `act` on threads until the block ends; what it raises is the server's doing and no fault."""

    def __init__(self, act, threads=2):
        self.stop, self.rounds = threading.Event(), 0
        self.threads = [threading.Thread(target=self.run, args=(act, i)) for i in range(threads)]

    def run(self, act, index):
        while not self.stop.is_set():
            with contextlib.suppress(OSError, http.client.HTTPException):
                act(index)
            self.rounds += 1
            self.stop.wait(0.002)  # Leaves the server more of the machine than the flood takes.

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()


def test_with_few_descriptors_one_address_cannot_take_them_all(site):
    up = start(site, FEW_DESCRIPTORS)
    held = []

    def open_and_hold(_):
        held.append(socket.create_connection(("127.0.0.1", site.web_port), 3))
        if len(held) > 600:
            held.pop(0).close()

    with Flood(open_and_hold) as flood:
        wait_for(lambda: flood.rounds > 1500, 60, "1,500 idle connections of one address")
        for _ in range(20):
            assert ask(site.web_port, "GET", "/healthz", source="127.0.0.2")[0] == 200
            assert ask(site.web_port, "GET", "/readyz", source="127.0.0.2")[0] == 200
        assert sign_in(site.web_port, "127.0.0.2") == 401
    for connection in held:
        connection.close()
    assert "will be restarted" not in up.output
    metrics = requests.get(f"{site.web_url}/metrics", timeout=10).text
    assert 'surveillx_http_refusals_total{kind="gave_way"}' in metrics


def test_strangers_sessions_end_and_neither_another_address_nor_media_is_kept_out(site):
    up = start(site)
    sessions = []

    def open_and_retry(index):
        source = f"127.0.0.{index + 3}"
        status, text = ask(site.web_port, "GET", POLLING, source=source)
        if status != 200 or '"sid":"' not in text:
            return
        sid = text.split('"sid":"')[1].split('"')[0]
        sessions.append((time.monotonic(), sid))
        ask(site.web_port, "POST", f"{POLLING}&sid={sid}", '40/stream,{"token":"x"}\x1e3', source=source)

    with Flood(open_and_retry, threads=3):
        wait_for(lambda: len(sessions) > 800, 60, "800 sessions")
        for _ in range(10):
            status, text = ask(site.web_port, "GET", POLLING, source="127.0.0.2")
            assert status == 200 and '"sid":"' in text
        # Media's socket ends with its process; `up` starts another, which must find a place.
        media = next(pid for pid in children_of(up.pid) if b"media" in cmdline(pid).split(b"\0")[1])
        os.kill(media, signal.SIGKILL)
        up.wait_for_output(r"live\.media_disconnected", 30)
        wait_for(lambda: up.output.count("live.media_connected") >= 2, 60, "media to come back")
    first = sessions[0]
    wait_for(lambda: time.monotonic() - first[0] > 12, 20, "the deadline of the first session")
    for _, sid in sessions[:50]:
        assert ask(site.web_port, "POST", f"{POLLING}&sid={sid}", "6")[0] == 400


def cmdline(pid):
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        return file.read()


def test_token_look_ups_stand_in_nobodys_way(site):
    start(site)
    pairs = "\x1e".join(['40/stream,{"token":"x"}', "41/stream,"] * 250)

    def connects(_):
        _, text = ask(site.web_port, "GET", POLLING)
        if '"sid":"' in text:
            ask(site.web_port, "POST", f"{POLLING}&sid=" + text.split('"sid":"')[1].split('"')[0], pairs)
        # The same by the API.
        ask(site.web_port, "GET", "/api/cameras", headers={"Authorization": "Bearer x"})

    def round_trip(name):
        begin = time.monotonic()
        assert ask(site.web_port, "GET", "/readyz", source="127.0.0.2", timeout=PATIENCE)[0] == 200
        assert sign_in(site.web_port, "127.0.0.2", name) == 401
        return time.monotonic() - begin

    quiet = max(round_trip(f"quiet{i}") for i in range(5))
    with Flood(connects, threads=4) as flood:
        wait_for(lambda: flood.rounds > 50, 30, "a flood of look-ups")
        busy = sorted(round_trip(f"busy{i}") for i in range(15))
    print(f"/readyz and a sign-in: {quiet:.2f} s when quiet, {busy[7]:.2f} s in the flood (median)")
    assert busy[7] < max(1, 3 * quiet)


def test_wrong_passwords_from_one_address_keep_nobody_at_another_from_signing_in(site):
    start(site)
    with Flood(lambda _: sign_in(site.web_port, "127.0.0.3", "admin"), threads=4) as flood:
        wait_for(lambda: flood.rounds > 100, 60, "100 wrong passwords for admin")
        for _ in range(3):
            assert sign_in(site.web_port, "127.0.0.2", "admin", ADMIN_PASSWORD) == 200


def test_a_log_that_nobody_reads_stops_neither_the_server_nor_its_end(site):
    site.run("db", "migrate")
    reader, writer = os.pipe()
    server = subprocess.Popen(
        [str(a) for a in [*site.base("web"), *site.sets]],
        env={**os.environ, **site.env}, stderr=writer, stdout=subprocess.DEVNULL,
    )
    os.close(writer)
    try:
        wait_for(lambda: site.answers(site.web_port), 30, "web to listen")
        for i in range(3000):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", site.web_port), 1) as s:
                # Different events from different addresses, so that no limit of lines keeps them few.
                s.sendall(b"X\r\n\r\n" if i % 2 else b"GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n")
        assert sign_in(site.web_port) == 401
        for _ in range(3):
            assert ask(site.web_port, "GET", "/healthz", timeout=PATIENCE)[0] == 200
        server.send_signal(signal.SIGTERM)
        assert server.wait(PATIENCE) == 0
    finally:
        server.kill()
        server.wait()
        os.close(reader)


def test_a_client_of_an_older_socket_io_is_told_so_and_the_log_names_it(site):
    site.run("db", "migrate")
    web = site.start("web", [*site.base("web"), *site.sets])
    wait_for(lambda: site.answers(site.web_port), 30, "web to listen")
    status, text = ask(site.web_port, "GET", "/socket.io/?EIO=3&transport=polling")
    assert status == 400
    assert "this server speaks Engine.IO 4; use socket.io-client 3 or later" in text
    web.wait_for_output(r"socketio\.unsupported_version .*remote=127\.0\.0\.1")
    for _ in range(200):
        ask(site.web_port, "GET", "/socket.io/?EIO=3&transport=polling")
    assert web.output.count("socketio.unsupported_version") < 20


def test_the_servers_raise_their_limit_of_descriptors(site):
    up = start(site, ["prlimit", "--nofile=256:"])
    for pid in children_of(up.pid):
        if cmdline(pid).split(b"\0")[1] not in (b"web", b"media"):
            continue
        with open(f"/proc/{pid}/limits") as file:
            soft, hard = next(line for line in file if line.startswith("Max open files")).split()[3:5]
        assert soft == hard or int(soft) >= 65_536
