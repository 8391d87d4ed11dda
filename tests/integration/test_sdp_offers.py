"""Offers as other software writes them, sent by aiortc to a running server: each gives pictures, or a refusal that
says in words what is wrong with the offer."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from harness import Installation, wait_for

HERE = Path(__file__).parent
PYTHON = "/usr/bin/python3"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    installation = Installation(tmp_path_factory.mktemp("sdp"))
    installation.up()
    yield installation
    installation.stop_all()


def said(process, key):
    """The first thing of that name that the script printed."""
    for line in process.output.splitlines():
        if line.startswith("{") and key in json.loads(line):
            return json.loads(line)
    return None


def start(site, name, sections, *edits):
    camera = site.add_camera(name)
    command = [PYTHON, HERE / "sdp_camera.py", site.signaling_url, camera["token"], 600, sections, *edits]
    return site.start(name, command)


def state_of(site, token, name):
    return next(c for c in site.get("/api/cameras", token)["cameras"] if c["name"] == name)


# What aiortc offers, how it is edited, and the ports of the answer's sections.
USABLE = [
    ("video", [], ["9"]),
    ("audio,video", [], ["0", "9"]),
    ("video,audio,data", [], ["9", "0", "0"]),
    ("video,video", [], ["9", "0"]),
    # The audio section is all that carries the video: RFC 9143 section 7.3.3 lets nobody refuse it.
    ("audio,video", ["bundle_only"], ["9", "9"]),
    ("audio,video", ["no_group"], ["0", "9"]),
    ("video", ["no_mids"], ["9"]),
    ("video", ["session_setup"], ["9"]),
    ("video", ["session_transport"], ["9"]),
    ("audio,video", ["session_setup", "no_group"], ["0", "9"]),
    ("video", ["capitals"], ["9"]),
    ("video", ["line_feeds"], ["9"]),
    ("video", ["inventions"], ["9"]),
]


@pytest.mark.parametrize("sections, edits, ports", USABLE, ids=lambda v: "-".join(v) if isinstance(v, list) else v)
def test_an_offer_that_can_be_understood_gives_pictures(site, sections, edits, ports):
    name = re.sub(r"\W", "-", sections + "-" + "-".join(edits))
    token = site.login()
    camera = start(site, name, sections, *edits)
    try:
        answer = wait_for(lambda: said(camera, "answer") or said(camera, "error"), 60, "an answer")
        assert "answer" in answer, answer
        lines = [line.split(" ") for line in answer["answer"]]
        kinds = {"audio": "m=audio", "video": "m=video", "data": "m=application"}
        assert [line[0] for line in lines] == [kinds[kind] for kind in sections.split(",")]
        assert ["0" if line[1] == "0" else "9" for line in lines] == ports
        wait_for(lambda: state_of(site, token, name)["state"] == "live", 60, f"{name} to be live")
        if "no_group" not in edits:
            # Without a group, aiortc waits for the refused section's transport and calls the connection failed;
            # its pictures come all the same.
            wait_for(lambda: '{"state": "connected"}' in camera.output, 60, "aiortc to call itself connected")
    finally:
        camera.stop()


REFUSED = [
    ("audio,video", ["twin_mids"], "bad_sdp", "a=mid:0"),
    ("video", ["holdconn"], "bad_sdp", "a=setup:holdconn"),
    ("video", ["av1"], "unsupported_codec", "AV1"),
    ("video", ["vp9"], "unsupported_codec", "VP9"),
    ("audio", [], "no_video", "no video"),
]


@pytest.mark.parametrize("sections, edits, code, words", REFUSED, ids=lambda v: "-".join(v) if isinstance(v, list) else None)
def test_an_offer_that_cannot_be_used_is_refused_in_words(site, sections, edits, code, words):
    camera = start(site, "refused-" + "-".join([sections, *edits]), sections, *edits)
    try:
        refusal = wait_for(lambda: said(camera, "error") or said(camera, "answer"), 60, "an error")
        assert refusal.get("error") == code, refusal
        assert words in refusal["message"]
    finally:
        camera.stop()
