"""`chargen lock`: keep images as they are. Writes `status: locked` and nothing else."""

from __future__ import annotations

from chargen.cli.status import status_command
from chargen.model.values import Status

command = status_command(
    "lock",
    Status.LOCKED,
    """Lock images: they are kept as they are until they are named with `--rebuild`.

    SELECTION is a path, an id or a glob on the id.
    """,
)
