"""Fixtures that every integration test may use."""

import os
import sys
import threading
import time

import pytest

from harness import BUILD


@pytest.fixture(scope="session")
def build_dir():
    """Where the programs under test are: $SURVEILLX_BUILD, or build/release."""
    if not BUILD.exists():
        pytest.skip(f"{BUILD} does not exist: build first, or set SURVEILLX_BUILD")
    return BUILD


def pytest_sessionfinish(session, exitstatus):
    """Notes how it went, for `pytest_unconfigure`, which is not told."""
    session.config.surveillx_exit_status = int(exitstatus)


def pytest_unconfigure(config):
    """A client that a test has left to reconnect for ever would keep Python from ending, and the whole run with it."""
    deadline = time.monotonic() + 10
    while threads := [t for t in threading.enumerate() if t is not threading.main_thread() and not t.daemon]:
        if time.monotonic() > deadline:
            print(f"\ntests have left threads that do not end: {threads}", file=sys.stderr)
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(getattr(config, "surveillx_exit_status", 0) or 1)
        time.sleep(0.1)
