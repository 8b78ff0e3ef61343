"""What the system refuses (a closed file, a full disk, output nobody takes), said as every other problem is.

Light to import.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from chargen.cli.pipes import discard
from chargen.errors import ChargenError, StartError
from chargen.store.files import as_input_error


def of_system(failure: OSError) -> ChargenError:
    """Return what to tell of a failure of the system that nobody nearer to it could handle: nothing could start."""
    if failure.filename is None and not _takes_output():
        discard(sys.stdout)
        reason = (failure.strerror or type(failure).__name__).lower()
        return StartError(f"can't write the output: {reason}", hint="see where the output is sent to, then run again")
    path = os.path.relpath(os.fsdecode(failure.filename)) if failure.filename else "."
    try:
        with as_input_error(Path(path), doing="use"):
            raise failure
    except ChargenError as told:
        return StartError(told.problems)


def _takes_output() -> bool:
    """Say whether what was written to stdout can be brought out: what can't stays in its buffer and fails again."""
    try:
        sys.stdout.flush()
    except OSError:
        return False
    return True
