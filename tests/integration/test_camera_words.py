"""What `surveillx camera` says when it is pointed at the wrong place: what is wrong, and what to do."""

import json

import pytest

from harness import SURVEILLX, Installation, free_port


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    site = Installation(tmp_path_factory.mktemp("plain"))
    site.token = site.add_camera("gate")["token"]
    site.up()
    yield site
    site.stop_all()


@pytest.fixture(scope="module")
def secure(tmp_path_factory):
    """With a self-signed certificate, still on loopback."""
    site = Installation(tmp_path_factory.mktemp("secure"))
    more = '[security]\npublic = true\n[ice]\nlocal_addresses = ["127.0.0.1"]\n'
    site.config.write_text(site.config.read_text() + more)
    site.add_camera("gate")
    site.up()
    shown = site.json("cameras", "token", "gate")
    site.token, site.pin = shown["token"], shown["pin"]
    yield site
    site.stop_all()


def says(site, server, *words):
    """The first reason that the camera gives for waiting."""
    camera = site.start(
        "camera", [SURVEILLX, "camera", "--server", server, "--source", "test", "--json", *words],
        {"SURVEILLX_CAMERA_TOKEN": site.token},
    )
    camera.wait_for_output(r'"waiting"', 30)
    camera.stop()
    lines = [json.loads(line) for line in camera.output.splitlines() if line.startswith("{")]
    return next(line["detail"] for line in lines if line["state"] == "waiting")


def test_the_dashboard_s_port(plain):
    said = says(plain, f"ws://127.0.0.1:{plain.web_port}")
    assert "web page" in said and "ws://127.0.0.1:8443" in said, said


def test_a_path(plain):
    said = says(plain, f"{plain.signaling_url}/camera")
    assert "no signalling at the path /camera" in said and plain.signaling_url in said, said


def test_tls_where_there_is_none(plain):
    said = says(plain, f"wss://127.0.0.1:{plain.signaling_port}")
    assert "speaks no TLS" in said and plain.signaling_url in said, said


def test_nobody_listens(plain):
    said = says(plain, f"ws://127.0.0.1:{free_port()}")
    assert "nothing listens there" in said and "--public" in said, said


def test_no_tls_where_there_is(secure):
    said = says(secure, secure.signaling_url)
    assert "speaks TLS" in said and f"wss://127.0.0.1:{secure.signaling_port}" in said, said


def test_a_certificate_that_nobody_vouches_for(secure):
    said = says(secure, f"wss://127.0.0.1:{secure.signaling_port}")
    assert "not trusted" in said and "--pin" in said and "--ca" in said, said


def test_a_pin_of_another_certificate(secure):
    said = says(secure, f"wss://127.0.0.1:{secure.signaling_port}", "--pin", "0" * 64)
    assert "pinned" in said and "cameras token" in said, said


def test_the_right_pin_connects(secure):
    camera = secure.start(
        "camera",
        [SURVEILLX, "camera", "--server", f"wss://127.0.0.1:{secure.signaling_port}", "--source", "test",
         "--pin", secure.pin],
        {"SURVEILLX_CAMERA_TOKEN": secure.token},
    )
    camera.wait_for_output(r"(?m)^live", 30)
    camera.stop()
