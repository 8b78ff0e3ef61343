"""Claims: the right to buy one image, held by one build at a time, whatever machine it runs on.

Laws: a claim is made before a request waits for its turn, and swapped to `sent` right before it leaves: whoever lost
it meanwhile fails there, and sends nothing. A claim that ran out is taken over: for nothing where it was not sent,
named as possibly billed where it was. What a vendor has in a job is over when the vendor says so, not by the clock.
Safety is in the swap; the time is the store's. Claims are never removed, so that each number under a
fingerprint stands for one purchase.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from enum import Enum
from itertools import count

from msgspec import Struct, convert, to_builtins
from msgspec.structs import replace

from chargen.model.values import EntryId, Fingerprint
from chargen.store.clock import stamp
from chargen.store.shared.objects import TRIES, DamagedObjectError, Objects, ever_changing

CLAIMED_SECONDS = 300.0
"""How long a claim is held before its request leaves; whoever waits longer for a turn may lose it, for nothing."""
JOINED_SECONDS = 2 * 3600.0
"""The same for one that is to be in a job: that is made at the end of a run."""
HANDING_OVER_SECONDS = 3600.0
"""What a job takes to be made, its upload included; then the vendor's expiry counts."""
MARGIN_SECONDS = 120.0
"""What a reply has beyond its request's timeout to arrive in the store."""


class ClaimState(str, Enum):
    """How far its holder is; `free` is one that was given back, `done` one whose reply is in the store."""

    CLAIMED = "claimed"
    SENT = "sent"
    FREE = "free"
    DONE = "done"


class Holder(Struct, frozen=True):
    """Who claims: a name for people, the clone of the project on its machine, and its run."""

    who: str
    machine: str
    run: str


class Claim(Struct, frozen=True):
    """What the store tells of one purchase. `until` is ISO UTC; `nonce` makes every writing a different one."""

    who: str
    machine: str
    run: str
    entry: EntryId
    state: ClaimState
    until: str
    provider: str = ""
    attempt: str = ""
    job: str = ""
    """Which job of a vendor's the request is in or is to be in, for people; empty where it is in none."""
    job_name: str = ""
    """The name under which the vendor lists that job, from right before it is made; its line's key is `attempt`."""
    job_id: str = ""
    """The vendor's id of that job, once it is known."""
    record: str = ""
    """Of a request in a job, its record as far as it is known (JSON): whoever has the vendor's key may collect it."""
    nonce: str = ""
    before: Claim | None = None
    """Whose request this claim was taken over from, after it was sent and ran out: it may be billed.

    It stands here until a request leaves for this claim, so that it is named also where whoever took over died.
    """

    @property
    def is_at_vendor(self) -> bool:
        """True where the request is in a job that the vendor may have: only the vendor can say that it is over."""
        return self.state is ClaimState.SENT and bool(self.job_name)

    def __str__(self) -> str:
        """Say who holds it, for people."""
        if self.job:
            return f"{self.who} has it in {self.job} (until {self.until[:16].replace('T', ' ')} UTC at most)"
        doing = "is buying it" if self.state is ClaimState.SENT else "is about to buy it"
        return f"{self.who} {doing} (until {self.until[11:16]} UTC at most)"

    def to_bytes(self) -> bytes:
        """Write it as JSON."""
        told = {"format": 1, **to_builtins(self)}
        if self.before is None:
            del told["before"]
        return json.dumps(told, sort_keys=True).encode()


class Held(Struct, frozen=True):
    """A claim of this run, and the version of it that the next swap wants."""

    key: str
    claim: Claim
    version: Mapping[str, str]

    @property
    def fingerprint(self) -> Fingerprint:
        """Of the inputs that the claim is for."""
        return Fingerprint(self.key.split("/")[1])


class Wanted(Struct, frozen=True):
    """What a claim is asked for. `is_others` says whether an entry is another one of the same book."""

    fingerprint: Fingerprint
    entry: EntryId
    provider: str
    is_others: Callable[[EntryId], bool]
    came: frozenset[str] = frozenset()
    """Attempts whose replies are in the store: their claims are over."""
    anew: bool = False
    """Asked for by name: another image than any that is there or under way."""


class Claims:
    """The claims of one run; `now` tells the store's time. Safe to use from threads; every method raises StoreError."""

    def __init__(self, objects: Objects, holder: Holder, now: Callable[[], datetime]) -> None:
        self._objects = objects
        self._holder = holder
        self._now = now

    def acquire(self, wanted: Wanted) -> Held | Claim:
        """Claim the first number under the fingerprint that may be bought; return who holds it where another does."""
        every = (self._at(f"{_folder(wanted.fingerprint)}/{number}", wanted) for number in count(1))
        return next(found for found in every if found is not None)

    def _at(self, key: str, wanted: Wanted) -> Held | Claim | None:
        """Claim one number; return who holds it where another does, None where it is of another purchase."""
        for _ in range(TRIES):
            mine = self._claim(wanted)
            version = self._objects.create(key, mine.to_bytes())
            if version is not None:
                return Held(key, mine, version)
            there = self._objects.get(key)
            if there is None:
                continue
            other = _read(there.data)
            if other is None and not wanted.anew:
                raise DamagedObjectError(f"`{key}` is no claim that can be read here, and somebody may be buying it")
            if other is None or self._is_passed(other, wanted):
                return None
            # Runs of one clone never overlap, and its own journal names what a run of before left in flight.
            own = other.machine == self._holder.machine and not other.is_at_vendor
            if other.state is not ClaimState.FREE and not own and not self._ran_out(other):
                return other
            if other.state is not ClaimState.SENT:
                mine = replace(mine, before=other.before)
            elif not own:
                mine = replace(mine, before=replace(other, before=None))
            version = self._objects.swap(key, mine.to_bytes(), there.version)
            if version is not None:
                return Held(key, mine, version)
        raise ever_changing(key)

    def sent(self, held: Held, attempt: str, seconds: float) -> Held | None:
        """Say that a request is leaving that ends within so many seconds; None where the claim was lost."""
        until = self._until(seconds + MARGIN_SECONDS)
        claim = replace(held.claim, state=ClaimState.SENT, attempt=attempt, until=until, before=None)
        return self._swapped(held, claim)

    def joined(self, held: Held, attempt: str, job: str, record: str) -> Held | None:
        """Say that a request is to be in a job that is not made yet; None where the claim was lost."""
        until = self._until(JOINED_SECONDS)
        claim = replace(held.claim, attempt=attempt, job=job, record=record, until=until, before=None)
        return self._swapped(held, claim)

    def handing_over(self, held: Held, job_name: str) -> Held | None:
        """Say that the job is about to be made; None where the claim was lost."""
        until = self._until(HANDING_OVER_SECONDS)
        return self._swapped(held, replace(held.claim, state=ClaimState.SENT, job_name=job_name, until=until))

    def handed_over(self, held: Held, job_id: str, seconds: float) -> Held | None:
        """Say which id the job has, and that the vendor ends it within so many seconds; None where it was lost."""
        return self._swapped(held, replace(held.claim, job_id=job_id, until=self._until(seconds + MARGIN_SECONDS)))

    def at_vendors(self, fingerprint: Fingerprint) -> tuple[Held, ...]:
        """Return the claims under a fingerprint that are in jobs, whoever's: their versions may be swapped."""
        return tuple(held for held in self._under(fingerprint) if held.claim.is_at_vendor)

    def forget(self, fingerprint: Fingerprint, attempt: str) -> None:
        """Give back the claim of an attempt of this clone's that brought nothing, whichever run it was of."""
        for held in self._under(fingerprint):
            if (held.claim.attempt, held.claim.machine) == (attempt, self._holder.machine):
                if held.claim.state in (ClaimState.CLAIMED, ClaimState.SENT):
                    self.free(held)
                return

    def free(self, held: Held) -> bool:
        """Give a claim back that brought nothing; say whether it was still this one."""
        return self._swapped(held, replace(held.claim, state=ClaimState.FREE, record="", before=None)) is not None

    def done(self, held: Held) -> None:
        """Say that the reply is in the store."""
        self._swapped(held, replace(held.claim, state=ClaimState.DONE, record=""))

    def _under(self, fingerprint: Fingerprint) -> Iterator[Held]:
        """Yield the claims under a fingerprint, whoever's, with the versions that they are swapped by."""
        for key, there, claim in self._objects.numbered(_folder(fingerprint), _read):
            if claim is not None:
                yield Held(key, claim, there.version)

    def _swapped(self, held: Held, claim: Claim) -> Held | None:
        claim = replace(claim, nonce=secrets.token_hex(8))
        version = self._objects.swap(held.key, claim.to_bytes(), held.version)
        return None if version is None else replace(held, claim=claim, version=version)

    def _claim(self, wanted: Wanted) -> Claim:
        return Claim(
            self._holder.who,
            self._holder.machine,
            self._holder.run,
            wanted.entry,
            ClaimState.CLAIMED,
            self._until(CLAIMED_SECONDS),
            wanted.provider,
            nonce=secrets.token_hex(8),
        )

    def _is_passed(self, other: Claim, wanted: Wanted) -> bool:
        """Say whether a claim is of another purchase than the wanted one: over, or for another image."""
        if other.state is ClaimState.DONE or other.attempt in wanted.came:
            return True
        if other.state is ClaimState.FREE:
            return False
        own = other.run == self._holder.run
        if wanted.anew or (own and other.entry != wanted.entry):
            return not self._ran_out(other)
        return other.entry != wanted.entry and wanted.is_others(other.entry) and not self._ran_out(other)

    def is_late(self, claim: Claim) -> bool:
        """Say whether its time is over. Raises StoreError."""
        return claim.until < stamp(self._now(), microseconds=True)

    def _ran_out(self, claim: Claim) -> bool:
        return self.is_late(claim) and not claim.is_at_vendor

    def _until(self, seconds: float) -> str:
        return stamp(self._now() + timedelta(seconds=seconds), microseconds=True)


def _folder(fingerprint: Fingerprint) -> str:
    return f"claim/{fingerprint}"


def _read(data: bytes) -> Claim | None:
    """Read a claim; None for what is none."""
    try:
        claim = convert(json.loads(data), Claim)
        datetime.fromisoformat(claim.until)
    except (ValueError, RecursionError):
        return None
    return claim
