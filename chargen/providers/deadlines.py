"""Ends replies that drip: an HTTP client's timeout is one for each read, so a byte a minute would be waited for always.

Law: a reply's body is whole within the seconds of the request's own read timeout after its headers, or the read ends as
a timeout does. Works on the client of either spelling (`httpx`, `httpx2`), through its response hook.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from typing import Any


def hooks(clock: Callable[[], float] = time.monotonic) -> dict[str, list[Callable[[Any], None]]]:
    """Return the `event_hooks` of a client whose replies are to have a deadline."""

    def limit(response: Any) -> None:
        seconds = response.request.extensions.get("timeout", {}).get("read")
        if seconds is not None:
            response.stream = _limited(response, seconds, clock)

    return {"response": [limit]}


def _limited(response: Any, seconds: float, clock: Callable[[], float]) -> Any:
    client = sys.modules[type(response).__module__.partition(".")[0]]
    stream, until = response.stream, clock() + seconds

    class Limited(client.SyncByteStream):  # type: ignore[misc, name-defined]
        """The body as it comes, up to the deadline."""

        def __iter__(self) -> Iterator[bytes]:
            for chunk in stream:
                if clock() > until:
                    raise client.ReadTimeout(f"the reply was not whole after {seconds:g} s", request=response.request)
                yield chunk

        def close(self) -> None:
            stream.close()

    return Limited()
