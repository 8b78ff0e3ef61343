"""Picking one of the versions there are of today's inputs: it becomes the current one, the others stay versions.

Which one is picked stands nowhere but in the entry's record: the picture at its target is the one.
"""

from __future__ import annotations

from chargen.actions.restore import Restored, restore
from chargen.actions.version import Version
from chargen.errors import InputError, error
from chargen.plan.evidence import Evidence
from chargen.plan.plan import Planned
from chargen.plan.session import Session


def pick(session: Session, evidence: Evidence, image: Planned, version: Version) -> Restored:
    """Make a version of today's inputs the current one. Raises InputError; then nothing has changed."""
    if not is_candidate(image, version):
        why = "was made from other inputs than today's"
        if version.record is None:
            why = "has no record: nobody knows what it was made from"
        elif image.fingerprint is None:
            why = "can't be compared: what today's inputs are is not known yet"
        hint = f"`chargen restore {image.id} {version.number}` brings it back all the same"
        raise InputError(error(f"version {version.number} of {image.id} {why}", image.entry.position, hint))
    return restore(session, evidence, image, version, command="pick")


def is_candidate(image: Planned, version: Version) -> bool:
    """Say whether a version was made from today's inputs."""
    return version.record is not None and version.record.fingerprint == image.fingerprint
