"""Ends replies that drip: an HTTP client's timeout is one for each read, so a byte a minute would be waited for always.

Law: a reply's body is whole within the seconds of the request's own read timeout after its headers, or the read ends as
a timeout does. Works on the client of either spelling (`httpx`, `httpx2`), through its response hook.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any


def hooks(clock: Callable[[], float] = time.monotonic) -> dict[str, list[Callable[[Any], None]]]:
    """Return the `event_hooks` of a client whose replies are to have a deadline."""

    def limit(response: Any) -> None:
        seconds = response.request.extensions.get("timeout", {}).get("read")
        if seconds is not None:
            client = sys.modules[type(response).__module__.partition(".")[0]]
            response.stream = _limited_stream(client)(response, seconds, clock)

    return {"response": [limit]}


@cache
def _limited_stream(client: Any) -> Any:
    """Make the class of bodies with a deadline for a client's module: once, as a class costs more than a request."""

    class Limited(client.SyncByteStream):  # type: ignore[misc]
        """The body as it comes, up to the deadline."""

        def __init__(self, response: Any, seconds: float, clock: Callable[[], float]) -> None:
            self._stream, self._request = response.stream, response.request
            self._seconds, self._clock = seconds, clock
            self._until = clock() + seconds

        def __iter__(self) -> Iterator[bytes]:
            for chunk in self._stream:
                if self._clock() > self._until:
                    message = f"the reply was not whole after {self._seconds:g} s"
                    raise client.ReadTimeout(message, request=self._request)
                yield chunk

        def close(self) -> None:
            self._stream.close()

    return Limited
