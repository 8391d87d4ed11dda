"""SurveillX behind nginx: not configured for it, and configured as docs/proxy.md says."""

import os
import shutil
import subprocess

import pytest
import requests
import socketio

from harness import ADMIN_PASSWORD, Installation, Process, free_port, wait_for

NGINX = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed (deploy/packages-test.txt)")

WEB_SOCKET_LINES = """
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
"""
# docs/proxy.md
RIGHT_LINES = """
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_read_timeout 1h;
"""


class Nginx:
    """nginx as this user, so that nothing but what it says tells it from a local program."""

    def __init__(self, folder, target, lines="", location="/", pass_path="", tls=False):
        self.folder = folder
        self.port = free_port()
        self.scheme = "https" if tls else "http"
        certificate = ""
        if tls:
            subprocess.run(
                ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=localhost",
                 "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                 "-keyout", folder / "nginx.key", "-out", folder / "nginx.pem"],
                check=True, capture_output=True,
            )
            certificate = f"ssl_certificate {folder}/nginx.pem; ssl_certificate_key {folder}/nginx.key;"
        user = "user root;" if os.geteuid() == 0 else ""
        temporary = "".join(
            f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        self.config = folder / "nginx.conf"
        self.config.write_text(f"""
daemon off; {user} pid {folder}/nginx.pid; error_log {folder}/nginx-error.log;
events {{}}
http {{
  access_log off; {temporary}
  map $http_upgrade $connection_upgrade {{ default upgrade; '' close; }}
  server {{
    listen 127.0.0.1:{self.port}{' ssl' if tls else ''}; {certificate}
    location {location} {{
      proxy_pass http://127.0.0.1:{target}{pass_path};
      {lines}
    }}
  }}
}}
""")
        self.process = Process([NGINX, "-c", self.config, "-p", folder], log=folder / "nginx.log")
        wait_for(lambda: Installation.answers(self.port), 20, "nginx to listen")
        self.origin = f"{self.scheme}://127.0.0.1:{self.port}"

    def stop(self):
        self.process.stop()


@pytest.fixture
def start(tmp_path):
    started = []

    def begin(target, **how):
        folder = tmp_path / f"nginx{len(started)}"
        folder.mkdir()
        started.append(Nginx(folder, target, **how))
        return started[-1]

    yield begin
    for nginx in started:
        nginx.stop()


@pytest.fixture
def site(tmp_path):
    installation = Installation(tmp_path)
    yield installation
    installation.stop_all()


def sign_in(nginx, path="", **more):
    return requests.post(
        f"{nginx.origin}{path}/api/auth/login", json={"username": "admin", "password": ADMIN_PASSWORD},
        headers={"Origin": nginx.origin}, timeout=60, verify=False, **more,
    )


def from_address(address):
    """A client of nginx that is not at the address of nginx itself."""

    class Adapter(requests.adapters.HTTPAdapter):
        def init_poolmanager(self, *args, **kwargs):
            super().init_poolmanager(*args, source_address=(address, 0), **kwargs)

    session = requests.Session()
    session.mount("https://", Adapter())
    return session


@pytest.mark.parametrize("lines", ["", WEB_SOCKET_LINES], ids=["default", "web_socket_lines_only"])
def test_without_settings_the_refusal_names_them_and_nobody_is_loopback(site, start, lines):
    up = site.up()
    nginx = start(site.web_port, lines=lines)
    signaling = start(site.signaling_port, lines=lines)

    assert requests.get(f"{nginx.origin}/healthz", timeout=60).status_code == 200, "the way through is there"
    refused = sign_in(nginx)
    assert refused.status_code == 403
    assert refused.json()["code"] == "forbidden_origin"
    for setting in ("web.allowed_origins", "web.trusted_proxies", "web.external_url"):
        assert setting in refused.json()["detail"]
        assert setting in up.output
    assert "web.origin_refused" in up.output

    for direct in (site.web_port, site.signaling_port):
        assert requests.get(f"http://127.0.0.1:{direct}/metrics", timeout=60).status_code == 200
    for proxied, status in ((nginx, 401), (signaling, 403)):
        for host in ({}, {"Host": "localhost"}, {"Host": f"127.0.0.1:{site.web_port}"}):
            answer = requests.get(f"{proxied.origin}/metrics", headers=host, timeout=60)
            assert answer.status_code == status, f"{proxied.config}: {host}"


@pytest.mark.parametrize("strips", [True, False], ids=["prefix_taken_off", "prefix_left_on"])
def test_under_a_path_over_https_everything_works(tmp_path, start, strips):
    site = Installation(tmp_path, extra_sets=(
        "web.trusted_proxies=127.0.0.1", "web.base_path=/sx/",
    ))
    try:
        site.run("db", "migrate")
        web = site.start("web", [*site.base("web"), *site.sets])
        web.wait_for_output("web.listening", 60)
        nginx = start(site.web_port, lines=RIGHT_LINES, location="/sx/", pass_path="/" if strips else "", tls=True)
        answer = sign_in(nginx, "/sx")
        assert answer.status_code == 200, answer.text
        cookie = answer.headers["Set-Cookie"]
        assert "; Secure" in cookie and "Path=/sx;" in cookie and cookie.startswith("__Secure-")

        page = requests.get(f"{nginx.origin}/sx/attendance", headers={"Accept": "text/html"}, timeout=60, verify=False)
        assert 'content="/sx/"' in page.text
        for address in ("/sx/theme.js", "/sx/healthz"):
            assert requests.get(nginx.origin + address, timeout=60, verify=False).status_code == 200
        assert requests.get(f"{nginx.origin}/sx/metrics", timeout=60, verify=False).status_code == 401
        assert requests.get(f"{site.web_url}/metrics", timeout=60).status_code == 401, "127.0.0.1 is the proxy"

        session = requests.Session()
        session.verify = session.trust_env = False  # Else $REQUESTS_CA_BUNDLE wins.
        client = socketio.Client(ssl_verify=False, http_session=session)
        client.connect(
            nginx.origin, socketio_path="/sx/socket.io/", namespaces=["/stream"],
            auth={"token": answer.json()["access_token"]}, wait_timeout=60,
        )
        client.disconnect()

        # Wrong passwords count for the client that nginx saw, whatever the client itself wrote.
        elsewhere = from_address("127.0.0.2")
        for _ in range(3):
            answer = elsewhere.post(
                f"{nginx.origin}/sx/api/auth/login", json={"username": "x", "password": "wrong password"},
                headers={"X-Forwarded-For": "203.0.113.9"}, timeout=60, verify=False)
            assert answer.status_code == 401
        web.wait_for_output("auth.failed.*address=127.0.0.2")
        assert "203.0.113.9" not in web.output
    finally:
        site.stop_all()
