"""A database that is held by another program, or whose packets are swallowed: who waits is told for what,
people sign in, and processes end when they are told to."""

import select
import signal
import socket
import sqlite3
import threading
import time

import pytest
import requests

from contract import Contract
from harness import ADMIN_PASSWORD, Installation, Postgres, wait_for


class SwallowingProxy:
    """Forwards to a port of 127.0.0.1 until told to swallow all that either side says; connections stay
    open, and new ones are accepted and never answered."""

    def __init__(self, target):
        self.target = target
        self.swallowing = threading.Event()
        self.swallowed = 0
        self._stop = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        peers = {}
        while not self._stop.is_set():
            readable, _, _ = select.select([self._listener, *peers], [], [], 0.05)
            for sock in readable:
                if sock is self._listener:
                    client, _ = sock.accept()
                    if self.swallowing.is_set():
                        peers[client] = None
                    else:
                        server = socket.create_connection(("127.0.0.1", self.target))
                        peers[client], peers[server] = server, client
                    continue
                if sock not in peers:
                    continue
                try:
                    data = sock.recv(65536)
                except OSError:
                    data = b""
                peer = peers[sock]
                if data and not self.swallowing.is_set() and peer is not None:
                    try:
                        peer.sendall(data)
                    except OSError:
                        pass
                elif data:
                    self.swallowed += len(data)
                else:
                    del peers[sock]
                    sock.close()
                    if peer is not None and peer in peers:
                        peers[peer] = None
                        if not self.swallowing.is_set():
                            del peers[peer]
                            peer.close()
        for sock in peers:
            sock.close()
        self._listener.close()

    def close(self):
        self._stop.set()
        self._thread.join()


@pytest.fixture
def lock(build_dir, tmp_path):
    site = Installation(tmp_path)
    site.run("db", "migrate")
    site.make_admin()
    yield site
    site.stop_all()


def test_a_command_says_for_what_it_waits_and_people_sign_in_meanwhile(lock):
    site = lock
    web = site.start("web", [*site.base("web"), *site.sets])
    wait_for(lambda: web.running() and site.answers(site.web_port), 30, "web to listen")
    before = site.login()
    holder = sqlite3.connect(site.data / "surveillx.db", isolation_level=None)
    holder.execute("begin immediate")
    command = site.start("command", site.base("cameras", "add", "Door"))
    command.wait_for_output(r"waiting for the database sqlite:\S+, which is held by another program, \S+ \(process \d+\)")

    begun = time.monotonic()
    during = site.login()
    assert time.monotonic() - begun < 10
    for token in (before, during):
        assert site.get("/api/auth/me", token)["user"]["username"] == "admin"
        assert site.get("/api/cameras", token)["cameras"] == []
    assert command.running()
    holder.close()
    assert command.popen.wait(30) == 0
    assert len(site.get("/api/cameras", during)["cameras"]) == 1
    # The session is in the database by now, or will be at a later use: it outlives the process.
    wait_for(
        lambda: site.get("/api/auth/me", during)
        and sqlite3.connect(site.data / "surveillx.db").execute("select count(*) from web_session").fetchone()[0] == 2,
        20,
        "the session in the database",
    )


@pytest.fixture
def swallowed(build_dir, tmp_path):
    postgres = Postgres(tmp_path)
    proxy = SwallowingProxy(postgres.port)
    site = Installation(tmp_path, database_url=postgres.url.replace(str(postgres.port), str(proxy.port)))
    site.run("db", "migrate")
    site.make_admin()
    yield site, proxy
    try:
        site.stop_all()
    finally:
        proxy.close()
        postgres.stop()


def test_servers_answer_and_end_in_time_while_the_database_s_packets_are_swallowed(swallowed):
    site, proxy = swallowed
    web = site.start("web", [*site.base("web"), *site.sets])
    media = site.media()
    wait_for(lambda: web.running() and site.answers(site.web_port), 30, "web to listen")
    token = site.login()
    headers = {"Authorization": f"Bearer {token}"}
    assert requests.get(f"{site.web_url}/api/people", headers=headers, timeout=10).status_code == 200

    proxy.swallowing.set()
    begun = time.monotonic()
    # test_contract_shapes.py relies on this for the 503 of every operation that asks the database.
    contract = Contract()
    asked = [*sorted(contract.asking_the_database()), *["listPeople"] * 2]
    answers = []

    def ask(name):
        body = {"username": "admin", "password": ADMIN_PASSWORD} if name == "login" else None
        # /metrics lets in who comes by loopback.
        shown = {} if name == "login" else {**headers, "Host": "cameras.example"}
        answers.append((name, contract.send(name, site.web_url, headers=shown, json=body, timeout=60)))

    callers = [threading.Thread(target=ask, args=(name,)) for name in asked]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    print(f"{len(asked)} requests refused after {time.monotonic() - begun:.1f} s")
    assert len(answers) == len(asked)
    for name, answer in answers:
        assert answer.status_code == 503, f"{name}: {answer.status_code} {answer.text[:300]}"
        contract.check(name, answer)
    assert time.monotonic() - begun < 45
    # What needs no database works on.
    assert requests.get(f"{site.web_url}/healthz", timeout=5).status_code == 200

    # And back.
    proxy.swallowing.clear()
    wait_for(
        lambda: requests.get(f"{site.web_url}/api/people", headers=headers, timeout=60).status_code == 200,
        60,
        "web to work again",
    )
    # Every thread that needs the database is in the middle of something when the end is asked for.
    before = proxy.swallowed
    proxy.swallowing.set()
    late = [
        threading.Thread(target=lambda: ignore(lambda: requests.get(f"{site.web_url}/api/people", headers=headers, timeout=30)))
        for _ in range(8)
    ]
    for caller in late:
        caller.start()
    wait_for(lambda: proxy.swallowed > before, what="statements on their way")
    for process in (web, media):
        begun = time.monotonic()
        process.stop(signal.SIGTERM, timeout=5)
        print(f"{process.log_path.name} ended after {time.monotonic() - begun:.1f} s")
    for caller in late:
        caller.join()


def ignore(call):
    try:
        call()
    except requests.RequestException:
        pass
