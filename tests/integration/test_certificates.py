"""An operator's own certificate, for a name that is not 127.0.0.1 and signed by nobody we know."""

import json
import shutil
import socket
import ssl
import subprocess

import pytest
import requests

from harness import ADMIN_PASSWORD, Installation, wait_for


def make_certificate(folder, name, days=30):
    files = folder / f"{name}.pem", folder / f"{name}.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", str(days), "-subj", f"/CN={name}",
         "-addext", f"subjectAltName=DNS:{name}", "-keyout", files[1], "-out", files[0]],
        check=True, capture_output=True,
    )
    return files


def served_certificate(port):
    context = ssl._create_unverified_context()
    with socket.create_connection(("127.0.0.1", port), 5) as plain, context.wrap_socket(plain) as tls:
        return ssl.DER_cert_to_PEM_cert(tls.getpeercert(binary_form=True))


def ready(site):
    try:
        return requests.get(f"https://127.0.0.1:{site.web_port}/readyz", verify=False, timeout=2).status_code == 200
    except requests.RequestException:
        return False


def camera_state(site, name):
    session = requests.Session()
    session.verify = session.trust_env = False  # Else $REQUESTS_CA_BUNDLE wins.
    url = f"https://127.0.0.1:{site.web_port}"
    answer = session.post(f"{url}/api/auth/login", json={"username": "admin", "password": ADMIN_PASSWORD}, timeout=10)
    answer.raise_for_status()
    bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    cameras = session.get(f"{url}/api/cameras", headers=bearer, timeout=10).json()["cameras"]
    return {camera["name"]: camera["state"] for camera in cameras}.get(name)


def up_with_demo(site, *words):
    """Enrolling the drawn people takes a busy machine minutes."""
    process = site.start("up", [*site.base("up"), "--demo", *words])
    process.wait_for_output("SurveillX is running", 300)
    return process


@pytest.fixture
def site(tmp_path):
    installation = Installation(tmp_path)
    yield installation
    installation.stop_all()


def test_web_and_signalling_serve_their_own_certificates_and_take_new_ones_without_a_restart(site):
    web = make_certificate(site.folder, "cam.test", days=5)
    signaling = make_certificate(site.folder, "signalling.test")
    text = site.config.read_text()
    for section, (certificate, key) in (("web", web), ("signaling", signaling)):
        text = text.replace(f"[{section}]", f'[{section}]\ncertificate = "{certificate}"\nkey = "{key}"')
    site.config.write_text(text)
    up = up_with_demo(site)
    wait_for(lambda: ready(site), 60, "media to trust web's certificate")
    wait_for(lambda: camera_state(site, "demo") == "live", 180, "the demo camera to trust signalling's")
    assert served_certificate(site.signaling_port) == signaling[0].read_text()

    assert "tls.certificate_expires_soon" in up.output and "days_left=4" in up.output

    # Another key, too: whoever was given the files follows.
    renewed = make_certificate(site.folder, "renewed.test")
    for before, after in ((web, renewed), (signaling, renewed)):
        shutil.copy(after[0], before[0])
        shutil.copy(after[1], before[1])
    for port in (site.web_port, site.signaling_port):
        wait_for(lambda port=port: served_certificate(port) == renewed[0].read_text(), 15, "the new certificate")
    assert camera_state(site, "demo") == "live", "what was open went on"
    assert up.running()
    metrics = requests.get(f"https://127.0.0.1:{site.signaling_port}/metrics", verify=False, timeout=10).text
    assert "surveillx_certificate_days_left 29" in metrics
    checks = {check["check"]: check for check in json.loads(site.run("doctor", "--json", check=False).stdout)}
    assert checks["web certificate"]["ok"] and "29 days left" in checks["web certificate"]["detail"]


def test_public_with_the_demo_needs_no_certificate_and_a_second_start_keeps_the_pin(site):
    for _ in range(2):
        up = up_with_demo(site, "--public")
        wait_for(lambda: ready(site), 60, "media to be connected")
        wait_for(lambda: camera_state(site, "demo") == "live", 180, "the demo camera")
        pin = up.wait_for_output(r"Pin +([0-9a-f]{64})").group(1)
        assert up.stop() == 0
        # It ends soon: renewed with the key that cameras were told.
        folder = site.data / "tls"
        subprocess.run(
            ["openssl", "req", "-x509", "-key", folder / "key.pem", "-days", "3", "-subj", "/CN=SurveillX",
             "-out", folder / "certificate.pem"], check=True, capture_output=True,
        )
        printed = subprocess.run(
            f"openssl x509 -in {folder}/certificate.pem -pubkey -noout | openssl pkey -pubin -outform der | sha256sum",
            shell=True, check=True, capture_output=True, text=True,
        ).stdout.split()[0]
        assert printed == pin
    site.run("cameras", "add", "another")
    assert site.json("cameras", "add", "third")["pin"] == pin
