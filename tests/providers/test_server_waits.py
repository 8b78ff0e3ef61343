"""How long a server asks to wait, however it says so."""

from __future__ import annotations

import pytest

from chargen.providers.http.server_waits import protobuf_seconds, server_wait

NOW = "Sun, 22 Nov 2026 10:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "message", "seconds"),
    [
        ({"retry-after-ms": "1500", "retry-after": "9"}, "try again in 20s", 1.5),
        ({"retry-after": "9"}, "try again in 20s", 9.0),
        ({"retry-after": "0.5"}, "", 0.5),
        ({"retry-after": "Sun, 22 Nov 2026 10:01:00 GMT", "date": NOW}, "", 60.0),
        ({"retry-after": "Sun, 22 Nov 2026 10:01:00 -0000", "date": NOW}, "", 60.0),
        ({"retry-after": "Sun, 22 Nov 2026 09:00:00 GMT", "date": NOW}, "", None),
        ({"retry-after": "Sun, 22 Nov 2026 10:01:00 GMT"}, "", None),
        ({"retry-after": "soon", "date": NOW}, "", None),
        ({"retry-after": "-5"}, "", None),
        ({"retry-after-ms": "x"}, "Please try again in 20s.", 20.0),
        ({}, "Please try again in 1.5 seconds.", 1.5),
        ({}, "Please try again in 6m0s.", 360.0),
        ({}, "Please try again in 1h2m3s.", 3723.0),
        ({}, "Please retry in 250ms", 0.25),
        ({}, "Please retry after 3 minutes and so on", 180.0),
        ({}, "Please wait 10 seconds before trying again", 10.0),
        ({}, "Try again in 5 milliseconds", 0.005),
        ({}, "Please try again later", None),
        ({}, "try again in 3 steps", None),
        ({}, "in 2026 we retry", None),
        ({}, "retry" + " " * 300_000, None),
    ],
)
def test_waits_are_read(headers: dict[str, str], message: str, seconds: float | None) -> None:
    """The clearest source wins; nonsense and the past are no wish."""
    found = server_wait(headers, message)
    assert found == pytest.approx(seconds) if seconds is not None else found is None


@pytest.mark.parametrize(("text", "seconds"), [("3.29s", 3.29), ("41s", 41.0), ("3m", None), ("", None), (7, None)])
def test_googles_durations_are_read(text: object, seconds: float | None) -> None:
    """Protobuf's JSON durations are seconds with an `s`, nothing else."""
    assert protobuf_seconds(text) == seconds
