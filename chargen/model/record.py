"""Records: what was asked, sent and received for one image, in full and as one line in the YAML.

Laws: the line carries a version, keeps keys it does not know, and never guesses: text that is no record is none. The
same record is always the same line. Pure; must not know where records are kept. The full form is written and read by
`chargen.model.record_json`.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import quote, unquote

from msgspec import Struct, field

from chargen.model import part_sums
from chargen.model.reason import Reason, ReasonCode, has
from chargen.model.values import EntryId, FileHash, Fingerprint, Route, Size, is_digest

LINE_VERSION = "2"
"""Of new lines: digests are base64url, so that a line with all that is known of a picture is no longer than 300."""
_HEX_VERSION = "1"
"""Of the first lines, which have digests in hexadecimal; they are read for ever, and stay in this form."""
_SAFE = "/:._-+~@"
_SHORT_DIGEST = re.compile(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")
"""43 digits have two bits more than a digest: of the last only those are used that leave them 0."""
_PARTS = re.compile(r"[^,:]+:[0-9a-f]{8}(?:,[^,:]+:[0-9a-f]{8})*")
_NUMBER = re.compile(r"[0-9]{1,19}")
_KEY = re.compile(r"[a-z][a-z_]*")
_KNOWN = frozenset({"in", "file", "size", "by", "at", "of", "try", "parts", "sums"})
LONGEST = 300
"""Characters of a line; digests of parts, which only explain, are left out of one that would be longer."""
_SAME = "."
"""Stands for a hash of delivered bytes that is the file's."""
CREDENTIALS_LOST = ("credentials", "lost")
"""Mark in a record line: the delivered bytes carried Content Credentials, the file made from them can't."""


class RecordLine(Struct, frozen=True):
    """All the judge needs of a record, on one line: `2 in=<fingerprint> file=<sha256> size=<bytes> ...`.

    `by` is `provider/model`, `at` ISO UTC seconds, `of` the hash of the delivered bytes, `parts` pairs of a part's name
    and the first digits of its digest, where neither the picture nor its original tells them; `others` are keys of a
    later version, kept as they were written.
    """

    fingerprint: Fingerprint
    file: FileHash
    size: int
    by: str | None = None
    at: str | None = None
    of: FileHash | None = None
    attempt: str | None = None
    parts: tuple[tuple[str, str], ...] = ()
    others: tuple[tuple[str, str], ...] = ()
    version: str = LINE_VERSION
    """The form it was written in, and is written in again."""

    def format(self) -> str:
        """Write the line. A value has no blanks: what is not a plain character stands percent-encoded."""
        shown = str if self.version == _HEX_VERSION else _shortened
        words = [self.version, f"in={shown(self.fingerprint)}", f"file={shown(self.file)}", f"size={self.size}"]
        of = None if self.of is None else shown(self.of)
        if self.of == self.file and self.version == LINE_VERSION:
            of = _SAME
        plain = (("by", self.by), ("at", self.at), ("of", of), ("try", self.attempt))
        words += [f"{key}={quote(value, safe=_SAFE)}" for key, value in plain if value is not None]
        marks = [f"{key}={value}" for key, value in self.others]
        if not self.parts:
            return " ".join((*words, *marks))
        if self.version == _HEX_VERSION:
            parts = ",".join(f"{quote(name, safe='/._-')}:{digest}" for name, digest in self.parts)
            return " ".join((*words, f"parts={parts}", *marks))
        line = " ".join((*words, f"sums={part_sums.write(self.parts)}", *marks))
        return line if len(line) <= LONGEST else " ".join((*words, *marks))

    @classmethod
    def parse(cls, text: object) -> RecordLine | None:
        """Read a line; None for another version, anything but a text, a malformed value, or a key given twice."""
        version, *words = (text if isinstance(text, str) else "").split() or [""]
        split = [word.partition("=") for word in words]
        values = {key: value for key, equals, value in split if equals}
        unknown = values.keys() - _KNOWN
        if (
            version not in (_HEX_VERSION, LINE_VERSION)
            or len(values) != len(words)
            or not all(map(_KEY.fullmatch, unknown))
        ):
            return None
        sums = part_sums.read(values.pop("sums", ""))
        parts = _parse_parts(values.pop("parts", ""))
        fingerprint, file, size = (values.pop(key, "") for key in ("in", "file", "size"))
        of = values.pop("of", None)
        of = file if of == _SAME and version == LINE_VERSION else of
        written = (fingerprint, file) if of is None else (fingerprint, file, of)
        digests = [_digest(text, version) for text in written]
        if parts is None or sums is None or not _NUMBER.fullmatch(size) or not all(digests):
            return None
        by, at, attempt = (
            None if (raw := values.pop(key, None)) is None else unquote(raw) for key in ("by", "at", "try")
        )
        return cls(
            Fingerprint(digests[0]),
            FileHash(digests[1]),
            int(size),
            by,
            at,
            None if of is None else FileHash(digests[2]),
            attempt,
            parts or sums,
            tuple(values.items()),
            version,
        )


def _shortened(digest: str) -> str:
    return urlsafe_b64encode(bytes.fromhex(digest)).decode().rstrip("=")


def _digest(text: str, version: str) -> str:
    """Read a digest into 64 hexadecimal digits; nothing for what is none."""
    if version == _HEX_VERSION:
        return text if is_digest(text) else ""
    return urlsafe_b64decode(f"{text}=").hex() if _SHORT_DIGEST.fullmatch(text) else ""


def _parse_parts(text: str) -> tuple[tuple[str, str], ...] | None:
    if not text:
        return ()
    if not _PARTS.fullmatch(text):
        return None
    pairs = (word.split(":") for word in text.split(","))
    if "%" not in text:
        return tuple((name, digest) for name, digest in pairs)
    return tuple((unquote(name), digest) for name, digest in pairs)


class RecordPart(Struct, frozen=True):
    """One part of the composed prompt or another input: its name, the first 8 digits of its digest, text and source."""

    name: str
    digest: str
    text: str = ""
    source: str = ""


class RecordedReference(Struct, frozen=True):
    """One reference that was resolved: its character, project-relative path, and the SHA-256 of what was sent."""

    character: str
    path: str
    sha256: FileHash


class Original(Struct, frozen=True):
    """The delivered bytes: hash, size in bytes, sniffed media type, pixels (0 where unknown), name in the folder.

    `credentials` says that they carry Content Credentials, which any change of a byte ends.
    """

    sha256: FileHash
    size: int
    media_type: str
    width: int
    height: int
    file: str
    credentials: bool = False


class Record(Struct, frozen=True):
    """Everything asked, sent and received for one image. Times are ISO UTC with microseconds; costs are in USD.

    `parameters`, `usage` and `details` hold JSON values. `sent_prompt` is None where the composed prompt was sent as it
    is. `why` are the reasons the image was built for. `original` is filled in when the delivered bytes are stored.
    """

    entry_id: EntryId
    kind: str
    file: str
    attempt: str
    fingerprint: Fingerprint
    prompt: str
    negative_prompt: str
    asked_size: Size
    provider: str
    model: str
    sent_at: str
    received_at: str
    chargen_version: str
    parts: tuple[RecordPart, ...] = ()
    references: tuple[RecordedReference, ...] = ()
    requested_size: str = ""
    quality: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    sent_prompt: str | None = None
    notes: tuple[str, ...] = ()
    request_id: str | None = None
    seed: int | None = None
    revised_prompt: str | None = None
    usage: Mapping[str, Any] = field(default_factory=dict)
    cost_usd: Decimal | None = None
    cost_estimate_usd: Decimal | None = None
    model_version: str | None = None
    model_sha256: FileHash | None = None
    """Of the project's file that `model` names, where a provider's models are files."""
    details: Mapping[str, Any] = field(default_factory=dict)
    run: str = ""
    number: int = 1
    """Which try of its task this was, from 1."""
    why: tuple[Reason, ...] = ()
    tier: str | None = None
    """The tier that asked for it; None for a final image."""
    after: str | None = None
    """The attempt whose image this one replaced, where the entry had a record of one; no input."""
    original: Original | None = None

    @property
    def original_name(self) -> str:
        """What its original is called among the originals: `FINGERPRINT/ATTEMPT`."""
        return f"{self.fingerprint}/{self.attempt}"

    @property
    def route(self) -> Route:
        """The provider and model that were asked."""
        return Route(self.provider, self.model)

    @property
    def cost_or_estimate_usd(self) -> Decimal | None:
        """What it cost, by estimate where the provider did not say; None where nobody knows."""
        return self.cost_usd if self.cost_usd is not None else self.cost_estimate_usd

    @property
    def is_estimated(self) -> bool:
        """True where the provider did not say what it cost, and an estimate stands for it."""
        return self.cost_usd is None and self.cost_estimate_usd is not None

    @property
    def answers_rejection(self) -> bool:
        """True where the image was made because its predecessor was rejected."""
        return has(self.why, ReasonCode.REJECTED)

    def line(self, file: FileHash, size: int, at: str) -> RecordLine:
        """Return the one-line form for a published file of `size` bytes, published at `at` (ISO UTC seconds).

        A file that is the delivered bytes holds no text of ours, so its parts stand in the line.
        """
        as_delivered = self.original is not None and self.original.sha256 == file
        lost = self.original is not None and self.original.credentials and self.original.sha256 != file
        return RecordLine(
            self.fingerprint,
            file,
            size,
            f"{self.route}",
            at,
            self.original.sha256 if self.original else None,
            self.attempt,
            tuple((part.name, part.digest) for part in self.parts) if as_delivered else (),
            (CREDENTIALS_LOST,) if lost else (),
        )


class PublishedFile(Struct, frozen=True):
    """A picture that stands, or once stood, at a target: hash and size in bytes of the file, project-relative path.

    `at` is when it was put there or found there, ISO UTC.
    """

    sha256: FileHash
    size: int
    at: str
    file_path: str
