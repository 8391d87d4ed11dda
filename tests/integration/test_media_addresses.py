"""An `ice.local_addresses` that this machine does not have is named before a camera finds out."""

import json

import pytest

from harness import Installation

NOBODY_S = "192.0.2.7"  # TEST-NET-1, RFC 5737


@pytest.fixture
def site(tmp_path):
    installation = Installation(tmp_path)
    yield installation
    installation.stop_all()


def configure(site, *addresses):
    site.config.write_text(site.config.read_text() + f"[ice]\nlocal_addresses = {json.dumps(addresses)}\n")


def test_config_check_and_doctor_name_it(site):
    configure(site, "127.0.0.1", NOBODY_S)
    checked = site.run("config", "check", check=False)
    assert checked.returncode == 1
    assert "surveillx.toml" in checked.stderr and "ice.local_addresses" in checked.stderr
    assert NOBODY_S in checked.stderr and "127.0.0.1" in checked.stderr
    doctor = json.loads(site.run("doctor", "--json", check=False).stdout)
    found = next(one for one in doctor if one["check"] == "media addresses")
    assert not found["ok"] and NOBODY_S in found["detail"]


def test_media_does_not_start_without_any_address_of_its_own(site):
    configure(site, NOBODY_S)
    site.run("db", "migrate")
    media = site.run("media", check=False, timeout=30)
    assert media.returncode == 1
    assert f"ice.local_addresses names {NOBODY_S}" in media.stderr


def test_media_starts_with_the_addresses_that_are_there_and_logs_the_others(site):
    configure(site, "127.0.0.1", NOBODY_S)
    site.run("db", "migrate")
    media = site.media()
    media.wait_for_output(f"media.address_not_here.*{NOBODY_S}")
