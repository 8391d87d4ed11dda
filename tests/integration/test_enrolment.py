"""Who is enrolled by which photo, as an operator meets it on the command line and by upload."""

import json
import shutil
import unicodedata

import pytest

from harness import SHARED, Installation

FACES = SHARED / "faces" / "lfw82-grey-baileyfriend"
CASES = SHARED / "cases"

pytestmark = pytest.mark.skipif(
    not (FACES.is_dir() and (SHARED / "models").is_dir()), reason="needs ../shared/faces and ../shared/models"
)


@pytest.fixture
def site(build_dir, tmp_path):
    return Installation(tmp_path, models=SHARED / "models")


def photos_of(person, count=3, start=0):
    return sorted((FACES / person).iterdir())[start : start + count]


def add(site, name, *words):
    done = site.run("people", "add", name, *words, "--json", check=False)
    return done, json.loads(done.stdout)


def test_the_same_person_under_a_second_name_is_refused_with_whom(site):
    _, first = add(site, "Al", *photos_of("Al_Gore", 2))
    assert first["id"]
    done, second = add(site, "Bert", *photos_of("Al_Gore", 2))
    assert done.returncode == 1 and "Al" in done.stderr and first["id"] in done.stderr
    assert second["id"] is None
    for photo in second["photos"]:
        assert photo["reason"] == "looks_like"
        assert photo["looks_like"]["person_id"] == first["id"] and photo["looks_like"]["person"] == "Al"
    assert [p["name"] for p in site.json("people", "list")] == ["Al"]
    done, twin = add(site, "Bert", *photos_of("Al_Gore", 2), "--allow-look-alike")
    assert done.returncode == 0 and all(p["ok"] for p in twin["photos"])


def test_the_same_photo_twice_is_one_photo(site):
    (photo,) = photos_of("Al_Gore", 1)
    _, added = add(site, "Al", photo, photo)
    assert [p["ok"] for p in added["photos"]] == [True, True]
    assert site.json("people", "list")[0]["photos"]["accepted"] == 1


def test_photos_of_two_people_in_one_call_are_not_both_taken(site):
    _, added = add(site, "Al", *photos_of("Al_Gore", 2), *photos_of("Bill_Gates", 1))
    assert [(p["ok"], p["reason"]) for p in added["photos"]] == [(True, None), (True, None), (False, "unlike_others")]


@pytest.mark.parametrize("columns", [(), ("--columns", "name=Name,external_id=Nummer,group=Klasse,photo=Foto")])
def test_headers_of_another_language_are_refused_or_mapped(site, columns):
    done = site.run("people", "import", CASES / "csv" / "german_headers.csv", "--json", *columns, check=False)
    if not columns:
        assert done.returncode == 1 and "--columns" in done.stderr and "Nummer" in done.stderr
        assert site.json("people", "list") == []
        return
    assert done.returncode == 0
    assert [p["external_id"] for p in sorted(site.json("people", "list"), key=lambda p: p["external_id"])] == [
        "100", "101", "102",
    ]
    assert json.loads(done.stdout)["summary"]["photos_accepted"] == 3


@pytest.mark.parametrize(
    "case, words, names, blank",
    [
        ("quoted_line_break.csv", (), ["Anna Maria", 'Bob "Rob" Lee', "Carl"], 0),
        ("cp1252_semicolon.csv", ("--encoding", "windows-1252"), ["José Ñandú", "Müller, Jörg", "Zoë O'Neil"], 0),
        ("cr_only.csv", (), ["José Ñandú", "Müller, Jörg", "Zoë O'Neil"], 0),
        ("blank_rows.csv", (), ["José Ñandú", "Müller, Jörg", "Zoë O'Neil"], 2),
    ],
)
def test_tables_as_spreadsheets_write_them_are_imported_whole(site, case, words, names, blank):
    done = site.json("people", "import", CASES / "csv" / case, *words)
    assert sorted(p["name"] for p in done["people"]) == names
    assert done["summary"]["people_added"] == 3 and done["summary"]["photos_accepted"] == 3
    assert done["summary"]["blank_rows"] == blank
    assert sorted(p["name"] for p in site.json("people", "list")) == names


def test_a_table_in_another_encoding_is_refused_with_the_remedy(site):
    done = site.run("people", "import", CASES / "csv" / "cp1252_semicolon.csv", check=False)
    assert done.returncode == 1 and "--encoding windows-1252" in done.stderr and "Müller" in done.stderr
    assert done.stdout == "" and site.json("people", "list") == []


def test_an_import_ends_with_its_sum(site, tmp_path):
    folder = tmp_path / "import"
    (folder / "Al_Gore").mkdir(parents=True)
    for photo in photos_of("Al_Gore", 2):
        shutil.copy(photo, folder / "Al_Gore")
    (folder / "Al_Gore" / "x.jpg").write_bytes(b"no picture")
    (folder / "Copy").mkdir()
    shutil.copy(photos_of("Al_Gore", 1)[0], folder / "Copy")
    done = site.run("people", "import", folder, check=False)
    assert done.returncode == 1
    assert "Al Gore: done" in done.stdout
    last = done.stdout.strip().splitlines()[-1]
    assert "1 added, 0 were there already, 1 failed; 2 photos accepted" in last
    assert "1 looks_like" in last and "1 not_an_image" in last


def test_both_spellings_of_a_folder_and_of_a_search_are_one_person(site, tmp_path):
    folder = tmp_path / "import"
    for form, photo in zip(("NFC", "NFD"), photos_of("Al_Gore", 2)):
        one = folder / unicodedata.normalize(form, "Zoë")
        one.mkdir(parents=True)
        shutil.copy(photo, one)
    assert site.json("people", "import", folder)["summary"]["people_added"] == 1
    for form in ("NFC", "NFD"):
        spelt = unicodedata.normalize(form, "Zoë")
        assert len(site.json("people", "list", "--search", spelt)) == 1
    site.run("people", "remove", unicodedata.normalize("NFD", "Zoë"))


def test_a_group_that_is_not_there_is_named_with_those_that_are(site):
    site.run("people", "add", "Ada", "--group", "5b left")
    done = site.run("people", "list", "--group", "5b lfet", check=False)
    assert done.returncode == 1
    assert "no group '5b lfet'" in done.stderr and "5b left" in done.stderr


def test_unknown_faces_carry_no_name_and_numbers_are_plain(site):
    add(site, "Al", *photos_of("Al_Gore"))
    line = site.run("identify", photos_of("Bill_Gates", 1)[0], photos_of("Al_Gore", 1)[0]).stdout
    assert "E-" not in line and "E+" not in line
    stranger, known = (json.loads(one)["faces"][0] for one in line.splitlines())
    assert stranger["decision"] == "unknown"
    assert stranger["person_id"] is None and stranger["person"] is None
    assert stranger["nearest"]["person"] == "Al" and stranger["distance"] == stranger["nearest"]["distance"]
    assert known["decision"] == "known" and known["person"] == "Al"


def test_a_folder_of_weights_that_is_not_there_is_named(site, tmp_path):
    (photo,) = photos_of("Al_Gore", 1)
    for words in (("identify", photo), ("people", "add", "A", photo), ("media",), ("up",)):
        done = site.run(*words, "--models", "/nodir", check=False)
        assert done.returncode == 1 and "/nodir" in done.stderr, words
    site.env["SURVEILLX_MODELS"] = "/nodir"
    done = site.run("identify", photo, check=False)
    assert done.returncode == 0 and "$SURVEILLX_MODELS" in done.stderr and "/nodir" in done.stderr


@pytest.mark.parametrize(
    "case, reason",
    [
        ("cut_at_30_percent.jpg", "damaged"),
        ("face_of_24_px_enlarged_lanczos.jpg", "blurred"),
        ("face_of_24_px_enlarged_cubic.jpg", "blurred"),
    ],
)
def test_photos_that_would_poison_the_gallery_are_refused(site, case, reason):
    done, added = add(site, "Nobody", CASES / "photos" / case)
    assert done.returncode == 1
    assert [p["reason"] for p in added["photos"]] == [reason]


def test_a_turned_and_an_animated_webp_are_read(site):
    done = site.run("identify", CASES / "photos" / "orientation_6.webp", CASES / "photos" / "animated.webp")
    turned, animated = map(json.loads, done.stdout.splitlines())
    assert turned["error"] is None and len(turned["faces"]) == 1
    assert animated["error"] is None


def test_a_user_name_and_a_password_are_one_in_both_spellings(site):
    nfc, nfd = (unicodedata.normalize(form, "Zoë Ångström") for form in ("NFC", "NFD"))
    user = {form: unicodedata.normalize(form, "jörg") for form in ("NFC", "NFD")}
    site.run("users", "add", user["NFD"], "--role", "viewer", "--password-stdin", stdin=nfc + "\n")
    again = site.run("users", "add", user["NFC"].upper(), "--role", "viewer", "--password-stdin", stdin=nfd + "\n", check=False)
    assert again.returncode == 1 and "already" in again.stderr
    site.up()
    try:
        for name in user.values():
            for password in (nfc, nfd):
                assert site.login(name, password)
    finally:
        site.stop_all()
