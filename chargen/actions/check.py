"""Everything wrong or odd in the input, gathered before anything is spent: files, templates, references, providers.

It also counts what images are made of a character of: its pictures, or the words of its file. Reads the disk, changes
nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from msgspec import Struct

from chargen.errors import ExitCode, Position, Problem, Severity, Topic, note, warning
from chargen.model.reason import ReasonCode
from chargen.model.values import Verdict
from chargen.plan.before_sending import of_killed_runs, of_offers, of_providers
from chargen.plan.findings import Finding, by_place, findings
from chargen.plan.plan import Plan, Shown
from chargen.plan.planner import Planner
from chargen.plan.session import Session, unread_templates
from chargen.store.files import FileKind, kind_of
from chargen.store.places import OutsideError, contained
from chargen.text.names import few_names

_AFTER_A_DEAD_PATH = {
    Verdict.FRESH: "its picture is at the usual place: the next build writes that",
    Verdict.RESTORABLE: "the next build puts it back for free",
    Verdict.MISSING: "if the picture is somewhere else, put it there first: a build would pay for a new one",
}
"""What follows where `file_path` names a picture that is not there, by verdict; others say it themselves."""


class ShownCharacter(Struct, frozen=True):
    """What images are made of a character of: so many send pictures of it, so many have words of its file.

    An edited `appearance` changes nothing in the `wordless`: images that send pictures and have no word of it.
    """

    slug: str
    file: str
    pictures: int
    words: int
    wordless: int

    def to_json(self) -> dict[str, Any]:
        """One element of `characters[]` in `check --json`."""
        counts = {"pictures": self.pictures, "words": self.words, "wordless": self.wordless}
        return {"slug": self.slug, "file": self.file, **counts}


class Checked(Struct, frozen=True):
    """What was looked at, and what is wrong or odd in it, in the order of files and lines."""

    images: int
    files: int
    findings: tuple[Finding, ...]
    characters: tuple[ShownCharacter, ...] = ()

    @property
    def totals(self) -> Mapping[Severity, int]:
        """How many problems there are of each severity."""
        return Counter(finding.problem.severity for finding in self.findings)

    @property
    def exit_code(self) -> ExitCode:
        """Failed where there is an error."""
        return ExitCode.FAILED if self.totals[Severity.ERROR] else ExitCode.DONE

    def to_json(self) -> dict[str, Any]:
        """The object of `check --json`: `problems[]` as elsewhere, with the `images` a problem concerns; `totals`."""
        return {
            "problems": [finding.to_json() for finding in self.findings],
            "totals": {severity.value: self.totals[severity] for severity in Severity},
            "characters": [character.to_json() for character in self.characters],
        }


def check(session: Session) -> Checked:
    """Plan everything and gather what is wrong or odd."""
    planner = session.planner()
    plan = planner.plan()
    found = findings(plan)
    offered = of_offers(plan.images, planner.offer)  # also of one that is fresh: it will be built again some day
    of_routes = (*of_providers(session, plan.images), *offered)
    told = {finding.problem.subject for finding in found}
    files = (*_of_slugs(planner), *_of_inventories(session, planner, plan, told))
    files = (*files, *_of_file_paths(session, plan), *map(Finding, unread_templates(session.project)))
    files = (*files, *_of_prompts(planner, plan), *_of_kept(plan))
    kept = (*_of_originals(session, told), *_of_credentials(session, plan), *of_killed_runs(session))
    every = by_place([*found, *of_routes, *files, *kept])
    return Checked(len(plan.images), len({image.file for image in plan.images}), every, _shown(planner, plan))


def _shown(planner: Planner, plan: Plan) -> tuple[ShownCharacter, ...]:
    """Count, for each character that any image shows, what the images are made of."""
    found: list[ShownCharacter] = []
    for slug, file in planner.book.definers.items():
        users = [image for image in plan.images if slug in image.shows and image.file != file]
        pictured = [image for image in users if any(item.character == slug for item in image.references)]
        words = sum(file in image.words_of for image in users)
        if users:
            wordless = sum(file not in image.words_of for image in pictured)
            found.append(ShownCharacter(slug, file, len(pictured), words, wordless))
    return tuple(found)


def _of_slugs(planner: Planner) -> Iterator[Finding]:
    """Yield the files of one kind that have the slug of another: their pictures lie in one folder.

    Of characters every plan tells, because it is their faces that are mixed up.
    """
    first: dict[tuple[str, str], str] = {}
    doubled = {other for _, _, other in planner.book.doubled}
    for file, head in planner.book.heads.items():
        if not head.kind or head.is_archived:
            continue
        if first.setdefault((head.kind, head.slug), file) != file and file not in doubled:
            message = f"the {head.kind} `{head.slug}` has two files: `{first[head.kind, head.slug]}` and this one"
            yield Finding(warning(message, Position(file), "give one of them a `slug` of its own"))


def _of_inventories(session: Session, planner: Planner, plan: Plan, told: Collection[str]) -> Iterator[Finding]:
    """Yield the pictures of inventories that do not exist and are not planned, those `told` of already left out."""
    planned = {image.target for image in plan.images}
    for file, head in planner.book.heads.items():
        unplanned = (path for path in head.pictures if path not in planned and path not in told)
        absent = {path for path in unplanned if _is_absent(session, path)}
        imagery = planner.disk.scanned(file).imagery if absent else None
        for item in (item for character in (imagery.characters if imagery else ()) for item in character.inventory):
            if item.path in absent:
                message = f"the inventory's picture `{item.id}` does not exist"
                hint = "a `path` is written from the folder of its file"
                yield Finding(Problem(Severity.WARNING, message, item.position, hint, item.path))


def _of_prompts(planner: Planner, plan: Plan) -> Iterator[Finding]:
    """Yield what waits for words: entries without a prompt, and pictures of inventories that are nowhere yet."""
    for image in plan.images:
        told = any(problem.topic is Topic.NO_PROMPT for problem in image.problems)
        if image.verdict is Verdict.NO_PROMPT and not told:
            yield Finding(note("this entry has no prompt yet", image.position, "nothing is made of it before"))
    for file, head in planner.book.heads.items():
        imagery = planner.disk.scanned(file).imagery if head.characters else None
        for item in (item for character in (imagery.characters if imagery else ()) for item in character.inventory):
            if item.path is None and item.entry_id is None and not item.problems:
                message = f"the inventory's picture `{item.id}` has neither a `prompt_used` nor a `path` yet"
                hint = "no plan has it before: a `prompt_used` has it made, a `path` names the picture that is there"
                yield Finding(note(message, item.position, hint))


def _of_file_paths(session: Session, plan: Plan) -> Iterator[Finding]:
    """Yield the entries whose `file_path` names a picture that is not there, once for each file and next step."""
    dead: dict[tuple[str, str], list[Shown]] = {}
    for image in plan.images:
        if image.named and image.verdict in _AFTER_A_DEAD_PATH and _is_nowhere(session, image.named):
            dead.setdefault((image.file, _AFTER_A_DEAD_PATH[image.verdict]), []).append(image)
    for (_, hint), images in dead.items():
        message = f"`file_path` names a picture that is not there: {few_names(image.named for image in images)}"
        problem = Problem(Severity.WARNING, message, images[0].position, hint, images[0].named)
        yield Finding(problem, tuple(image.id for image in images))


def _of_kept(plan: Plan) -> Iterator[Finding]:
    """Yield the images whose status keeps a picture that is nowhere: nothing makes one."""
    for image in plan.images:
        for reason in image.reasons:
            if reason.code is ReasonCode.HELD_AND_GONE:
                status, path = reason.values
                message = f"status is {status}, but its picture `{path}` does not exist and nothing restores it"
                hint = "put the picture there, or remove the `status`: then a build makes a new one"
                yield Finding(warning(message, image.position, hint).about(path))


def _is_nowhere(session: Session, path: str) -> bool:
    try:
        return kind_of(contained(session.project.root, path)).kind is FileKind.ABSENT
    except OutsideError:
        return False


def _is_absent(session: Session, path: str) -> bool:
    return kind_of(session.project.path(path)).kind is FileKind.ABSENT


def _of_originals(session: Session, known: Collection[str]) -> Iterator[Finding]:
    """Yield the replies whose record can't be read, but for `known`, those that an image's own problem is about."""
    for damaged in session.originals.all_damaged():
        reply = session.originals.shown(damaged)
        folder = reply.rpartition("/")[0]
        if reply not in known:
            hint = f"put `record.json` back into `{folder}` from a backup; the picture made of the reply is not touched"
            yield Finding(
                warning("this reply was paid for, and the record beside it can't be read", Position(reply), hint)
            )


def _of_credentials(session: Session, plan: Plan) -> Iterator[Finding]:
    """Yield the images whose Content Credentials ended with the delivered bytes, as one note."""
    lost = tuple(image.id for image in plan.images if image.credentials_lost and not _is_absent(session, image.target))
    if lost:
        message = "the delivered picture's Content Credentials ended where it was resized or made a PNG"
        hint = "the signed bytes are kept among the originals; the file at the target holds its record"
        yield Finding(note(message, None, hint), lost)
