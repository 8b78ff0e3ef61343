"""What the page is told of images, as JSON values: a row of the grid, and one image in full."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from chargen.actions.pick import is_candidate
from chargen.actions.prompt import composed_prompt
from chargen.actions.version import ImageHistory, Version
from chargen.actions.why import why
from chargen.errors import Severity
from chargen.model.amounts import number
from chargen.model.reason import ReasonCode, has, tier_told
from chargen.model.values import EntryId, FileHash, Status
from chargen.plan.plan import Shown
from chargen.plan.planner import Planner
from chargen.plan.session import Session
from chargen.store.signatures import is_absent
from chargen.text.word_diff import word_diff
from chargen.web.pictures import Pictures


class Answers(Struct, frozen=True):
    """What is told of the images of one plan; `known` are hash and size in bytes of the picture at each target."""

    planner: Planner
    pictures: Pictures
    known: Mapping[EntryId, tuple[FileHash, int]]

    @classmethod
    def of(cls, planner: Planner, pictures: Pictures) -> Answers:
        """Gather what the records of a book tell of its pictures."""
        return cls(planner, pictures, dict(_known(planner)))

    def row(self, image: Shown, note: str = "") -> dict[str, Any]:
        """Return what the grid shows of an image; `picture` is the hash of what stands at its target."""
        digest, size = self.known.get(image.id, (None, 0))
        signature = self.planner.disk.signatures.of(image.target)  # looked at a moment ago, for the plan
        same = digest is not None and signature.startswith(f"{size} ")
        picture = None if is_absent(signature) else self.pictures.offer(image.target, digest if same else None, size)
        return {
            "id": image.id,
            "kind": image.kind,
            "title": image.title,
            "file": image.file,
            "line": image.position.line,
            "verdict": image.verdict.value,
            "reasons": [str(reason) for reason in image.reasons],
            "status": image.status.value if image.status else None,
            "tier": tier_told(image.reasons),
            "provider": str(image.route) if image.route else None,
            "cost_usd": number(image.cost_usd),
            "size": [image.size.width, image.size.height] if image.size else None,
            "shows": sorted(image.shows),
            "picture": picture,
            "note": note,
            "reviewed": _is_reviewed(image) if picture else None,
        }

    def in_full(self, session: Session, found: ImageHistory) -> dict[str, Any]:
        """Return one image with its prompt and where that is from, references, versions, and why it has its verdict."""
        image = found.image
        return {
            **self.row(image, image.entry.review_note),
            "retake": str(image.entry.retake.instruction) if image.entry.retake is not None else None,
            "prompt": composed_prompt(image).to_json() if image.composed is not None else None,
            "why": why(session, self.planner, image).to_json(),
            "versions": [{**self._version(each), "candidate": is_candidate(image, each)} for each in found.versions],
            "references": [
                {
                    "name": item.character or item.path.rpartition("/")[2],
                    "path": item.path,
                    "picture": self.pictures.offer(item.path),
                }
                for item in image.references
            ],
            "problems": [problem.to_json() for problem in image.problems],
        }

    def _version(self, version: Version) -> dict[str, Any]:
        return {**version.to_json(), "picture": self.pictures.offer(version.path) if version.path else None}


def files(planner: Planner) -> Iterator[dict[str, str]]:
    """Yield the files of the book in which images are planned, or would be: one with an error may have no kind."""
    for file, head in planner.book.heads.items():
        if head.ids or any(problem.severity is Severity.ERROR for problem in head.problems):
            yield {"file": file, "kind": head.kind, "slug": head.slug}


def word_runs(before: str, after: str) -> list[dict[str, str]]:
    """Compare two prompts word by word; nothing where they say the same."""
    return [{"fate": one.fate.value, "text": one.text} for one in word_diff(before, after)]


def _is_reviewed(image: Shown) -> bool:
    """Say whether the author had a word on the present picture: a rejection that was answered is of the one before."""
    if image.status is Status.REJECTED:
        return image.verdict.spends
    return image.status not in (None, Status.DRAFT) and not has(image.reasons, ReasonCode.APPROVED_AS_DRAFT)


def _known(planner: Planner) -> Iterator[tuple[EntryId, tuple[FileHash, int]]]:
    """Yield the hash and the size in bytes of each picture that an entry's record tells of at its target."""
    for head in planner.book.heads.values():
        for name, claim in zip(head.ids, head.claims, strict=False):
            if claim.file and claim.at_target:
                yield name, (FileHash(claim.file), claim.size)
