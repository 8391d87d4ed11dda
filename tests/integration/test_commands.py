"""The commands about stored data, as a script would use them: exit codes, JSON shapes, files."""

import hashlib
import json
import os
import re
import stat
import subprocess

import pytest

from harness import SHARED, Installation


@pytest.fixture
def site(build_dir, tmp_path):
    return Installation(tmp_path)


def test_the_first_command_sets_up_a_new_installation_for_its_owner_only(site):
    camera = site.json("cameras", "add", "Front door")
    assert set(camera) == {"id", "number", "name", "token", "pin"}
    assert camera["number"] == 1 and camera["name"] == "Front door" and camera["pin"] is None
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", camera["token"])
    for name in ("surveillx.db", "keys/master.key"):
        assert stat.S_IMODE(os.stat(site.data / name).st_mode) == 0o600
    assert camera["token"].encode() not in (site.data / "surveillx.db").read_bytes()


def test_a_camera_gets_a_new_token_and_goes(site):
    first = site.json("cameras", "add", "Gate")
    second = site.json("cameras", "token", "Gate")
    assert second["id"] == first["id"] and second["token"] != first["token"]
    again = site.run("cameras", "add", "Gate", check=False)
    assert again.returncode == 1 and "already" in again.stderr and again.stdout == ""
    assert [c["name"] for c in site.json("cameras", "list")] == ["Gate"]
    site.run("cameras", "remove", "Gate")
    assert site.json("cameras", "list") == []
    assert site.run("cameras", "remove", "Gate", check=False).returncode == 1
    assert site.json("cameras", "add", "Gate")["number"] == 2


def test_a_pin_is_the_fingerprint_of_the_certificate_s_public_key(site):
    tls = site.data / "tls"
    tls.mkdir(parents=True)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=x"]
        + ["-keyout", tls / "key.pem", "-out", tls / "certificate.pem"],
        check=True,
        capture_output=True,
    )
    key = subprocess.run(
        ["openssl", "x509", "-in", tls / "certificate.pem", "-noout", "-pubkey"], check=True, capture_output=True
    ).stdout
    spki = subprocess.run(
        ["openssl", "pkey", "-pubin", "-outform", "der"], input=key, check=True, capture_output=True
    ).stdout
    assert site.json("cameras", "add", "A")["pin"] == hashlib.sha256(spki).hexdigest()


def test_users_come_and_go_but_the_last_admin_stays(site):
    add = lambda name, role, password: site.run(
        "users", "add", name, "--role", role, "--password-stdin", stdin=password + "\n", check=False
    )
    assert add("root", "admin", "long enough").returncode == 0
    assert add("eve", "viewer", "short").returncode == 1
    assert add("eve", "boss", "long enough").returncode == 2
    assert add("ROOT", "viewer", "long enough").returncode == 1
    assert add("eve", "viewer", "long enough").returncode == 0
    assert {u["username"]: u["role"] for u in site.json("users", "list")} == {"root": "admin", "eve": "viewer"}
    no_terminal = site.run("users", "passwd", "eve", stdin="", check=False)
    assert no_terminal.returncode == 1 and "--password-stdin" in no_terminal.stderr
    site.run("users", "passwd", "eve", "--password-stdin", stdin="another one\n")
    refused = site.run("users", "remove", "root", check=False)
    assert refused.returncode == 1 and "last administrator" in refused.stderr
    site.run("users", "remove", "eve")
    assert len(site.json("users", "list")) == 1


def test_people_are_added_listed_and_removed(site, tmp_path):
    added = site.json("people", "add", "Zoë", "--external-id", "17", "--group", "5b")
    assert added == {"id": added["id"], "name": "Zoë", "photos": []}
    listed = site.json("people", "list", "--search", "ZO")
    assert listed == [
        {
            "id": added["id"],
            "name": "Zoë",
            "external_id": "17",
            "group": "5b",
            "photos": {"accepted": 0, "pending": 0, "refused": 0},
        }
    ]
    taken = site.run("people", "add", "Other", "--external-id", "17", check=False)
    assert taken.returncode == 1 and "Zoë" in taken.stderr
    site.run("people", "add", "Zoë")
    ambiguous = site.run("people", "remove", "Zoë", check=False)
    assert ambiguous.returncode == 1 and added["id"] in ambiguous.stderr
    site.run("people", "remove", "17")
    assert [p["external_id"] for p in site.json("people", "list")] == [""]


def test_an_import_says_what_became_of_each_photo_and_can_be_repeated(build_dir, tmp_path):
    portraits = SHARED / "faces" / "lfw82-grey-baileyfriend" / "Al_Gore"
    if not portraits.is_dir():
        pytest.skip(f"{portraits} is not there")
    site = Installation(tmp_path, models=SHARED / "models")
    folder = tmp_path / "import"
    (folder / "Al Gore").mkdir(parents=True)
    for photo in sorted(portraits.iterdir())[:2]:
        (folder / "Al Gore" / photo.name).write_bytes(photo.read_bytes())
    (folder / "Al Gore" / "notes.jpg").write_bytes(b"no picture")
    for _ in range(2):
        (person,) = site.json("people", "import", folder)["people"]
        assert person["name"] == "Al Gore" and person["error"] is None
        assert [(p["ok"], p["reason"]) for p in person["photos"]] == [
            (True, None),
            (True, None),
            (False, "not_an_image"),
        ]
    assert site.json("people", "list")[0]["photos"]["accepted"] == 2
    (folder / "Nobody").mkdir()
    (folder / "Nobody" / "x.jpg").write_bytes(b"no picture")
    partly = site.run("people", "import", folder, "--json", check=False)
    assert partly.returncode == 1 and "1 of 2" in partly.stderr
    assert [p["id"] is None for p in json.loads(partly.stdout)["people"]] == [False, True]


def test_a_file_name_that_is_not_utf8_is_imported_once_and_shown_in_valid_json(build_dir, tmp_path):
    portraits = SHARED / "faces" / "lfw82-grey-baileyfriend" / "Al_Gore"
    if not portraits.is_dir():
        pytest.skip(f"{portraits} is not there")
    site = Installation(tmp_path, models=SHARED / "models")
    folder = tmp_path / "import" / "Al Gore"
    folder.mkdir(parents=True)
    name = os.fsencode(folder) + b"/caf\xe9.jpg"
    with open(name, "wb") as photo:
        photo.write(sorted(portraits.iterdir())[0].read_bytes())
    for _ in range(2):
        (person,) = site.json("people", "import", folder.parent)["people"]  # Decodes strictly.
        assert [(p["file"][-8:], p["ok"]) for p in person["photos"]] == [("caf\ufffd.jpg", True)]
    assert site.json("people", "list")[0]["photos"]["accepted"] == 1


@pytest.mark.parametrize(
    "text, complaint",
    [("naem\nx\n", "no column `name`"), ('name\n"x\n', "line 2"), ("name,group\n,5b\n", "line 2: no name"), ("", "empty")],
)
def test_a_bad_csv_is_refused_with_its_line(site, tmp_path, text, complaint):
    (tmp_path / "people.csv").write_text(text)
    done = site.run("people", "import", tmp_path / "people.csv", check=False)
    assert done.returncode == 1 and complaint in done.stderr


def test_spaces_after_the_separators_of_a_csv_do_not_matter(site, tmp_path):
    (tmp_path / "people.csv").write_text('Name, External_Id, Group\nAnn Lee, 7, "5b, left"\nAnn Lee, 8, 5c\n')
    for _ in range(2):
        assert [p["error"] for p in site.json("people", "import", tmp_path / "people.csv")["people"]] == [None, None]
    people = site.json("people", "list")
    assert sorted((p["name"], p["external_id"], p["group"]) for p in people) == [
        ("Ann Lee", "7", "5b, left"),
        ("Ann Lee", "8", "5c"),
    ]


def test_an_import_never_gives_one_persons_photos_to_another(site, tmp_path):
    site.json("people", "add", "Ann Lee", "--external-id", "7")
    csv = tmp_path / "people.csv"
    csv.write_text("name,external_id\nBob Ray,7\n")
    done = site.run("people", "import", csv, "--json", check=False)
    assert done.returncode == 1 and "the external id 7 is Ann Lee's already" in done.stdout
    csv.write_text("name,external_id\nBob Ray,9\nEve Fox,9\n")
    done = site.run("people", "import", csv, check=False)
    assert done.returncode == 1 and "line 3: the external id 9 is Bob Ray's" in done.stderr
    assert [p["name"] for p in site.json("people", "list")] == ["Ann Lee"]


def test_attendance_in_csv_is_safe_for_spreadsheets(site):
    import sqlite3

    person = site.json("people", "add", '=HYPERLINK("x"),1', "--external-id", "-7")["id"]
    with sqlite3.connect(site.data / "surveillx.db") as db:
        db.execute(
            "insert into attendance_record (person_id, day, first_seen, last_seen, sightings, status) values (?, '2026-11-22', 1795334400123, 1795338000000, 3, 'present')", (person,)
        )
    days = ("--from", "2026-11-01", "--to", "2026-11-30")
    (record,) = json.loads(site.run("attendance", *days, "--format", "json").stdout)
    assert record == {
        "person_id": person,
        "person": '=HYPERLINK("x"),1',
        "external_id": "-7",
        "day": "2026-11-22",
        "first_seen": "2026-11-22T09:00:00.123+01:00",
        "last_seen": "2026-11-22T10:00:00.000+01:00",
        "sightings": 3,
        "status": "present",
    }
    lines = site.run("attendance", *days, "--format", "csv").stdout.splitlines()
    assert lines[1].startswith('''2026-11-22,"'=HYPERLINK(""x""),1",'-7,''')
    assert "09:00:00" in site.run("attendance", "--date", "2026-11-22").stdout
    assert json.loads(site.run("attendance", "--date", "2026-11-23", "--json").stdout) == []


def test_attendance_from_a_day_goes_until_today(site):
    import datetime
    import sqlite3
    import zoneinfo

    person = site.json("people", "add", "Ann")["id"]
    today = datetime.datetime.now(zoneinfo.ZoneInfo("Europe/Berlin")).date()
    days = [str(today - datetime.timedelta(days=back)) for back in (2, 1, 0)]
    with sqlite3.connect(site.data / "surveillx.db") as db:
        for day in days:
            db.execute("insert into attendance_record (person_id, day, first_seen, last_seen, sightings, status) values (?, ?, 0, 0, 1, 'present')", (person, day))
    shown = json.loads(site.run("attendance", "--from", days[0], "--json").stdout)
    assert [record["day"] for record in shown] == days
    shown = json.loads(site.run("attendance", "--to", days[1], "--json").stdout)
    assert [record["day"] for record in shown] == [days[1]]


@pytest.mark.parametrize(
    "words",
    [("--date", "2026-02-30"), ("--from", "2026-11-23", "--to", "2026-11-22"), ("--format", "xml")]
    + [("--date", "2026-11-22", "--from", "2026-11-22")],
)
def test_wrong_use_of_attendance_ends_with_2(site, words):
    assert site.run("attendance", *words, check=False).returncode == 2


def test_a_backup_restores_and_says_that_keys_are_kept_separately(site, tmp_path):
    site.run("people", "add", "Before")
    saved = site.run("db", "backup", tmp_path / "copy.db")
    assert "keys" in saved.stdout
    assert stat.S_IMODE(os.stat(tmp_path / "copy.db").st_mode) == 0o600
    site.run("people", "add", "After")
    site.run("db", "restore", tmp_path / "copy.db")
    assert [p["name"] for p in site.json("people", "list")] == ["Before"]
    assert site.json("db", "check")["ok"] is True
    assert site.run("db", "backup", tmp_path / "copy.db", check=False).returncode == 1
    (tmp_path / "junk").write_text("junk")
    assert site.run("db", "restore", tmp_path / "junk", check=False).returncode == 1
    assert [p["name"] for p in site.json("people", "list")] == ["Before"]


def test_another_key_file_is_noticed(site):
    site.run("people", "list")
    (site.data / "keys" / "master.key").write_bytes(os.urandom(32))
    done = site.run("people", "list", check=False)
    assert done.returncode == 1 and "security.key_file" in done.stderr
    os.chmod(site.data / "keys" / "master.key", 0o644)
    assert "chmod 600" in site.run("people", "list", check=False).stderr
