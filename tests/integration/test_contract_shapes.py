"""The real answers of every operation have the shapes of contracts/http.openapi.yaml, not only its names.
That there are no other routes is seen in two places: here at every path of the contract (what it says it
allows), and in libs/webapp/tests/web_app_test.cpp (the list of the server's own routes)."""

import jsonschema
import pytest
import requests
from contract import Contract
from durability import Driver
from harness import ADMIN_PASSWORD, Installation, wait_for

VIEWER_PASSWORD = "a password of vera"

class Caller:
    """Asks for operations by their names and holds each answer against the contract."""

    def __init__(self, site):
        self.contract = Contract()
        self.site = site
        self.seen = {name: set() for name in self.contract.operations}

    def ask(self, name, status, token=None, cookies=None, headers=None, address=None, **request):
        headers = dict(headers or {})
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if cookies:
            headers["Cookie"] = "; ".join(f"{key}={value}" for key, value in cookies.items())
        answer = self.contract.send(name, self.site.web_url, address, headers=headers, **request)
        assert answer.status_code == status, f"{name}: {answer.status_code} {answer.text[:300]}"
        self.contract.check(name, answer)
        if self.contract.operations[name]["path"].startswith("/api/") and status < 400:
            assert answer.headers["Cache-Control"] == "no-store", name
        self.seen[name].add(status)
        return answer

    def sign_in(self, username="admin", password=ADMIN_PASSWORD):
        body = {"username": username, "password": password}
        self.contract.check_request("login", body)
        return self.ask("login", 200, json=body).json()


# In the order in which one server can answer them: first without media, then with it, last the floods that
# shut this address out.
@pytest.fixture(scope="module")
def caller(build_dir, tmp_path_factory):
    site = Installation(tmp_path_factory.mktemp("site"))
    site.make_admin()
    site.run("users", "add", "vera", "--role", "viewer", "--password-stdin", stdin=VIEWER_PASSWORD + "\n")
    for number in range(3):
        site.run("people", "add", f"Person {number}", "--group", "seen", "--external-id", f"S-{number}")
    site.entrance = site.add_camera("Entrance")
    site.add_camera("Yard")
    site.start("web", [*site.base("web"), *site.sets])
    wait_for(lambda: site.answers(site.web_port), what="web to listen")
    yield Caller(site)
    site.stop_all()


@pytest.fixture(scope="module")
def admin(caller):
    return caller.sign_in()["access_token"]


def test_every_schema_is_one(caller):
    for schema in caller.contract.components["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_what_the_contract_does_not_say_is_found(caller, admin):
    def found(name, change):
        document = Contract().document
        change(document)
        judge = Contract(document)
        address = caller.site.web_url + judge.operations[name]["path"]
        answer = requests.get(address, headers={"Authorization": f"Bearer {admin}"}, timeout=10)
        caller.contract.check(name, answer)
        with pytest.raises(AssertionError):
            judge.check(name, answer)

    def properties(document, name):
        return document["components"]["schemas"][name]["properties"]

    def responses(document, path):
        return document["paths"][path]["get"]["responses"]

    found("listCameras", lambda document: properties(document, "Camera").pop("codec"))
    found("listCameras", lambda document: properties(document, "Camera").update(name={"type": "integer"}))
    found("listCameras", lambda document: properties(document, "Camera").update(reason={"type": "integer"}))
    found("listCameras", lambda document: document["components"]["schemas"]["Camera"]["required"].append("colour"))
    found("me", lambda document: properties(document, "Me").update(expires_at={"type": "string", "format": "uuid"}))
    found("system", lambda document: responses(document, "/api/system").pop("200"))
    found("healthz", lambda document: responses(document, "/healthz").update({"200": {"description": "ok"}}))
    found("healthz", lambda document: responses(document, "/healthz")["200"].update(headers={"A": {"required": True}}))


def test_signing_in_and_out(caller):
    by_cookie = caller.ask("login", 200, json={"username": "vera", "password": VIEWER_PASSWORD})
    cookies = {name: by_cookie.cookies[name] for name in ("surveillx_session", "surveillx_device")}
    csrf = by_cookie.json()["csrf_token"]
    me = caller.ask("me", 200, cookies=cookies).json()
    assert me["user"] == by_cookie.json()["user"] and me["csrf_token"] == csrf
    caller.ask("logout", 403, cookies=cookies)
    caller.ask("logout", 403, cookies=cookies, headers={"X-CSRF-Token": csrf, "Origin": "http://evil.example"})
    caller.ask("logout", 413, cookies=cookies, headers={"X-CSRF-Token": csrf}, data=b" " * 70_000)
    caller.ask("logout", 204, cookies=cookies, headers={"X-CSRF-Token": csrf})
    caller.ask("me", 401, cookies=cookies)

    right = {"username": "admin", "password": ADMIN_PASSWORD}
    for body in ("{", "[]", '{"username": "admin"}', '{"username": "admin", "password": 5}'):
        caller.ask("login", 400, data=body)
    caller.ask("login", 401, json={**right, "password": "wrong"})
    caller.ask("login", 401, json={**right, "username": "nobody"})
    caller.ask("login", 403, json=right, headers={"Origin": "http://evil.example"})
    caller.ask("login", 413, json={**right, "password": "x" * 20_000})


def test_changing_a_password(caller):
    session = caller.sign_in("vera", VIEWER_PASSWORD)
    token = session["access_token"]

    def change(status, now, then, **how):
        how = how or {"token": token}
        body = {"current_password": now, "new_password": then}
        return caller.ask("changePassword", status, json=body, **how)

    change(400, VIEWER_PASSWORD, "short")
    change(400, VIEWER_PASSWORD, 5)
    change(403, "wrong", "another password of vera")
    change(403, VIEWER_PASSWORD, "another password of vera", cookies={"surveillx_session": token})
    change(413, VIEWER_PASSWORD, "x" * 70_000)
    change(204, VIEWER_PASSWORD, "another password of vera")
    change(204, "another password of vera", VIEWER_PASSWORD)


def test_before_media_has_connected(caller, admin):
    caller.ask("healthz", 200)
    caller.ask("readyz", 503)
    assert caller.ask("system", 200, token=admin).json()["engine"] is None
    for camera in caller.ask("listCameras", 200, token=admin).json()["cameras"]:
        assert camera["state"] == "offline" and camera["last_frame_at"] is None
    assert caller.ask("listAttendance", 200, token=admin).json()["records"] == []


def test_people(caller, admin):
    first = caller.ask("listPeople", 200, token=admin, params={"limit": 2}).json()
    assert len(first["people"]) == 2 and first["next_cursor"]
    last = caller.ask("listPeople", 200, token=admin, params={"limit": 2, "cursor": first["next_cursor"]}).json()
    assert len(last["people"]) == 1 and last["next_cursor"] is None
    caller.ask("listPeople", 400, token=admin, params={"limit": 0})
    caller.ask("listPeople", 400, token=admin, params={"cursor": "nonsense"})


def test_settings(caller, admin):
    settings = {each["key"]: each for each in caller.ask("listSettings", 200, token=admin).json()["settings"]}
    assert settings["web.listen"]["source"] == "file" and settings["media.jpeg_quality"]["source"] == "default"
    assert settings["publish.token"]["secret"] and settings["publish.token"]["value"] is None
    assert settings["web.listen"]["set"] and not settings["publish.token"]["set"]
    viewer = caller.sign_in("vera", VIEWER_PASSWORD)["access_token"]
    caller.ask("listSettings", 403, token=viewer)


def test_metrics(caller, admin):
    caller.ask("metrics", 200)
    elsewhere = {"Host": "cameras.example"}
    caller.ask("metrics", 401, headers=elsewhere)
    viewer = caller.sign_in("vera", VIEWER_PASSWORD)["access_token"]
    caller.ask("metrics", 403, token=viewer, headers=elsewhere)
    caller.ask("metrics", 200, token=admin, headers=elsewhere)


def test_once_media_has_connected(caller, admin):
    caller.site.media()
    wait_for(lambda: requests.get(f"{caller.site.web_url}/readyz", timeout=10).status_code == 200, what="/readyz")
    caller.ask("readyz", 200)
    assert caller.ask("system", 200, token=admin).json()["engine"] is not None
    caller.site.camera(caller.site.entrance["token"], "test")

    def live():
        cameras = caller.ask("listCameras", 200, token=admin).json()["cameras"]
        return any(camera["state"] == "live" and camera["last_frame_at"] for camera in cameras)

    wait_for(live, what="a camera to be live", every=0.2)


def test_attendance(caller, admin):
    driver = Driver(caller.site, caller.site.folder / "outbox.db", rate=20)
    try:
        wait_for(lambda: caller.ask("listAttendance", 200, token=admin).json()["records"], 60, "attendance")
    finally:
        driver.end()
    for bad in ({"date": "2001-02-30"}, {"from": "2002-01-01", "to": "2001-01-01"}):
        caller.ask("listAttendance", 400, token=admin, params=bad)


def test_the_command_line_tells_the_same(caller, admin):
    site, contract = caller.site, caller.contract
    people = caller.ask("listPeople", 200, token=admin).json()["people"]
    assert site.json("people", "list") == people
    records = site.attendance()
    assert records
    for record in records:
        contract.check_schema("Record", record)
    users = {user["id"]: user for user in site.json("users", "list")}
    me = caller.ask("me", 200, token=admin).json()["user"]
    assert users[me["id"]].items() >= me.items()
    cameras = {camera["id"]: camera for camera in site.json("cameras", "list")}
    for camera in caller.ask("listCameras", 200, token=admin).json()["cameras"]:
        shared = {name: camera[name] for name in ("id", "number", "name")}
        assert cameras[camera["id"]].items() >= shared.items()
    settings = caller.ask("listSettings", 200, token=admin).json()["settings"]
    assert site.json("config", "explain") == settings


def test_what_is_not_there(caller, admin):
    headers = {"Authorization": f"Bearer {admin}"}
    contract = caller.contract
    for address in ("/api/nothing", "/api/people/", "/metrics/more"):
        answer = requests.get(caller.site.web_url + address, headers=headers, timeout=10)
        assert answer.status_code == 404, address
        contract.check_shared("NotFound", answer)
    for path in contract.document["paths"]:
        answer = requests.request("PROPFIND", caller.site.web_url + path, headers=headers, timeout=10)
        assert answer.status_code == 405, path
        contract.check_shared("MethodNotAllowed", answer)
        allowed = set(answer.headers["Allow"].replace(" ", "").split(",")) - {"HEAD", "OPTIONS"}
        assert allowed == contract.methods_of(path), path


def test_every_guarded_operation_asks_who_is_there(caller):
    elsewhere = {"Host": "cameras.example"}  # Where loopback is let in, not this.
    for name in sorted(caller.contract.guarded()):
        caller.ask(name, 401, headers=elsewhere)


def test_every_status_of_every_operation_was_seen(caller):
    """Also the floods, which shut out this address and so come last."""
    contract, elsewhere = caller.contract, {"Host": "cameras.example"}
    wrong = {"username": "vera", "password": "wrong"}
    wait_for(lambda: throttled(caller, json=wrong), what="sign-ins to be throttled", every=0)
    caller.ask("login", 429, json=wrong)
    for name in sorted(contract.guarded()):
        wait_for(lambda: limited(caller, name, elsewhere), what=f"{name} to be limited", every=0)

    # With a database that is away: test_database_away.py.
    unavailable = contract.asking_the_database()
    missing = []
    for name in contract.operations:
        left = contract.statuses_of(name) - caller.seen[name] - ({503} if name in unavailable else set())
        missing += [f"{name} {status}" for status in sorted(left)]
        if not any(status < 400 for status in caller.seen[name]):
            missing.append(f"{name}: no success")
    assert not missing, f"of the contract nobody has seen: {', '.join(missing)}"


def throttled(caller, **request):
    answer = requests.post(f"{caller.site.web_url}/api/auth/login", timeout=30, **request)
    caller.contract.check("login", answer)
    return answer.status_code == 429


def limited(caller, name, headers):
    """Shows the operation a token that nobody has; whether that is no longer even looked up."""
    limited.count = getattr(limited, "count", 0) + 1
    headers = {**headers, "Authorization": f"Bearer wrong-{limited.count}"}
    answer = caller.contract.send(name, caller.site.web_url, headers=headers)
    caller.contract.check(name, answer)
    if answer.status_code == 429:
        caller.seen[name].add(429)
    return answer.status_code == 429
