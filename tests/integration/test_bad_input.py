"""What goes wrong gets its named error, and everything else goes on."""

import asyncio
import json
import socket
import struct
import subprocess
import zlib

import pytest
import websockets

from harness import Installation, wait_for

OFFER_WITHOUT_VIDEO = "\r\n".join(
    [
        "v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0",
        "m=audio 9 UDP/TLS/RTP/SAVPF 111", "c=IN IP4 0.0.0.0", "a=rtpmap:111 opus/48000/2",
        "a=ice-ufrag:abcd", "a=ice-pwd:abcdefghijklmnopqrstuvwx", "a=setup:actpass", "a=mid:0", "a=sendonly",
        "a=rtcp-mux", "a=fingerprint:sha-256 " + ":".join(["AB"] * 32), "",
    ]
)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    installation = Installation(tmp_path_factory.mktemp("site"))
    installation.up()
    yield installation
    assert installation.processes[0].running()
    installation.stop_all()


@pytest.fixture(scope="module")
def camera(site):
    return site.add_camera("front door")


def talk(site, *messages, token=None, answers=1):
    """Sends messages; returns what came back and the close code (None while open)."""

    async def conversation():
        url = site.signaling_url + (f"/?token={token}" if token else "/")
        received = []
        async with websockets.connect(url, max_size=None) as ws:
            try:
                for message in messages:
                    await ws.send(message if isinstance(message, (str, bytes)) else json.dumps(message))
                while len(received) < answers:
                    received.append(json.loads(await asyncio.wait_for(ws.recv(), 20)))
                return received, None
            except websockets.ConnectionClosed:
                return received, ws.close_code

    return asyncio.run(conversation())


@pytest.mark.parametrize(
    "message",
    ["{", "null", "[]", '"offer"', '{"type": 7}', '{"sdp": "x"}', '{"type":"offer"}', '{"type":"offer","sdp":7}',
     '{"type":"ice","candidate":[],"sdpMLineIndex":0}', '{"type":"hello","token":{}}', "[" * 5000, b"\x00\x01"],
)
def test_a_malformed_message_is_named_and_the_socket_lives_on(site, camera, message):
    received, code = talk(site, message, {"type": "hello"}, token=camera["token"], answers=2)
    assert code is None
    assert {"error", "welcome"} == {m["type"] for m in received}
    assert next(m for m in received if m["type"] == "error")["code"] == "bad_message"


def test_an_unknown_type_is_ignored(site, camera):
    received, code = talk(site, {"type": "weather"}, {"type": "hello"}, token=camera["token"])
    assert code is None and received[0]["type"] == "welcome"


def test_a_ten_megabyte_message_closes_only_its_own_socket(site, camera):
    _, code = talk(site, "x" * 10_000_000, token=camera["token"], answers=2)
    assert code == 1009
    assert talk(site, {"type": "hello"}, token=camera["token"])[0][0]["type"] == "welcome"


@pytest.mark.parametrize("sdp, name", [("nonsense", "bad_sdp"), ("", "bad_message"), (OFFER_WITHOUT_VIDEO, "no_video")])
def test_an_offer_that_cannot_be_answered_is_named(site, camera, sdp, name):
    received, _ = talk(site, {"type": "offer", "sdp": sdp}, token=camera["token"])
    assert (received[0]["type"], received[0]["code"]) == ("error", name)


@pytest.mark.parametrize("token", ["wrong", "x" * 10_000])
def test_a_wrong_token_gets_an_error_and_close_4401(site, token):
    received, code = talk(site, {"type": "hello", "token": token}, answers=2)
    assert received[0]["type"] == "error" and code == 4401


def test_an_offer_without_a_token_gets_an_error_and_close_4401(site):
    received, code = talk(site, {"type": "offer", "sdp": OFFER_WITHOUT_VIDEO}, answers=2)
    assert received[0]["type"] == "error" and code == 4401


def test_a_second_session_of_a_camera_takes_over(site):
    token = site.add_camera("contested")["token"]
    first = site.camera(token, "test", name="first")
    first.wait_for_output("live", 40)
    second = site.camera(token, "test", name="second")
    second.wait_for_output("live", 40)
    wait_for(lambda: not first.running(), 20, "the older camera's end")
    assert first.popen.returncode == 1
    second.stop()


def test_a_removed_camera_and_a_rotated_token_end_the_session(site):
    token = site.add_camera("rotated")["token"]
    camera = site.camera(token, "test", name="rotated")
    camera.wait_for_output("live", 40)
    site.run("cameras", "token", "rotated")
    wait_for(lambda: not camera.running(), 20, "the end after the token was rotated")
    assert camera.popen.returncode == 1


def png(width, height):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "content, reason",
    [(b"this is no picture", "not_an_image"), (b"", "empty_image"), (png(10_000, 10_000), "image_too_large"),
     (png(64, 64), None)],
    ids=["text", "empty", "100 megapixels", "cut short"],
)
def test_a_photo_that_is_none_is_refused_by_name(site, tmp_path, content, reason):
    photo = tmp_path / "photo.png"
    photo.write_bytes(content)
    done = site.run("people", "add", "Nobody", photo, "--json", check=False)
    assert done.returncode == 1
    verdict = json.loads(done.stdout)["photos"][0]
    assert verdict["ok"] is False
    assert verdict["reason"] == reason or reason is None
    named = json.loads(site.run("identify", photo, "--json", check=False).stdout.splitlines()[0])
    assert named["faces"] == []
    assert reason is None or reason in json.dumps(named["error"])


@pytest.mark.parametrize("url", ["sqlite:/proc/nowhere/x.db", "postgresql://user:hidden@127.0.0.1:1/none"])
def test_a_database_that_cannot_be_opened_is_named_without_its_password(tmp_path, url):
    for command in (("attendance",), ("web",), ("media",), ("up",)):
        done = Installation(tmp_path, url).run(*command, check=False)
        assert done.returncode == 1
        assert "database" in done.stderr and "hidden" not in done.stderr + done.stdout


def test_a_schema_that_is_too_old_names_the_command(tmp_path):
    old = Installation(tmp_path)
    old.data.mkdir(mode=0o700)
    import sqlite3

    sqlite3.connect(old.data / "surveillx.db").close()
    for command in (("web",), ("media",), ("attendance",)):
        done = old.run(*command, check=False)
        assert done.returncode == 1
        assert "surveillx db migrate" in done.stderr


def test_a_port_in_use_is_named_and_the_other_process_runs_on(tmp_path):
    site = Installation(tmp_path)
    site.run("db", "migrate")
    try:
        with socket.socket() as occupied:
            # The harness holds the port, too, without listening.
            occupied.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            occupied.bind(("127.0.0.1", site.web_port))
            occupied.listen()
            media = site.media()
            done = site.run("web", check=False)
            assert done.returncode == 1
            assert str(site.web_port) in done.stderr
            assert media.running()
            done = site.run("up", check=False)
            assert done.returncode == 1 and "web.listen" in done.stderr
    finally:
        site.stop_all()


def test_a_typo_in_the_configuration_names_file_line_and_the_nearest_key(tmp_path):
    site = Installation(tmp_path)
    site.config.write_text('[web]\nlisten = "127.0.0.1:5000"\nlisen = "x"\n')
    for command in (("web",), ("media",), ("up",), ("config", "check")):
        done = site.run(*command, check=False)
        assert done.returncode == 1
        assert "surveillx.toml:3" in done.stderr and "listen" in done.stderr


@pytest.mark.parametrize("words", [(), ("nonsense",), ("up", "--nonsense"), ("camera",), ("people", "add")])
def test_wrong_use_ends_with_2(site, words):
    done = subprocess.run([str(site.base()[0]), *words], capture_output=True, text=True, timeout=30)
    assert done.returncode == 2
