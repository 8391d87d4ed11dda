"""More cameras than media ports: the one left out is told which leg is missing, everywhere, and comes
in when a port is free."""

import json
import socket

import pytest

from harness import Installation, wait_for

REASON = "no free media port (ice.min_port..max_port)"


def two_free_ports():
    """Two UDP ports in a row that nobody uses; tried, since no one gives pairs."""
    for _ in range(100):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as first:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            if port >= 65535:
                continue
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as second:
                try:
                    second.bind(("127.0.0.1", port + 1))
                except OSError:
                    continue
                return port, port + 1
    raise AssertionError("no two free ports in a row")


@pytest.fixture
def site(tmp_path):
    installation = Installation(tmp_path)
    low, high = two_free_ports()
    ice = f'[ice]\nlocal_addresses = ["127.0.0.1"]\nmin_port = {low}\nmax_port = {high}\n'
    installation.config.write_text(installation.config.read_text() + ice)
    yield installation
    installation.stop_all()


def test_the_camera_without_a_port_is_told_so_and_comes_in_when_one_is_free(site):
    up = site.up()
    added = [site.add_camera(f"camera {n}") for n in range(3)]
    cameras = []
    for number, one in enumerate(added):
        cameras.append(site.camera(one["token"], "test", "--size", "160x120", "--json", name=f"camera-{number}"))
        if number < 2:
            cameras[-1].wait_for_output(r'"live"', 40)
    third = cameras[2]
    third.wait_for_output(r'"waiting"', 40)
    lines = [json.loads(line) for line in third.output.splitlines() if line.startswith("{")]
    assert REASON in next(line["detail"] for line in lines if line["state"] == "waiting")

    token = site.login()
    reason = wait_for(
        lambda: next(c for c in site.get("/api/cameras", token)["cameras"] if c["id"] == added[2]["id"])["reason"],
        what="the dashboard's reason",
    )
    assert REASON in reason
    assert "no_media_port" in up.output
    assert site.metrics()['surveillx_media_offers_failed_total{reason="no_media_port"}'] >= 1
    # The others never noticed.
    assert all('"waiting"' not in camera.output for camera in cameras[:2])

    cameras[0].stop()
    third.wait_for_output(r'"live"', 60)
