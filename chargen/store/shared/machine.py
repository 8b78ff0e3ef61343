"""What this clone of a project knows of the shared store: who it is there, whether claims can be trusted, what to put.

Laws: an attempt is on the list of what is to be put before its request leaves, and until its reply is in the store; the
name of a clone is no other's, also where its folder was copied.
"""

from __future__ import annotations

import getpass
import json
import os
import secrets
import socket
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from msgspec import Struct
from msgspec.structs import asdict, replace

from chargen.config.layout import SHARED, STATE, TO_PUT
from chargen.model.values import Fingerprint, is_digest
from chargen.plain_file import read_json
from chargen.store.files import make_folder, sync_folder, write_whole
from chargen.store.shared.claims import Holder


class _Told(Struct, frozen=True):
    """What is on the disk: a random name, and what races found, by store."""

    name: str = ""
    raced: Mapping[str, str] = {}


class Machine:
    """One clone of a project on one machine, in `root`. Raises InputError where its disk does not serve."""

    def __init__(self, root: Path, url: str, endpoint: str = "") -> None:
        self._root = root
        self._place = f"{url} {sha256(endpoint.encode()).hexdigest()[:16]}" if endpoint else url
        """Which store it is: one address names another bucket at another server; no such server is in the file."""
        self._file = root / SHARED
        self._folder = root / TO_PUT

    def holder(self, run: str, environ: Mapping[str, str]) -> Holder:
        """Say who claims: for people a user and a host, or that it is CI; for the program this very folder."""
        host = socket.gethostname()
        try:
            user = getpass.getuser()
        except (OSError, KeyError):
            user = "somebody"
        who = f"CI ({host})" if environ.get("CI") else f"{user} on {host}"
        told = self._read()
        if not told.name:
            told = replace(told, name=secrets.token_hex(16))
            self._write(told)
        folder = (self._root / STATE).stat()  # a copy of the folder is another one
        place = (told.name, host, str(self._root), folder.st_dev, folder.st_ino)
        return Holder(who, sha256(repr(place).encode()).hexdigest()[:16], run)

    @property
    def verdict(self) -> str | None:
        """What the race of this store found: nothing where its writes can be trusted, None where it was not raced."""
        return self._read().raced.get(self._place)

    def note_verdict(self, found: str) -> None:
        """Remember what the race found."""
        told = self._read()
        self._write(replace(told, raced={**told.raced, self._place: found}))

    def to_put(self) -> dict[str, Fingerprint]:
        """Return the attempts whose replies are to be put, oldest first, with the fingerprints of their inputs."""
        try:
            names = sorted(os.listdir(self._folder))  # noqa: PTH208 - only names
        except OSError:
            return {}
        split = (name.partition("_") for name in names)
        return {attempt: Fingerprint(fingerprint) for attempt, _, fingerprint in split if is_digest(fingerprint)}

    def will_put(self, attempt: str, fingerprint: Fingerprint) -> None:
        """Note that a reply is to be put once it is here; on return that survives a power loss."""
        make_folder(self._folder)
        (self._folder / f"{attempt}_{fingerprint}").touch()
        sync_folder(self._folder)

    def has_put(self, attempt: str, fingerprint: Fingerprint) -> None:
        """Note that a reply is there, or that none will come."""
        with suppress(FileNotFoundError):
            (self._folder / f"{attempt}_{fingerprint}").unlink()

    def _read(self) -> _Told:
        return read_json(self._file, _Told, _Told())

    def _write(self, told: _Told) -> None:
        text = json.dumps(asdict(told), sort_keys=True, indent=1)
        write_whole(self._file, f"{text}\n".encode(), root=self._root)
