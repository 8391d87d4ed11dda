"""What holds for every test of whole processes."""

import os

import pytest


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """test.sh installs and builds everything, so there nothing of it may be missing: a skip is a failure,
    except for what the machine cannot have (IPv6) or the checkout need not have (../shared)."""
    outcome = yield
    report = outcome.get_result()
    if not report.skipped or "SURVEILLX_TEST_COMPLETE" not in os.environ:
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if "shared" in reason or "IPv6" in reason:
        return
    report.outcome = "failed"
    report.longrepr = f"{item.nodeid} was skipped although everything is installed: {reason}"
