"""What `chargen store` does: look whether a store serves, compare it with what is here, push, pull, and propose.

Nothing here deletes: what may go is only listed, and only of this project's prefix.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

from msgspec import Struct

from chargen.errors import ChargenError, StartError, error
from chargen.model.record_line import RecordLine
from chargen.model.values import EntryId, Fingerprint, is_digest
from chargen.plain_file import TEXT_BYTES, read_plain
from chargen.plan.cache.stamp import is_yaml
from chargen.plan.planner import Planner
from chargen.plan.session import Session
from chargen.providers import is_proof
from chargen.store.clock import compact_stamp
from chargen.store.files import as_input_error
from chargen.store.original_store import StoredOriginal
from chargen.store.shared import race
from chargen.store.shared.objects import AT_ONCE, StoreError, at_once
from chargen.store.shared.replies import BYTES, DONE, SharedReply, bytes_key
from chargen.store.shared.shared_store import SharedStore, open_store

KEPT_DAYS = 30
"""What is younger is never proposed: the branch that names it may not have come here yet."""

_RECORD = re.compile(r"""record: ["']?([12] in=[^"'\n]*)""")


class StoreCheck(Struct, frozen=True):
    """Whether a store serves: what fails of reading and writing, and why it can't hold claims; empty where fine."""

    url: str
    access: str
    reading: str
    writing: str
    claims: str

    @property
    def serves(self) -> bool:
        """True where it does all that the settings ask of it."""
        return not (self.reading or self.writing or self.claims)

    def to_json(self) -> dict[str, Any]:
        """The object of `store check --json`."""
        told = {"reading": self.reading, "writing": self.writing, "claims": self.claims}
        return {"url": self.url, "access": self.access, **told, "serves": self.serves}


class StoreStatus(Struct, frozen=True):
    """How what is here and what is in the store compare, in numbers of replies."""

    url: str
    access: str
    claims: str
    here: int
    in_store: int
    only_here: tuple[str, ...]
    """Attempts."""
    to_put: int

    def to_json(self) -> dict[str, Any]:
        """The object of `store status --json`."""
        counted = {"here": self.here, "in_store": self.in_store, "to_put": self.to_put}
        return {
            "url": self.url,
            "access": self.access,
            "claims": self.claims,
            **counted,
            "only_here": [*self.only_here],
        }


class Transferred(Struct, frozen=True):
    """Replies that a push or a pull brought over, by attempt, and what could not be."""

    attempts: tuple[str, ...]
    failed: Mapping[str, str]
    there: int
    """How many needed nothing."""

    def to_json(self) -> dict[str, Any]:
        """The object of `store push --json` and `store pull --json`."""
        return {"moved": [*self.attempts], "failed": dict(self.failed), "there_already": self.there}


class Proposal(Struct, frozen=True):
    """Replies that no record of any branch names, each with the keys that may go.

    Bytes that a reply has which is kept are never among them, nor a record that comes before such a one: records are
    looked up by number, up to the first that is not there.
    """

    replies: tuple[tuple[SharedReply, tuple[str, ...]], ...]
    branches: int
    kept: int

    @property
    def size(self) -> int:
        """Bytes of their pictures."""
        return sum(reply.size for reply, _ in self.replies)

    def to_json(self) -> dict[str, Any]:
        """The object of `store gc --json`."""
        found = [
            {
                "attempt": reply.record.attempt,
                "entry": reply.record.entry_id,
                "bytes": reply.size,
                "keys": [*keys],
            }
            for reply, keys in self.replies
        ]
        return {"proposed": found, "bytes": self.size, "kept": self.kept, "branches": self.branches}


def shared_store(session: Session) -> SharedStore:
    """Open the store of the settings. Raises StartError where there is none."""
    settings = session.project.settings.store
    if settings is None:
        hint = 'write `url = "s3://bucket/prefix"` in `[tool.chargen.store]`'
        raise StartError([error("no shared store is configured", hint=hint)])
    return open_store(settings, session.project.root, session.run_id, session.environ, session.clock)


def check_store(store: SharedStore) -> StoreCheck:
    """Read, and where that is allowed write and race it; what the race finds is remembered."""
    reading = writing = claims = ""
    try:
        store.objects.get("check/reading")
    except StoreError as failure:
        reading = str(failure)
    if not reading and store.writes:
        try:
            claims = race.what_is_wrong(store.objects, race.CHECK_SECONDS)
            store.machine.note_verdict(claims)
        except StoreError as failure:
            writing = str(failure)
    settings = store.settings
    return StoreCheck(settings.url, settings.access.value, reading, writing, claims)


def store_status(session: Session, store: SharedStore) -> StoreStatus:
    """Compare what is here with the store, by looking up each fingerprint that is here. Raises StoreError."""
    here = _shareable(session)
    known = _known(store, here)
    only = tuple(stored.record.attempt for stored in here if stored.record.attempt not in known)
    settings = store.settings
    counted = len(here), len(here) - len(only), only, len(store.machine.to_put())
    return StoreStatus(settings.url, settings.access.value, settings.claims.value, *counted)


def push(session: Session, store: SharedStore) -> Transferred:
    """Put into the store what is only here, and what was lost there. Raises StoreError, StartError."""
    if not store.writes:
        hint = "`access` of `[tool.chargen.store]`, or CHARGEN_STORE_ACCESS, says so"
        raise StartError([error("the store is only read here: nothing is pushed", store.settings.position, hint)])
    here = _shareable(session)
    known = _known(store, here)
    sizes = dict(store.objects.sizes(BYTES))
    moved: list[str] = []
    failed: dict[str, str] = {}
    for stored in here:
        record, original = stored.record, stored.original
        if record.attempt not in known or sizes.get(bytes_key(original)) != original.size:
            try:
                store.replies.put(record, session.originals.read(stored), session.originals.further(stored))
                if (usd := record.cost_or_estimate_usd) is not None:
                    store.ledger.cost(record.attempt, usd)
            except ChargenError as failure:
                failed[record.attempt] = failure.problems[0].message
                continue
            moved.append(record.attempt)
        store.machine.has_put(record.attempt, record.fingerprint)
    return Transferred(tuple(moved), failed, len(here) - len(moved) - len(failed))


def pull(session: Session, store: SharedStore, planner: Planner, names: Iterable[EntryId] | None) -> Transferred:
    """Bring the replies of entries here, with their history; of all that is in the store where none are named.

    Raises StoreError, InputError.
    """
    wanted = None if names is None else frozenset(names)
    moved: list[str] = []
    failed: dict[str, str] = {}
    there = 0
    for reply, _ in _all_replies(store, _numbers(store)):
        record = reply.record
        owner = planner.evidence.owner(StoredOriginal(record, reply.original))
        if wanted is not None and (owner or record.entry_id) not in wanted:
            continue
        if session.originals.find(record.attempt, record.fingerprint) is not None:
            there += 1
            continue
        try:
            data, others = store.replies.fetch(reply)
        except StoreError as failure:
            failed[record.attempt] = str(failure)
            continue
        session.journal.known(session.originals.put(record, data, others))
        moved.append(record.attempt)
    return Transferred(tuple(moved), failed, there)


def propose(session: Session, store: SharedStore) -> Proposal:
    """List what no record of any branch names, nor what such a picture replaced. Raises StoreError, StartError."""
    branches, named = _named_in_branches(session.project.root, session.project.settings.imagery)
    numbers = _numbers(store)
    every = tuple(_all_replies(store, numbers))
    after = {reply.record.attempt: reply.record.after for reply, _ in every}
    kept: set[str] = set()
    for attempt in named:
        while attempt and attempt not in kept:
            kept.add(attempt)
            attempt = after.get(attempt) or ""  # noqa: PLW2901 - along the chain of what replaced what
    young = compact_stamp(session.clock.now() - timedelta(days=KEPT_DAYS))
    gone = {key for reply, key in every if reply.record.attempt not in kept and reply.record.attempt < young}
    shared = {name for reply, key in every if key not in gone for name in reply.bytes_keys}
    last = {fingerprint: _number_of_last(keys, gone) for fingerprint, keys in numbers.items()}
    found: list[tuple[SharedReply, tuple[str, ...]]] = []
    for reply, key in every:
        if key in gone:
            own = (key,) if _number(key) > last[reply.record.fingerprint] else ()
            found.append((reply, (*own, *(name for name in reply.bytes_keys if name not in shared))))
    proposed = tuple(pair for pair in found if pair[1])
    return Proposal(proposed, branches, len(every) - len(proposed))


def _shareable(session: Session) -> list[StoredOriginal]:
    """Return what is here and may be in the store: no sketches, which anybody makes for nothing."""
    return [stored for stored in session.originals.all_records() if not is_proof(stored.record.provider)]


def _known(store: SharedStore, here: Iterable[StoredOriginal]) -> frozenset[str]:
    """Return the attempts in the store under the fingerprints of what is here."""
    prints = tuple(dict.fromkeys(stored.record.fingerprint for stored in here))
    return frozenset(reply.record.attempt for found in at_once(store.replies.under, prints) for reply in found)


def _numbers(store: SharedStore) -> dict[Fingerprint, list[str]]:
    """List the keys of records by fingerprint: the only commands that list are not builds."""
    keys: dict[Fingerprint, list[str]] = {}
    for key, _ in store.objects.sizes(DONE):
        fingerprint, _, number = key.removeprefix(f"{DONE}/").partition("/")
        if is_digest(fingerprint) and number.isdecimal():
            keys.setdefault(Fingerprint(fingerprint), []).append(key)
    return keys


def _number(key: str) -> int:
    return int(key.rpartition("/")[2])


def _number_of_last(keys: Iterable[str], gone: AbstractSet[str]) -> int:
    """Return the largest number of records of one fingerprint that stay; 0 where none does."""
    return max((_number(key) for key in keys if key not in gone), default=0)


def _all_replies(store: SharedStore, prints: Iterable[Fingerprint]) -> Iterator[tuple[SharedReply, str]]:
    """Yield every reply under these fingerprints with the key of its record."""
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="store") as pool:  # what came stays, whatever fails later
        for found in pool.map(store.replies.numbered, prints):
            yield from found


def _text(root: Path, path: Path) -> str:
    """Read an imagery file. Raises InputError: what it names would be proposed."""
    with as_input_error(path, root):
        return read_plain(path, TEXT_BYTES).decode("utf-8", "replace")


def _named_in_branches(root: Path, imagery: Iterable[str]) -> tuple[int, frozenset[str]]:
    """Return how many branches and tags there are, and the attempts that imagery files of theirs name.

    Raises StartError, and InputError for a file that can't be read.
    """
    git = ("git", "-C", str(root))
    listed = subprocess.run(  # noqa: S603 - git, with arguments of our own
        [*git, "for-each-ref", "--format=%(objectname)", "refs"], capture_output=True, text=True, check=False
    )
    names = tuple(dict.fromkeys(listed.stdout.split()))
    if listed.returncode or not names:
        hint = "run it in a clone that has all branches: `git fetch --all`"
        raise StartError([error("without git nobody knows which records there are", hint=hint)])
    texts = [
        _text(root, path)
        for name in imagery
        for path in (root / name).rglob("*")
        if is_yaml(path.name) and path.is_file()
    ]
    for name in names:
        told = subprocess.run(  # noqa: S603 - as above
            [*git, "grep", "-h", "-e", "record: ", name, "--", *imagery],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        texts.append(told.stdout)
    lines = (RecordLine.parse(match[1]) for text in texts for match in _RECORD.finditer(text))
    return len(names), frozenset(line.attempt for line in lines if line is not None and line.attempt)
