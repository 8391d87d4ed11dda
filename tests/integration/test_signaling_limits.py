"""Strangers and bad requests on the signalling port: the camera that streams is not touched, the one
that comes is let in."""

import asyncio
import json
import signal

import pytest
import socketio
import websockets

from harness import Installation, wait_for

OFFER = """v=0
o=- 1 1 IN IP4 127.0.0.1
s=-
t=0 0
a=ice-options:trickle
a=group:BUNDLE 0
m=video 9 UDP/TLS/RTP/SAVPF 96
c=IN IP4 0.0.0.0
a=ice-ufrag:warm
a=ice-pwd:warmwarmwarmwarmwarmwarm
a=fingerprint:sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF
a=setup:actpass
a=mid:0
a=sendonly
a=rtcp-mux
a=rtpmap:96 VP8/90000
""".replace("\n", "\r\n")


@pytest.fixture
def site(tmp_path):
    installation = Installation(tmp_path)
    yield installation
    installation.stop_all()


class Viewer:
    def __init__(self, site):
        self.frames = 0
        self.states = []
        self.client = socketio.Client()
        self.client.on("frame", self._frame, namespace="/stream")
        self.client.on("camera", lambda camera: self.states.append(camera["state"]), namespace="/stream")
        self.client.connect(site.web_url, namespaces=["/stream"], auth={"token": site.login()}, wait_timeout=10)
        self.client.emit("watch", {"max_fps": 10, "max_width": 320}, namespace="/stream")

    def _frame(self, _):
        self.frames += 1

    def sees_more(self, what):
        before = self.frames
        wait_for(lambda: self.frames > before + 5, 20, f"frames {what}")

    def close(self):
        self.client.disconnect()


def ask(site, token, *offers):
    """What the server answers to each offer on one socket, and the code it closed with, if it did."""

    async def talk():
        heard = []
        async with websockets.connect(f"{site.signaling_url}/?token={token}", max_size=None) as ws:
            try:
                for offer in offers:
                    await ws.send(json.dumps({"type": "offer", "sdp": offer}))
                    message = json.loads(await asyncio.wait_for(ws.recv(), 20))
                    heard.append(message.get("code", message["type"]))
            except websockets.ConnectionClosed:
                pass
            if ws.closed:
                heard.append(ws.close_code)
        return heard

    return asyncio.run(talk())


def test_bad_requests_with_a_live_camera_s_token_never_end_its_session(site):
    site.up()
    added = site.add_camera("gate")
    camera = site.camera(added["token"], "test", "--size", "160x120", "--json")
    camera.wait_for_output('"live"', 40)
    viewer = Viewer(site)
    viewer.sees_more("before")
    assert ask(site, added["token"], OFFER.replace("VP8", "AV1"), "nonsense") == ["unsupported_codec", "bad_sdp"]
    viewer.sees_more("after offers that cannot be answered")
    assert ask(site, added["token"], "x" * 300_000) in ([1009], ["message_too_big", 1009])
    viewer.sees_more("after a message that is too big")
    # Six in a minute, whatever the socket; they come back one each ten seconds.
    assert ask(site, added["token"], *["nonsense"] * 9)[-2:] == ["too_many_offers", 1013]
    assert ask(site, added["token"], OFFER)[0] == "too_many_offers"
    viewer.sees_more("after too many offers")
    assert set(viewer.states) == {"live"}
    assert camera.running() and '"waiting"' not in camera.output
    viewer.close()


def test_a_newer_camera_takes_over_and_the_older_one_stops(site):
    site.up()
    added = site.add_camera("gate")
    older = site.camera(added["token"], "test", "--size", "160x120", "--json", name="older")
    older.wait_for_output('"live"', 40)
    viewer = Viewer(site)
    viewer.sees_more("of the older")
    newer = site.camera(added["token"], "test", "--size", "160x120", "--json", name="newer")
    wait_for(lambda: not older.running(), 40, "the older one's end")
    assert older.popen.returncode == 1 and "another client" in older.output
    viewer.sees_more("of the newer")
    assert set(viewer.states) == {"live"}, "viewers noticed nothing"
    # Killed, it comes back at once: nothing waits for the dead session's end.
    newer.popen.send_signal(signal.SIGKILL)
    newer.popen.wait()
    again = site.camera(added["token"], "test", "--size", "160x120", "--json", name="again")
    again.wait_for_output('"live"', 40)
    viewer.sees_more("of the one that came back")
    viewer.close()


def test_strangers_neither_keep_a_camera_out_nor_revocation_waiting(site):
    site.up()
    added = site.add_camera("gate")

    async def crowd():
        sockets = []

        async def stranger(number):
            try:
                sockets.append(await websockets.connect(site.signaling_url))
                if number % 2:
                    await sockets[-1].send(json.dumps({"type": "hello", "token": f"wrong {number}"}))
            except (OSError, websockets.WebSocketException):
                pass

        await asyncio.gather(*(stranger(n) for n in range(100)))
        loop = asyncio.get_running_loop()
        camera = site.camera(added["token"], "test", "--size", "160x120", "--json")
        await loop.run_in_executor(None, camera.wait_for_output, '"live"', 40)
        flood = asyncio.gather(*(stranger(n) for n in range(100, 200)))
        await loop.run_in_executor(None, lambda: site.run("cameras", "remove", "gate"))
        await loop.run_in_executor(None, lambda: wait_for(lambda: not camera.running(), 10, "4401"))
        await flood
        for socket in sockets:
            await socket.close()
        return camera

    camera = asyncio.run(crowd())
    assert camera.popen.returncode == 1 and "does not accept the token" in camera.output
    assert site.metric("surveillx_signaling_gave_way_total") > 0
