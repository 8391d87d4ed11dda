"""Our Socket.IO server with foreign clients, and our client with foreign servers."""

import asyncio
import json
import os
import shutil
import subprocess
import sys

import pytest

from harness import ROOT, Process, free_port, wait_for

HERE = ROOT / "tests" / "integration"
NODE_PATH = ROOT / "dashboard" / "node_modules"


@pytest.fixture(scope="module")
def server_url(build_dir, tmp_path_factory):
    program = build_dir / "surveillx-socketio-conformance"
    if not program.exists():
        pytest.skip(f"{program} is not built")
    process = Process([program, "--port", 0], log=tmp_path_factory.mktemp("server") / "log")
    port = process.wait_for_output(r"listening on port (\d+)").group(1)
    yield f"http://127.0.0.1:{port}"
    process.popen.terminate()
    assert process.popen.wait(10) == 0


class Probe:
    """surveillx-socketio-probe: our client, driven by lines."""

    def __init__(self, build_dir, folder, url, *arguments):
        program = build_dir / "surveillx-socketio-probe"
        if not program.exists():
            pytest.skip(f"{program} is not built")
        self.output = folder / "probe.out"
        self.process = subprocess.Popen(
            [program, "--url", url, *arguments],
            stdin=subprocess.PIPE,
            stdout=open(self.output, "wb"),
            stderr=open(folder / "probe.err", "wb"),
            text=True,
        )

    def send(self, *line):
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()

    def lines(self, key):
        text = self.output.read_text()
        complete = text[: text.rfind("\n") + 1]
        return [line for line in map(json.loads, complete.splitlines()) if key in line]

    def wait(self, key, count=1):
        return wait_for(lambda: (self.lines(key)[count - 1 :] or [None])[0], what=f"{count} times {key!r}")[key]

    def end(self):
        self.process.stdin.close()
        assert self.process.wait(20) == 0


@pytest.fixture
def probe(build_dir, tmp_path):
    started = []

    def start(url, *arguments):
        started.append(Probe(build_dir, tmp_path, url, *arguments))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()


# --- Foreign clients ------------------------------------------------------------------------------


@pytest.mark.parametrize("transports", [["polling"], ["websocket"], ["polling", "websocket"]])
def test_python_socketio_talks_to_our_server(server_url, transports):
    socketio = pytest.importorskip("socketio")

    async def run():
        client = socketio.AsyncClient(reconnection=False)
        heard = asyncio.Queue()
        for name in ("auth", "message-back"):
            client.on(name, lambda *args, name=name: heard.put_nowait((name, args)))
        client.on("auth", lambda *args: heard.put_nowait(("custom", args)), namespace="/custom")
        await client.connect(server_url, transports=transports, auth={"token": "123"}, namespaces=["/", "/custom"])
        first = sorted([await asyncio.wait_for(heard.get(), 20) for _ in range(2)])
        assert first == [("auth", ({"token": "123"},)), ("custom", ({"token": "123"},))]

        await client.emit("message", (1, {"picture": b"\x01\x02"}, "\u20ac"))
        assert await asyncio.wait_for(heard.get(), 20) == ("message-back", (1, {"picture": b"\x01\x02"}, "\u20ac"))
        assert await client.call("message-with-ack", ("x", b"\x03"), timeout=20) == ("x", b"\x03")
        # More than a payload of python-engineio may hold, in one go.
        for i in range(100):
            await client.emit("message", i)
        for i in range(100):
            assert await asyncio.wait_for(heard.get(), 20) == ("message-back", (i,))
        assert client.transport() == transports[-1]
        await client.disconnect()

    asyncio.run(run())


@pytest.mark.parametrize("transports", ["polling", "websocket", "polling,websocket"])
def test_npm_socket_io_client_talks_to_our_server(server_url, transports):
    if not (NODE_PATH / "socket.io-client").exists() or not shutil.which("node"):
        pytest.skip("socket.io-client is not installed: npm ci in dashboard/")
    done = subprocess.run(
        ["node", HERE / "socketio_npm_peer.cjs", server_url, transports],
        env={**os.environ, "NODE_PATH": str(NODE_PATH)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "auth": {"token": "123"},
        "transport": transports.split(",")[-1],
        "message": [1, "010203", "\u20ac"],
        "ack": ["x", "0405"],
        "custom": {"a": 1},
        "unknown": "Invalid namespace",
        "stillConnected": True,
    }


def test_our_client_talks_to_our_server(server_url, probe):
    client = probe(server_url, "--namespace", "/", "--auth", '{"token": "123"}')
    assert client.wait("connected") == "websocket"
    client.send("message", 1, {"$base64": "AQID"}, "\u20ac")
    client.send("$ack", "message-with-ack", "x", {"$base64": "BAU="})
    assert client.wait("ack") == ["x", {"$base64": "BAU="}]
    assert [line["args"] for line in client.lines("event")] == [[{"token": "123"}], [1, {"$base64": "AQID"}, "\u20ac"]]
    client.end()


def test_our_client_is_told_of_a_refusal(server_url, probe):
    client = probe(server_url, "--namespace", "/random")
    assert client.wait("refused", 2) == "Invalid namespace"


# --- Foreign servers ------------------------------------------------------------------------------


def start_flask(folder, port, mode):
    process = Process([sys.executable, HERE / "socketio_flask_app.py", port, mode], log=folder / f"flask-{mode}.log")

    def answers():
        assert process.running(), process.output
        try:
            import requests

            return requests.get(f"http://127.0.0.1:{port}/", timeout=5).status_code
        except requests.ConnectionError:
            return None

    wait_for(answers, what="Flask")
    return process


@pytest.mark.parametrize("mode, transport", [("threading", "polling"), ("gevent", "websocket")])
def test_our_client_talks_to_flask_socketio(probe, tmp_path, mode, transport):
    pytest.importorskip("flask_socketio")
    if mode == "gevent":
        pytest.importorskip("geventwebsocket")
    port = free_port()
    flask = start_flask(tmp_path, port, mode)
    try:
        client = probe(f"http://127.0.0.1:{port}")
        assert client.wait("connected") == transport
        # Far more packets than python-engineio takes in one POST.
        for i in range(80):
            client.send("frame", {"frame": "x" * 20_000, "camera_id": i})
        client.wait("event", 80)
        # Each event has a thread of its own there, so their order says nothing.
        assert sorted(line["args"][0]["camera_id"] for line in client.lines("event")) == list(range(80))
        # One at a time: python-socketio mixes the packets of binary events that two threads send.
        picture = {"$base64": "AQID" * 10_000}
        for i in range(5):
            client.send("frame", picture)
            client.wait("event", 81 + i)
            assert client.lines("event")[80 + i]["args"] == [picture]

        # A server that dies is noticed, and found again when it is back.
        flask.popen.kill()
        flask.popen.wait()
        client.wait("disconnected")
        client.send("frame", "while it is away")
        assert client.wait("dropped") == "frame"
        flask = start_flask(tmp_path, port, mode)
        assert client.wait("connected", 2) == transport
        client.send("frame", "after")
        assert wait_for(lambda: client.lines("event")[85:])[0]["args"] == ["after"]
        client.end()
    finally:
        flask.popen.kill()
        flask.popen.wait()
