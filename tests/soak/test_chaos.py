"""Rounds of kills of web and media, database outages and every command of the CLI beside them, while
sightings flow: announced, in the database and in the backup are the same set.

Each kind of round once by default; SURVEILLX_CHAOS_ROUNDS=100 is the whole of it, further rounds being
drawn by SURVEILLX_CHAOS_SEED."""

import os
import random

import pytest

from durability import Chaos, PostgresOutages, SqliteOutages
from harness import Installation, Postgres

ROUNDS = int(os.environ.get("SURVEILLX_CHAOS_ROUNDS", len(Chaos.ACTIONS)))
SEED = int(os.environ.get("SURVEILLX_CHAOS_SEED", random.randrange(1_000_000)))


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_announced_stored_and_saved_are_the_same_set(tmp_path, kind):
    print(f"SURVEILLX_CHAOS_SEED={SEED}")
    postgres = Postgres(tmp_path) if kind == "postgresql" else None
    site = Installation(tmp_path, database_url=postgres.url if postgres else None)
    try:
        site.run("db", "migrate")
        outages = PostgresOutages(postgres) if postgres else SqliteOutages(site)
        print(Chaos(site, outages, SEED).run(ROUNDS))
    finally:
        site.stop_all()
        if postgres:
            postgres.stop()
