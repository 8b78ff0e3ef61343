"""`chargen approve`: say of images that they stay as they are. Writes `status: approved` and nothing else."""

from __future__ import annotations

from chargen.cli.status import status_command
from chargen.model.values import Status

command = status_command(
    "approve",
    Status.APPROVED,
    """Approve images: they are kept as they are until they are named with `--rebuild`.

    SELECTION is a path, an id or a glob on the id.
    """,
)
