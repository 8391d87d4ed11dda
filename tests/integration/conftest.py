"""Fixtures that every integration test may use."""

import pytest

from harness import BUILD


@pytest.fixture(scope="session")
def build_dir():
    """Where the programs under test are: $SURVEILLX_BUILD, or build/release."""
    if not BUILD.exists():
        pytest.skip(f"{BUILD} does not exist: build first, or set SURVEILLX_BUILD")
    return BUILD
