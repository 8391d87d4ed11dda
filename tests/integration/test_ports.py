"""Port 0: the servers say which port they got, keep it, and commands find them there."""

import contextlib
import json
import os
import re
import signal
import socket
import threading

import pytest
import requests

from harness import ADMIN_PASSWORD, Installation, Process, free_port, wait_for
from test_processes import child


@pytest.fixture
def site(build_dir, tmp_path):
    installation = Installation(tmp_path)
    installation.config.write_text(
        '[web]\nlisten = "127.0.0.1:0"\n[signaling]\nlisten = "127.0.0.1:0"\n[attendance]\ntimezone = "UTC"\n'
    )
    yield installation
    installation.stop_all()


def addresses(site):
    file = site.data / "run" / "addresses.json"
    return json.loads(file.read_text()) if file.exists() else {}


def test_up_says_its_ports_in_its_banner_and_in_the_data_directory(site):
    up = site.up("--demo")
    web = up.wait_for_output(r"Dashboard +(http://127\.0\.0\.1:(\d+))").group(1)
    signaling = up.wait_for_output(r"Cameras +(ws://127\.0\.0\.1:(\d+))").group(1)
    said = addresses(site)
    assert (said["web"]["url"], said["signaling"]["url"]) == (web, signaling)
    assert said["web"]["pid"] == child(up, "web") and said["signaling"]["pid"] == child(up, "media")
    # Media found web, and the demo camera media, without being told by any configuration.
    wait_for(lambda: requests.get(f"{web}/readyz", timeout=30).status_code == 200, 180, "readiness")
    up.stop(signal.SIGINT)
    assert not (site.data / "run" / "addresses.json").exists()


def test_a_server_that_is_restarted_keeps_its_port(site):
    up = site.up()
    before = addresses(site)
    for word, name in (("web", "web"), ("media", "signaling")):
        os.kill(child(up, word), signal.SIGKILL)
        wait_for(lambda: addresses(site).get(name, before[name])["pid"] != before[name]["pid"], 180, f"a new {word}")
        assert addresses(site)[name]["url"] == before[name]["url"]
    wait_for(lambda: requests.get(f"{before['web']['url']}/readyz", timeout=30).status_code == 200, 180, "readiness")


def test_two_installations_never_want_the_same_port(site, tmp_path):
    (tmp_path / "other").mkdir()
    other = Installation(tmp_path / "other")
    other.config.write_text(site.config.read_text())
    try:
        site.up()
        other.up()
        assert not {v["url"] for v in addresses(site).values()} & {v["url"] for v in addresses(other).values()}
    finally:
        other.stop_all()


def test_with_json_each_server_says_its_address_in_one_line(site):
    up = site.start("up", [*site.base("up"), "--json"])
    line = json.loads(up.wait_for_output(r'(?m)^\{"web".*\}$', 240).group(0))
    assert line["username"] == "admin" and line["password"] is None and line["pin"] is None
    assert (line["web"], line["signaling"]) == tuple(addresses(site)[n]["url"] for n in ("web", "signaling"))
    up.stop(signal.SIGINT)
    for command, name in (("web", "web"), ("media", "signaling")):
        alone = site.start(command, [*site.base(command), "--json"])
        said = json.loads(alone.wait_for_output(r'(?m)^\{"%s".*\}$' % name, 240).group(0))
        assert said == {name: addresses(site)[name]["url"]}
        assert re.search(r":[1-9]\d*$", said[name])
        alone.stop(signal.SIGTERM)
        assert addresses(site) == {}


def test_an_entry_of_a_process_that_is_gone_counts_for_nothing(site):
    site.run("db", "migrate")
    web = site.start("web", site.base("web"))
    gone = wait_for(lambda: addresses(site).get("web"), 180, "web's address")
    web.popen.kill()
    web.popen.wait()
    assert addresses(site)["web"] == gone  # Nobody was left to remove it.
    doctor = {c["check"]: c for c in json.loads(site.run("doctor", "--json", check=False).stdout)}
    assert doctor["web port"]["ok"] and "is free" in doctor["web port"]["detail"]


def test_commands_find_the_running_servers(site):
    site.up("--public")
    signaling = addresses(site)["signaling"]["url"]
    assert signaling.startswith("wss://")
    shown = site.run("cameras", "add", "Gate").stdout
    (words,) = re.findall(r"surveillx camera --server (\S+) --token (\S+) --pin (\S+)", shown)
    assert words[0] == signaling
    # The command line works as printed.
    camera = Process(
        [site.base()[0], "camera", "--server", words[0], "--token", words[1], "--pin", words[2], "--source", "demo"],
        log=site.folder / "camera.log",
    )
    try:
        token = login(site)
        wait_for(lambda: "live" in json.dumps(cameras(site, token)), 180, "the camera to be live")
    finally:
        camera.stop()


def login(site):
    answer = requests.post(
        f"{addresses(site)['web']['url']}/api/auth/login",
        json={"username": "admin", "password": ADMIN_PASSWORD},
        timeout=10,
        verify=False,
    )
    answer.raise_for_status()
    return answer.json()["access_token"]


def cameras(site, token):
    url = f"{addresses(site)['web']['url']}/api/cameras"
    return requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=10, verify=False).json()


def test_doctor_is_well_beside_a_healthy_server_and_names_a_foreign_one(site):
    site.up()
    beside = site.run("doctor", "--json", check=False)
    checks = {c["check"]: c for c in json.loads(beside.stdout)}
    assert beside.returncode == 0, beside.stdout
    for name, key in (("web port", "web"), ("signalling port", "signaling")):
        assert addresses(site)[key]["url"] in checks[name]["detail"]
    # Another data directory with the same ports: those are a stranger's.
    port = addresses(site)["web"]["url"].rsplit(":", 1)[1]
    site.env["SURVEILLX_WEB_LISTEN"] = f"127.0.0.1:{port}"
    site.data = site.folder / "elsewhere"
    stranger = site.run("doctor", "--json", check=False)
    checks = {c["check"]: c for c in json.loads(stranger.stdout)}
    assert stranger.returncode == 1
    assert not checks["web port"]["ok"] and "stop the other program" in checks["web port"]["detail"]


class StunServer(threading.Thread):
    """Answers Binding requests (RFC 8489) over UDP, as a TURN server does, until it is closed."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                request, peer = self.socket.recvfrom(2048)
                if request[:2] == b"\x00\x01":
                    self.socket.sendto(b"\x01\x01\x00\x00" + request[4:20], peer)


def test_doctor_asks_the_turn_servers(site):
    def turn():
        done = site.run("doctor", "--json", check=False)
        return {c["check"]: c for c in json.loads(done.stdout)}["STUN and TURN"]

    assert turn()["ok"] and "none is configured" in turn()["detail"]
    server = StunServer()
    site.env["SURVEILLX_ICE_TURN"] = f"turn:user:s3cret@127.0.0.1:{server.port}"
    assert turn() == {"check": "STUN and TURN", "ok": True, "detail": f"turn:127.0.0.1:{server.port} answers"}
    site.env["SURVEILLX_ICE_TURN"] += "?transport=tcp"
    down = turn()
    assert not down["ok"] and "over TCP" in down["detail"] and "s3cret" not in down["detail"]
    site.env["SURVEILLX_ICE_TURN"] = f"turn:user:s3cret@127.0.0.1:{free_port()}"
    assert not turn()["ok"] and "over UDP" in turn()["detail"] and "is it running" in turn()["detail"]
