"""The record of an image as one line in the YAML, and the marks in it: what an author said, what the judge must know.

Laws: the line carries a version, keeps keys it does not know, and never guesses: text that is no record is none. The
same record is always the same line. It keeps the marks it has when one is set or taken; a mark stands once. Pure.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from urllib.parse import quote, unquote

from msgspec import Struct
from msgspec.structs import replace

from chargen.model import part_sums
from chargen.model.values import FileHash, Fingerprint, is_digest

LINE_VERSION = "2"
"""Of new lines: digests are base64url, so that a line with all that is known of a picture is no longer than 300."""
_HEX_VERSION = "1"
"""Of the first lines, which have digests in hexadecimal; they are read for ever, and stay in this form."""
SAFE = "/:._-+~@"
"""What stands in a line as it is."""
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

ANSWERED = ("rejected", "answered")
"""Mark in a record line: the image was made to answer a rejection."""

FORGOTTEN = "forget"
"""Key of a mark in a record line: the author asked for a new image; the value is when, as ISO UTC with microseconds."""

QUALITY = "quality"
"""Key of a mark in a record line: the quality that was declared."""

MODEL_FILE = "model_file"
"""Key of a mark in a record line: the first 8 digits of the hash of the project's file that was the model."""

ACCEPTED = "accepted"
"""Key of a mark in a record line: the author took this file as current for the line's inputs, whatever it was made
from; the value is the route that was declared by then."""

TIER = "tier"
"""Key of a mark in a record line: the tier that asked for the image; a final one has none."""

APPROVED_DRAFT = ("approved", "draft")
"""Mark in a record line: the entry was approved when this took the place of its draft; the author saw that one."""

MADE_AS = "as"
"""Key of a mark in a record line: the name (`SLUG/NAME`) under which the inputs were composed, where it counted among
them and the entry has another one now."""

AFTER = "after"
"""Key of a mark in the record line of a picture that no attempt made: the attempt whose picture it took the place of,
so that both stay versions of one entry, whatever the entry is called."""


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
        words += [f"{key}={quote(value, safe=SAFE)}" for key, value in plain if value is not None]
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


# marks


def quality_mark(quality: str) -> tuple[str, str]:
    """Return the mark that tells the declared quality; a blank in it must not end the word it is in the line."""
    return QUALITY, quote(quality, safe=SAFE)


def model_file_mark(sha256: FileHash) -> tuple[str, str]:
    """Return the mark that tells which file was the model."""
    return MODEL_FILE, sha256[:8]


def quality_of(line: RecordLine) -> str | None:
    """Return the quality an image was made with, or was taken as current for; None where the line tells none."""
    return _told(line, QUALITY)


def tier_of(line: RecordLine) -> str | None:
    """Return the tier that asked for a line's image; None for a final one, and for a sketch."""
    return dict(line.others).get(TIER)


def with_mark(line: RecordLine, mark: tuple[str, str]) -> RecordLine:
    """Return the line with a mark set, once."""
    others = tuple(pair for pair in line.others if pair[0] != mark[0])
    return replace(line, others=(*others, mark))


def forgotten_at(line: RecordLine | None) -> str | None:
    """Return when the author asked for a new image in a line's place; None where nobody did."""
    return dict(line.others).get(FORGOTTEN) if line is not None else None


def accepted_for(line: RecordLine | None) -> str | None:
    """Return the route under which an author took a line's file as current; None where nobody did."""
    return _told(line, ACCEPTED)


def made_as(line: RecordLine | None) -> str:
    """Return the name under which a line's inputs were composed, where the line tells one."""
    return _told(line, MADE_AS) or ""


def _told(line: RecordLine | None, key: str) -> str | None:
    """Return the value of a mark that is written percent-encoded; None where the line has none."""
    value = None if line is None else dict(line.others).get(key)
    return None if value is None else unquote(value)


def with_name(line: RecordLine, name: str) -> RecordLine:
    """Return the line with the name under which its inputs were composed; as it is where there is no name to tell."""
    return with_mark(line, (MADE_AS, quote(name, safe=SAFE))) if name else line


def last_attempt(line: RecordLine | None) -> str | None:
    """Return the attempt that made a line's file, or was the last before the author's own picture."""
    return None if line is None else line.attempt or dict(line.others).get(AFTER)


def without_mark(line: RecordLine, mark: tuple[str, str]) -> RecordLine:
    """Return the line without a mark, whatever its value."""
    return replace(line, others=tuple(pair for pair in line.others if pair[0] != mark[0]))
