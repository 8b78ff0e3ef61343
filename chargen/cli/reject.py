"""`chargen reject`: ask for other images. Writes `status: rejected`; for one that was answered, ends that mark."""

from __future__ import annotations

from chargen.cli.status import status_command
from chargen.model.values import Status

command = status_command(
    "reject",
    Status.REJECTED,
    """Reject images: the next build makes new ones, and the old ones stay in the history.

    SELECTION is a path, an id or a glob on the id. Rejecting an image that was made to answer a rejection asks again.
    """,
)
