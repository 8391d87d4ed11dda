"""Engine.IO by hand: raw requests and raw WebSocket messages, so that a test can also break the rules."""

import asyncio
import contextlib
import json
import socket

import requests
import websockets

TIMEOUT = 20.0


class Peer:
    """Where a server is, and raw ways to talk to it."""

    def __init__(self, port, path, host="127.0.0.1"):
        self.port = port
        self.host = host
        self.authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self.path = path

    def url(self, query):
        return f"http://{self.authority}{self.path}?{query}"

    def request(self, method, query, body=None, headers=None):
        return requests.request(method, self.url(query), data=body, headers=headers, timeout=TIMEOUT)

    def open(self):
        """Opens a polling session and returns its id."""
        response = self.request("GET", "EIO=4&transport=polling")
        assert response.status_code == 200, response.text
        return json.loads(response.text[1:])["sid"]

    def poll(self, sid):
        return self.request("GET", f"EIO=4&transport=polling&sid={sid}")

    def post(self, sid, body, headers=None):
        return self.request("POST", f"EIO=4&transport=polling&sid={sid}", body, headers)

    def start(self, method, sid, head="", body=b""):
        """Sends a request, perhaps not all of it, and returns the socket to read the answer from."""
        stream = socket.create_connection((self.host, self.port), timeout=TIMEOUT)
        request = f"{method} {self.path}?EIO=4&transport=polling&sid={sid} HTTP/1.1\r\nHost: {self.authority}\r\n"
        stream.sendall((request + head + "\r\n").encode() + body)
        return stream

    def start_poll(self, sid):
        """A poll that is under way at the server: it answers an earlier request of the connection first."""
        stream = socket.create_connection((self.host, self.port), timeout=TIMEOUT)
        head = f" HTTP/1.1\r\nHost: {self.authority}\r\n\r\n"
        stream.sendall(f"GET {self.path}?EIO=none{head}".encode())
        status, _ = read_response(stream)
        assert status == 400
        stream.sendall(f"GET {self.path}?EIO=4&transport=polling&sid={sid}{head}".encode())
        return stream

    @contextlib.contextmanager
    def web_socket(self, query="EIO=4&transport=websocket"):
        peer = WebSocket(f"ws://{self.authority}{self.path}?{query}")
        try:
            yield peer
        finally:
            peer.drop()


class WebSocket:
    """A WebSocket with plain calls. Every wait has a limit."""

    def __init__(self, url):
        self._loop = asyncio.new_event_loop()
        try:
            self._socket = self._run(self._dial(url))
        except BaseException:
            self._loop.close()
            raise

    @staticmethod
    async def _dial(url):
        return await websockets.connect(url, max_size=None, ping_interval=None)

    def _run(self, awaitable):
        async def limited():
            return await asyncio.wait_for(awaitable, TIMEOUT)

        return self._loop.run_until_complete(limited())

    def send(self, message):
        self._run(self._socket.send(message))

    def recv(self):
        """The next message, pings included."""
        return self._run(self._socket.recv())

    def recv_answering(self):
        """The next message that is no ping; pings are answered."""
        while True:
            message = self.recv()
            if message != "2":
                return message
            self.send("3")

    def closed(self):
        """Reads to the end; False when the peer stays open for TIMEOUT. Pings are not answered."""
        try:
            while True:
                self.recv()
        except websockets.ConnectionClosed:
            return True
        except asyncio.TimeoutError:
            return False

    def closed_while_answering(self):
        """As `closed`, for a peer that is alive: what ends the connection is not the heartbeat."""
        try:
            while True:
                if self.recv() == "2":
                    self.send("3")
        except websockets.ConnectionClosed:
            return self._socket.close_reason

    def drop(self):
        if self._loop.is_closed():
            return
        with contextlib.suppress(Exception):
            self._run(self._socket.close())
        self._loop.close()


def refused_or_closed(peer, query):
    """Whether a WebSocket with this query is turned away, by an HTTP status or by closing it."""
    try:
        with peer.web_socket(query) as web_socket:
            return web_socket.closed()
    except (websockets.InvalidStatusCode, websockets.InvalidMessage):
        return True


def read_response(stream):
    """Status and body of the next HTTP answer on a socket."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = stream.recv(65536)
        assert more, "the connection ended before an answer"
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        more = stream.recv(65536)
        assert more, "the connection ended inside an answer"
        body += more
    return int(head.split()[1]), body.decode()
