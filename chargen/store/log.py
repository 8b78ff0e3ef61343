"""The log file: what a run did, for whoever has to find out later; never a secret.

Laws: a line is scrubbed as a whole, traceback included, before it is written; the file has a bounded size; nothing of
it reaches the terminal. Must not know what is logged.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from time import gmtime

from chargen.errors import printable
from chargen.store.files import as_input_error, make_folder

LOGGER = "chargen"
MAX_BYTES = 2_000_000
"""Bytes of one log file; three older ones are kept beside it."""

_KEPT = 3
_FORMAT = "%(asctime)s.%(msecs)03dZ %(levelname)s %(process)d %(threadName)s %(message)s"


class _ScrubbedFormatter(logging.Formatter):
    converter = staticmethod(gmtime)

    def __init__(self, scrub: Callable[[str], str]) -> None:
        super().__init__(_FORMAT, "%Y-%m-%dT%H:%M:%S")
        self._scrub = scrub

    def format(self, record: logging.LogRecord) -> str:
        """Return the whole entry scrubbed, its control characters as escapes, further lines indented."""
        lines = self._scrub(super().format(record)).splitlines()
        return "\n  ".join(map(printable, lines))


def start_logging(path: Path, level: str, scrub: Callable[[str], str]) -> None:
    """Write what the logger `chargen` and those below it say into the file at `path` from now on.

    `level` is `debug`, `info`, `warning` or `error`. Called again, it replaces what it set up before.
    Raises InputError.
    """
    stop_logging()
    with as_input_error(path):
        make_folder(path.parent)
        handler = RotatingFileHandler(
            path, maxBytes=MAX_BYTES, backupCount=_KEPT, encoding="utf-8", errors="backslashreplace"
        )
    handler.setFormatter(_ScrubbedFormatter(scrub))
    logger = logging.getLogger(LOGGER)
    logger.setLevel(level.upper())
    logger.propagate = False
    logger.addHandler(handler)


def stop_logging() -> None:
    """Close the log file, if one is open."""
    logger = logging.getLogger(LOGGER)
    logger.propagate = True
    for handler in tuple(logger.handlers):
        if isinstance(handler, RotatingFileHandler):
            logger.removeHandler(handler)
            handler.close()
