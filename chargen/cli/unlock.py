"""`chargen unlock`: end an approval or a lock. Writes `status: draft`, because a splice removes nothing."""

from __future__ import annotations

from chargen.cli.status import status_command
from chargen.model.values import Status

command = status_command(
    "unlock",
    Status.DRAFT,
    """End an approval or a lock: the images are drafts again, and rebuilt when they are stale.

    SELECTION is a path, an id or a glob on the id.
    """,
)
