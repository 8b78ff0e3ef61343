"""A run that dies right before a picture is put at its target: its reply is stored by then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def death_before_a_picture(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let what puts a picture in place, just delivered or brought back, end as by Ctrl-C."""

    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        for place in ("image", "restore"):
            patched.setattr(f"chargen.build.{place}.replace_picture", dies)
        yield
