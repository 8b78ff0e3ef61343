"""What holds for the whole suite: the order of the tests, and what each slice of them took; quick processes."""

import os
import signal
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from support import loopback, savings
from support.forks import Forks

PROCESSES = ("e2e", "docs", "proof", "web")
"""Folders whose tests start processes: most of the time goes there, in tests of seconds."""
MARKED = ("browser", "servers")
"""Slices that need what `pip` does not bring, or a server of its own: counted apart."""

settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")  # a machine that is busy makes no example wrong


def pytest_configure() -> None:
    """Let an interruption reach the processes that tests start: a suite that runs in the background ignores it."""
    savings.files_in_memory()
    loopback.stay_here()
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_xdist_auto_num_workers() -> int:
    """Start one worker more than there are processors: they wait for processes and servers a tenth of the time."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long, so that workers side by side end together."""
    items.sort(key=lambda item: (item.get_closest_marker("long") is None, _folder(item.nodeid) not in PROCESSES))


def pytest_collection_finish() -> None:
    """Save on what each process of an author does once, and thousands of tests would do again."""
    savings.collect_seldom()
    savings.compile_once()


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    """Real processes, forked from one that has imported what is slow."""
    with Forks() as server:
        yield server


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell the seconds of work of each slice, summed over the workers."""
    tests, seconds = Counter[str](), Counter[str]()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                tests[_slice(report)] += report.when == "call"
                seconds[_slice(report)] += report.duration
    if len(tests) > 1:
        told = (f"{name} {tests[name]:,} tests {seconds[name]:.0f} s" for name in sorted(tests))
        terminalreporter.write_line("slices: " + ", ".join(told))


def _folder(nodeid: str) -> str:
    return nodeid.removeprefix("tests/").partition("/")[0]


def _slice(report: pytest.TestReport) -> str:
    marked = next((name for name in MARKED if name in report.keywords), "")
    return marked or ("processes" if _folder(report.nodeid) in PROCESSES else "in process")
