"""What was announced stays: whatever commands run beside the servers, and however processes end."""

import concurrent.futures
import os

import pytest
import requests

from durability import Driver, Ledger, commands, enrol, posix_locks, run_commands, sqlite_ids
from harness import Installation, wait_for

ROUNDS = int(os.environ.get("SURVEILLX_KILL_ROUNDS", "50"))


@pytest.fixture
def site(tmp_path):
    installation = Installation(tmp_path)
    installation.run("db", "migrate")
    yield installation
    installation.stop_all()


def test_web_keeps_its_database_while_commands_come_and_go(site):
    site.make_admin()
    web = site.start("web", [*site.base("web"), *site.sets])
    wait_for(lambda: web.running() and site.answers(site.web_port), 30, "web to listen")
    token = site.login()
    database = site.data / "surveillx.db"
    log = site.data / "surveillx.db-wal"
    ours = {lock for lock in posix_locks(database) if lock[0] == web.pid}
    assert len(ours) == 1, "the lock by which SQLite knows that web is there"
    inode = os.stat(log).st_ino

    # Several at once, so that web opens more connections.
    headers = {"Authorization": f"Bearer {token}"}
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = pool.map(
            lambda _: requests.get(f"{site.web_url}/api/people", headers=headers, timeout=30).status_code, range(64)
        )
        assert set(answers) == {200}
    source = commands(site)
    for _ in range(19):
        run_commands(site, source, 1)
        assert {lock for lock in posix_locks(database) if lock[0] == web.pid} == ours
        assert os.stat(log).st_ino == inode, "a command took web's log away"
    # Both see what the other wrote.
    site.run("cameras", "add", "Door")
    assert [c["name"] for c in site.get("/api/cameras", token)["cameras"]] == ["Door"]


def test_nothing_is_lost_over_many_rounds_of_load_commands_and_kills(site, tmp_path):
    enrol(site)
    ledger = Ledger()
    source = commands(site)
    database = site.data / "surveillx.db"
    outbox = tmp_path / "driver-outbox.db"
    for _ in range(ROUNDS):
        driver = Driver(site, outbox)
        try:
            driver.wait_until_ready()
            driver.wait_for_more("done", 5)
            assert driver.pid in {pid for pid, _ in posix_locks(database)}, "the driver has lost its locks"
            run_commands(site, source, 2)
            assert driver.pid in {pid for pid, _ in posix_locks(database)}, "a command took the driver's locks"
            driver.wait_for_more("done", 5)
        finally:
            driver.end()
            ledger.add(driver)
        # What was committed is there at once, not only after the outbox was drained again.
        lost = ledger.done - sqlite_ids(database)
        assert not lost, f"{len(lost)} committed sightings are gone after a kill"
    assert ledger.failed == []
    drained = Driver(site, outbox, drain=True)
    assert drained.popen.wait(60) == 0
    drained.end()
    ledger.check(sqlite_ids(database), "the database")
    site.run("db", "backup", tmp_path / "final")
    ledger.check(sqlite_ids(tmp_path / "final"), "the backup")
    print(f"{len(ledger.kept)} sightings over {ROUNDS} kills, none lost")
