"""What every test starts from."""

from __future__ import annotations

import gc
import os
import signal
from collections import Counter
from pathlib import Path

import pytest

# A runner in the background of a shell ignores these, and a child would inherit that: signals are tested here.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

_NOTHING_SKIPPED = "GREENROOM_TEST_NOTHING_SKIPPED"


def pytest_collection_finish() -> None:
    """All that is loaded now stays to the end: the collector need not look through it in every test."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what was skipped, and write it for who ends with another line than ours."""
    reasons = Counter(str(report.longrepr[2]) for report in terminalreporter.getreports("skipped"))
    told = "; ".join(f"{number} for: {reason.removeprefix('Skipped: ')}" for reason, number in reasons.items())
    line = f"skipped: {told}" if told else "skipped: no test"
    Path(config.rootpath, ".skipped").write_text(f"{line}\n")
    terminalreporter.ensure_newline()
    terminalreporter.write_line(line)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Where everything is installed, as it is where changes are accepted, a skip is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get(_NOTHING_SKIPPED) and reporter is not None and reporter.getreports("skipped") and not exitstatus:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
