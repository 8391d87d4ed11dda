"""Attendance on its way from media's outbox to the database and to open pages, with whole processes that
are killed, cut off from each other, and looked at by commands."""

import json
import os
import signal
import sqlite3
import time
import uuid

import pytest
import requests
import socketio

from harness import Installation, Postgres, children_of, command_line, free_port, wait_for


@pytest.fixture
def site(tmp_path):
    installation = Installation(tmp_path)
    yield installation
    installation.stop_all()


@pytest.fixture(params=["sqlite", "postgresql"])
def any_site(request, tmp_path):
    server = Postgres(tmp_path) if request.param == "postgresql" else None
    installation = Installation(tmp_path, database_url=server and server.url)
    yield installation
    installation.stop_all()
    if server:
        server.stop()


def start_web(site, env=None):
    web = site.start("web", site.base("web"), env)
    wait_for(lambda: web.running() and site.answers(site.web_port), 60, "web to listen")
    return web


def prepare(site):
    """The schema, the keys and the first administrator."""
    site.run("db", "migrate")
    site.run("users", "add", "admin", "--role", "admin", "--password-stdin", stdin=site.env["SURVEILLX_ADMIN_PASSWORD"])


def outbox(site):
    return sqlite3.connect(site.data / "outbox" / "outbox.db", timeout=20)


def sight(site, person, at=None, table="entry", extra=()):
    """Puts a sighting into media's outbox, as its recognition would; media finds it by itself."""
    sighting = str(uuid.uuid4())
    columns = ["sighting_id", "person_id", "camera_id", "seen_at", "kind", "confidence", "distance", "model", "snapshot"]
    values = [sighting, person, str(uuid.uuid4()), int((at or time.time()) * 1000), "first", 0.5, 0.1, "m", b"sealed"]
    for name, value in extra:
        columns.append(name)
        values.append(value)
    with outbox(site) as db:
        db.execute(f"insert into {table} ({','.join(columns)}) values ({','.join('?' * len(columns))})", values)
    return sighting


class Page:
    """What an open page knows: it fetches whenever it has connected, and hears events."""

    def __init__(self, site):
        self.site = site
        self.token = site.login()
        self.fetched = set()
        self.heard = []
        self.connects = 0
        self.client = socketio.Client(reconnection_delay=0.2, reconnection_delay_max=0.5)
        self.client.on("connect", self._connected, namespace="/stream")
        self.client.on("attendance", self.heard.append, namespace="/stream")
        self.client.connect(site.web_url, namespaces=["/stream"], auth={"token": self.token}, wait_timeout=10)

    def _connected(self):
        records = self.site.get("/api/attendance", self.token)["records"]
        self.fetched |= {record["person_id"] for record in records}
        self.connects += 1

    def heard_of(self, person):
        return [event for event in self.heard if event["person_id"] == person]

    def knows(self, person):
        return person in self.fetched or bool(self.heard_of(person))


def test_what_media_commits_while_it_is_away_from_web_reaches_open_pages(any_site):
    site = any_site
    prepare(site)
    person = site.json("people", "add", "Ada")["id"]
    start_web(site)
    site.sets = ["--set", f"publish.url=http://127.0.0.1:{free_port()}"]  # Nobody is there.
    site.media()
    page = Page(site)
    wait_for(lambda: page.connects == 1, what="the page's list")
    sight(site, person)
    (event,) = wait_for(lambda: page.heard_of(person), 20, "the event")
    assert event["new"] is True and event["name"] == "Ada"
    sight(site, person, time.time() + 1)
    wait_for(lambda: len(page.heard_of(person)) == 2, 20, "the second event")
    assert page.heard_of(person)[1]["new"] is False
    assert page.heard_of(person)[1]["last_seen"] > event["last_seen"]
    page.client.disconnect()


def test_media_that_is_connected_tells_once(site):
    prepare(site)
    person = site.json("people", "add", "Ada")["id"]
    web = start_web(site)
    site.media()
    page = Page(site)
    web.wait_for_output("live.media_connected")
    known = time.time()
    for i in range(3):
        sight(site, person, known + i)
        wait_for(lambda: page.heard_of(person) and page.heard_of(person)[-1]["last_seen"] >= int((known + i) * 1000), 20)
    other = site.json("people", "add", "Ben")["id"]
    sight(site, other)  # What was told twice would have come before this.
    wait_for(lambda: page.heard_of(other), 20, "the other person")
    assert [event["new"] for event in page.heard_of(person)].count(True) == 1
    page.client.disconnect()


def test_no_page_misses_anybody_while_web_is_killed_during_deliveries(site):
    prepare(site)
    people = [site.json("people", "add", f"P{i}")["id"] for i in range(12)]
    web = start_web(site)
    site.media()
    page = Page(site)
    for round_number in range(4):
        before, during, after = people[3 * round_number : 3 * round_number + 3]
        sight(site, before)
        os.kill(web.pid, signal.SIGKILL)
        web.popen.wait()
        sight(site, during)
        connects = page.connects
        web = start_web(site)
        wait_for(lambda: page.connects > connects, 30, "the page's return")
        sight(site, after)  # Media may not have come back to web yet.
        for person in (before, during, after):
            wait_for(lambda: page.knows(person), 20, f"round {round_number}: {people.index(person)}")
    page.client.disconnect()


def test_dead_letters_are_listed_tried_again_and_erased_while_media_runs(any_site):
    site = any_site
    site.env["SURVEILLX_LOG_LEVEL"] = "info"
    prepare(site)
    empty = site.json("outbox", "list")
    assert empty == {"waiting": 0, "dead_letters": []}
    assert "0 sightings wait" in site.run("outbox", "list").stdout
    ada, ben = (site.json("people", "add", name)["id"] for name in ("Ada", "Ben"))
    site.media()
    then = int((time.time() - 7200) * 1000)
    extra = [("reason", "a constraint says no"), ("set_aside_at", then)]
    letters = [
        sight(site, person, 1_795_430_400 + i, "dead_letter", [*extra, ("sequence", 1000 + i)])
        for i, person in enumerate((ada, ben, ada))
    ]
    listed = site.json("outbox", "list")
    assert [letter["sighting_id"] for letter in listed["dead_letters"]] == letters
    first = listed["dead_letters"][0]
    assert first["person"] == "Ada" and first["reason"] == "a constraint says no" and first["has_snapshot"]
    assert 7190 < first["age_seconds"] < 8000
    table = site.run("outbox", "list").stdout
    assert "Ben" in table and "a constraint says no" in table and " h " in table
    assert site.run("outbox", "retry", check=False).returncode == 2
    unknown = site.run("outbox", "retry", str(uuid.uuid4()), check=False)
    assert unknown.returncode == 1 and "outbox list" in unknown.stderr

    assert "within seconds" in site.run("outbox", "retry", letters[0]).stdout
    wait_for(lambda: [r["person_id"] for r in site.attendance()] == [ada], 20, "the delivery")
    assert site.json("outbox", "purge", letters[1]) == {"purged": 1}
    assert [letter["sighting_id"] for letter in site.json("outbox", "list")["dead_letters"]] == [letters[2]]
    wait_for(lambda: site.metric("surveillx_outbox_dead_letters") == 1, 20, "media's count")

    # Removing a person erases theirs from the file that media holds.
    site.run("people", "remove", ada)
    wait_for(lambda: site.json("outbox", "list")["dead_letters"] == [], 20, "the removed person's letters to go")
    wait_for(lambda: site.metric("surveillx_outbox_dead_letters") == 0, 20, "media's count")


def test_another_time_zone_is_refused_by_servers_and_derived_anew_by_up(any_site):
    site = any_site
    config = site.config.read_text()
    in_zone = lambda zone: site.config.write_text(config.replace("Europe/Berlin", zone))
    in_zone("UTC")
    prepare(site)
    person = site.json("people", "add", "Ada")["id"]
    media = site.media()
    for at in (1_795_660_200, 1_795_694_400):  # 02:30 and 12:00 UTC on the 26th.
        sight(site, person, at)
    wait_for(lambda: [r["sightings"] for r in site.attendance()] == [2], 20, "the deliveries")
    media.stop()

    in_zone("America/Asuncion")
    for name in ("web", "media"):
        done = site.run(name, check=False, timeout=60)
        assert done.returncode == 1 and "surveillx db rezone" in done.stderr, done.stderr
    still = site.run("attendance", "--date", "2026-11-26", "--format", "json")
    (record,) = json.loads(still.stdout)
    assert record["first_seen"] == "2026-11-26T02:30:00.000+00:00" and "America/Asuncion" in still.stderr

    up = site.up()
    assert "Counting the days of attendance anew in America/Asuncion" in up.output
    assert [r["first_seen"] for r in site.attendance()] == ["2026-11-25T23:30:00.000-03:00", "2026-11-26T09:00:00.000-03:00"]
    assert site.get("/api/attendance?date=2026-11-25", site.login())["timezone"] == "America/Asuncion"
    sight(site, person, 1_795_750_200)  # 03:30 UTC on the 27th: half past midnight there.
    wait_for(lambda: [r["day"] for r in site.attendance()] == ["2026-11-25", "2026-11-26", "2026-11-27"], 20)
    up.stop(signal.SIGINT)

    in_zone("Asia/Kathmandu")
    assert site.json("db", "rezone") == {
        "timezone": "Asia/Kathmandu", "people": 1, "sightings": 3, "moved": 1, "records": 2,
    }
    assert [r["day"] for r in site.attendance()] == ["2026-11-26", "2026-11-27"]
    assert site.json("db", "rezone")["moved"] == 0


def test_a_configuration_edited_while_up_runs_does_not_keep_a_child_from_starting_again(site):
    config = site.config.read_text()
    up = site.up()
    site.config.write_text(config.replace("Europe/Berlin", "Asia/Tokyo"))
    media = lambda: next((pid for pid in children_of(up.pid) if " media" in command_line(pid)), None)
    old = media()
    os.kill(old, signal.SIGKILL)
    wait_for(lambda: media() not in (None, old) and site.answers(site.signaling_port), 30, "media's return")


def test_the_table_shows_offsets_in_the_night_clocks_go_back(site):
    site.config.write_text(site.config.read_text().replace("Europe/Berlin", "America/Asuncion"))
    prepare(site)
    person = site.json("people", "add", "Ada")["id"]
    media = site.media()
    for at in (1_679_799_591, 1_679_799_620, 1_679_700_000):  # 02:59:51 and 03:00:20 UTC, and the day before.
        sight(site, person, at)
    wait_for(lambda: sum(r["sightings"] for r in site.attendance()) == 3, 20, "the deliveries")
    media.stop()
    table = site.run("attendance", "--from", "2023-03-24", "--to", "2023-03-25").stdout
    assert "23:59:51-03:00" in table and "23:00:20-04:00" in table, table
    assert "20:20:00 " in table, table
    page = site.run("attendance", "--date", "2023-03-25", "--format", "csv").stdout
    assert "2023-03-25T23:59:51.000-03:00,2023-03-25T23:00:20.000-04:00" in page


def test_sightings_of_a_clock_that_was_ahead_are_said_and_repaired(any_site):
    site = any_site
    prepare(site)
    person = site.json("people", "add", "Ada")["id"]
    assert site.json("db", "repair-clock") == []
    site.media()
    now = time.time()
    sight(site, person, now)
    sight(site, person, now + 7200)
    wait_for(lambda: [r["sightings"] for r in site.attendance()] in ([2], [1, 1]), 20, "the deliveries")
    (doubt,) = site.json("db", "repair-clock")
    assert doubt["sightings"] == 1 and doubt["ahead_seconds"] is None
    doctor = json.loads(site.run("doctor", "--json", check=False).stdout)
    assert any(not check["ok"] and "repair-clock" in check["detail"] for check in doctor)
    refused = site.run("db", "repair-clock", "--apply", check=False)
    assert refused.returncode == 1 and "--ahead" in refused.stderr and "--leave-out" in refused.stderr
    assert site.json("db", "repair-clock", "--apply", "--ahead", "7200") == {"repaired": 1, "unknown": 0}
    (record,) = site.attendance()
    assert record["sightings"] == 2 and record["last_seen"] == record["first_seen"]
    assert "No sighting" in site.run("db", "repair-clock").stdout
