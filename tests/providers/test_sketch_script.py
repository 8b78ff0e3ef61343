"""Scripted failures: reading them, counting them, and what each of them raises."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from chargen.config.setting_checks import SettingChecks
from chargen.model.request import FailureClass, ProviderError
from chargen.providers.sketch.script import FailureScript, Script, check_script, parse_script

ENTRY = "chapters/ch03/img-07"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*=transient", Script("*", FailureClass.TRANSIENT, None, None)),
        ("chapters/ch03/*=refused*2", Script("chapters/ch03/*", FailureClass.REFUSED, None, 2)),
        ("a=b=invalid*10", Script("a=b", FailureClass.INVALID, None, 10)),
        ("x=wait:2.5*1", Script("x", FailureClass.TRANSIENT, 2.5, 1)),
        ("x=wait:0", Script("x", FailureClass.TRANSIENT, 0.0, None)),
        ("x=provider-stop", Script("x", FailureClass.PROVIDER_STOP, None, None)),
        ("x=ours", Script("x", FailureClass.OURS, None, None)),
    ],
)
def test_reading(text: str, expected: Script) -> None:
    """Glob, class, seconds and count are taken apart; the last `=` divides."""
    assert parse_script(text) == expected


@pytest.mark.parametrize(
    "text", ["", "transient", "=transient", "x=", "x=slow", "x=transient*0", "x=transient*-1", "x=wait", "x=wait:soon"]
)
def test_unreadable(text: str) -> None:
    """A slip of the pen is a problem of the settings that shows how to write it."""
    checks = SettingChecks("", "pyproject.toml", ())
    assert check_script(checks, ("fail",), text) is None
    [problem] = checks.problems
    assert ("GLOB=CLASS" if text else "not empty") in problem.message


@pytest.mark.parametrize("failure", ["transient", "ambiguous", "refused", "invalid", "provider-stop"])
def test_classes(failure: str) -> None:
    """Each class raises itself, and only the ambiguous one may have been billed."""
    found = FailureScript((f"*={failure}",)).next_failure(ENTRY)
    assert isinstance(found, ProviderError)
    assert found.failure is FailureClass(failure)
    assert found.possibly_billed is (failure == "ambiguous")
    assert not found.rate_limited


def test_a_scripted_bug_is_no_provider_error() -> None:
    """Bugs of the program look like bugs."""
    assert type(FailureScript(("*=ours",)).next_failure(ENTRY)) is RuntimeError


def test_wait_carries_the_wish_of_the_server() -> None:
    """A rate limit tells its seconds."""
    found = FailureScript(("*=wait:7",)).next_failure(ENTRY)
    assert isinstance(found, ProviderError)
    assert (found.failure, found.wait, found.rate_limited) == (FailureClass.TRANSIENT, 7.0, True)


def test_counts_are_for_each_entry_and_scripts_follow_each_other() -> None:
    """Used-up scripts let the next one have its turn; another entry has counts of its own."""
    script = FailureScript(("chapters/*=transient*2", "*/ch03/*=refused*1"))

    def kinds(entry_id: str) -> list[str | None]:
        found = [script.next_failure(entry_id) for _ in range(4)]
        return [one.failure.value if isinstance(one, ProviderError) else None for one in found]

    assert kinds(ENTRY) == ["transient", "transient", "refused", None]
    assert kinds("chapters/ch04/img-01") == ["transient", "transient", None, None]
    assert kinds("locations/mill/overview") == [None] * 4


def test_counting_is_safe_from_threads() -> None:
    """Of many tries at once exactly as many fail as scripted."""
    script = FailureScript(("*=transient*50",))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: script.next_failure(ENTRY), range(200)))
    assert sum(one is not None for one in found) == 50
