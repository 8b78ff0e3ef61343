"""The one planner: every command asks it for the part of the plan it needs.

Laws: whatever planning reads is asked of `Disk` and noted in its `ReadTrace`, so that no read goes round them; the
planned rows of a file are taken again while the file and the answers to all that was asked for them hold (verifying
traces, as in Mokhov, Mitchell and Peyton Jones, "Build systems à la carte", 2018), else its images are planned anew,
one by one, each with the portraits it references. A kept plan and one made without a cache are the same, byte for byte.
What concerns files together (two entries for one picture, portraits in a circle) is planned without a cache.

A step over the whole book that verdicts hang on (whose picture is it?) stands between `Book`, which has the heads of
all files without planning any, and the first image: what it needs of each entry is put into `Head` (a changed file's is
read anew), and what it says of one entry is a kind of question of its own (`Book.readers`), asked where that entry is
judged, so that only images of which it says something else are planned anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property

from msgspec.structs import replace

from chargen import kinds
from chargen.errors import Position, Problem, error
from chargen.model.entries import Imagery, Retake
from chargen.model.values import EntryId, Verdict
from chargen.plan.book import Book
from chargen.plan.cache.rows import KeptFile, Row, row_of
from chargen.plan.claims import named_picture
from chargen.plan.compose import Composer
from chargen.plan.disk import Disk
from chargen.plan.evidence import Evidence
from chargen.plan.fact_sources import PlanOptions
from chargen.plan.image_planner import ImagePlanner
from chargen.plan.judge import Judge
from chargen.plan.order import build_order
from chargen.plan.plan import Offer, Plan, Planned, Shown, former_forms, two_files, unknown_file
from chargen.plan.project import Project
from chargen.plan.python_gc import collector_paused
from chargen.plan.read_trace import FILE, FREE, JOURNAL, TAKES, answer_of
from chargen.plan.references import References
from chargen.plan.reuse import Reuse
from chargen.plan.scan import missing_roots, scan_without_prompt
from chargen.plan.selection import Selectable

PORTRAIT = "portrait"

ASKED = "asked"
"""The kind of question for the inputs that an entry asks for now."""


class CircleError(Exception):
    """Portraits reference each other in a circle."""


class Planner:
    """One plan, made as far as it is asked for.

    `ignored` are the images left alone on this machine, whatever the options say. While `building`, images that need
    anything are planned to the last word, whatever is kept of them.
    """

    def __init__(
        self,
        disk: Disk,
        book: Book,
        judge: Judge,
        composer: Callable[[], Composer],
        ignored: frozenset[EntryId],
        *,
        building: bool = False,
    ) -> None:
        self.disk = disk
        self.book = book
        self.judge = judge
        self._composer = composer
        self._ignored = ignored
        self._building = building
        self._together = book.is_odd
        """True where files are planned together, without what is kept."""
        self._kept = dict(book.kept)
        self._files: dict[str, Mapping[EntryId, Shown]] = {}
        self._open: set[str] = set()
        self._images: dict[EntryId, Planned] = {}
        self._begun: set[EntryId] = set()
        self._plan: Plan | None = None
        self._reads: dict[EntryId, tuple[str, ...]] = {}
        self._anew: set[str] = set()
        """Files of which no row was taken."""
        self._taken: dict[str, str] = {}
        """Attempts that were nobody's, and the entries that took them."""
        own = {PORTRAIT: self._portrait_answer, ASKED: self._asked_answer}
        disk.trace.add({**book.readers(), **own, TAKES: self._takes_answer, FREE: self._free_answer})

    @property
    def project(self) -> Project:
        """The project that is planned."""
        return self.judge.project

    @property
    def evidence(self) -> Evidence:
        """Where the plan's judging looks."""
        return self.judge.evidence

    @property
    def options(self) -> PlanOptions:
        """What the plan is made for."""
        return self.judge.options

    # what is asked of it

    def selectables(self) -> list[Selectable]:
        """Return all images as a selection sees them, in the order of files; none of them is planned for it."""
        project = self.project
        return [
            Selectable(name, project.target(name), project.prompt_file(name), file, head.slug, head.kind)
            for file, head in self.book.heads.items()
            for name in head.ids
            if self.book.home[name] == file
        ]

    @property
    def has_options(self) -> bool:
        """Say whether there are options by which some image may have another verdict or route than by none."""
        return self._reuse.has_options

    def choose(self, options: PlanOptions) -> None:
        """Plan with these options instead, before anything is planned."""
        assert not self._files
        assert not self._images
        self.judge = replace(self.judge, options=options)

    def plan(self) -> Plan:
        """Plan every image, once, and put them together in build order."""
        if self._plan is None:
            with collector_paused():
                self._plan = self._every()
        return self._plan

    def images(self, names: Iterable[EntryId]) -> tuple[Planned, ...]:
        """Plan some images to the last word, and return them in build order."""
        wanted = frozenset(names)
        order: Iterable[EntryId] = self.book.home
        if len(wanted) > 1 and self.can_be_referenced(wanted):
            order = self.plan().by_id  # some of them may need others, and these stand before them
        return tuple(self.image(name) for name in order if name in wanted)

    def can_be_referenced(self, names: Iterable[EntryId]) -> bool:
        """Say whether other images may hang on some of these."""
        return any(self.book.heads[file].can_be_referenced for file in {self.book.home[name] for name in names})

    def image(self, name: EntryId) -> Planned:
        """Plan one image to the last word, with what it needs."""
        if not self._together:
            try:
                return self._image(name)
            except (CircleError, RecursionError):
                self._give_up()
        if name not in self._images:
            self._plan = self._plan_together()
        return self._images[name]

    def of_fields(self, image: Planned) -> Planned | None:
        """Plan an image as if its entry had no prompt; None where its fields make none. Raises InputError."""
        entry = scan_without_prompt(self.project, image.entry)
        return None if entry is None else self._planner.plan(entry)

    def with_retake(self, image: Planned, retake: Retake) -> Planned:
        """Plan an image as if its entry asked for this."""
        entry = replace(image.entry, retake=retake)
        return self._planner.plan(entry)

    def offer(self, image: Shown) -> Offer | None:
        """Return what its provider says of a request for an image; None where none can be made of the entry."""
        if isinstance(image, Row):
            return image.offer
        assert isinstance(image, Planned)
        return self.judge.offer(image)

    def kept(self) -> dict[str, KeptFile]:
        """Return what is to be kept of files: those that were kept, and those planned anew; without options only.

        What was touched just now is left out, a file of which an entry is left out, and everything where files are
        planned together.
        """
        if self._together:
            return {}
        with collector_paused():
            found = {
                file: self._kept_now(file) if file in self._anew else self._kept.get(file) for file in self.book.heads
            }
        return {file: kept for file, kept in found.items() if kept is not None and file != self.disk.incomplete}

    @cached_property
    def _reuse(self) -> Reuse:
        return Reuse(self.disk, self.options, self._ignored)

    def _kept_now(self, file: str) -> KeptFile | None:
        images = [self._images[name] for name in self._files[file]]
        rows = tuple(row_of(image, self.offer(image)) for image in images)
        reads = dict.fromkeys(name for image in images for name in self._reads[image.id])
        return self._reuse.keep(file, self.book.heads[file], rows, reads)

    # what the planning of an image asks

    def portrait(self, name: EntryId) -> Shown | None:
        """Return a planned image by id; None where none is planned, or not before its user."""
        self.disk.trace.note(PORTRAIT, name)
        return self._images.get(name) if self._together else self._shown(name)

    def _whole(self, name: EntryId) -> Planned:
        """Return a planned image to the last word."""
        return self._images[name] if self._together else self._image(name)

    # one file after the other

    def _every(self) -> Plan:
        if not self._together:
            try:
                return self._put_together()
            except (CircleError, RecursionError):
                self._give_up()
        return self._plan_together()

    def _put_together(self) -> Plan:
        images = {name: image for file in self.book.heads for name, image in self._file(file).items()}
        order = build_order(images, {name: image.needs for name, image in images.items() if image.references})
        if order.cycles:
            raise CircleError
        return self._with_problems(tuple(images[name] for name in order.ids), ())

    def _with_problems(self, images: tuple[Shown, ...], together: tuple[Problem, ...]) -> Plan:
        """Return the plan of images in build order; `together` are problems of files that concern each other."""
        heads = [self.book.heads[file] for file in self.disk.files]
        known = {(head.kind, head.slug) for head in heads}
        problems = [*missing_roots(self.project), *(problem for head in heads for problem in head.problems), *together]
        problems.extend(two_files(*names) for names in self.book.doubled)
        for image in images:
            problems.extend(image.problems)
        uses = (use for head in heads for use in head.uses)
        problems.extend(unknown_file(kind, name, place) for kind, name, place in uses if (kind, name) not in known)
        problems.extend(former_forms(images))
        return Plan(images, tuple(dict.fromkeys(problems)))

    def _file(self, file: str) -> Mapping[EntryId, Shown]:
        """Return the images of a file: kept ones while what was read for them holds, else planned anew."""
        if file not in self._files:
            self._open.add(file)
            kept = self._kept.get(file)
            rows = None if kept is None else self._reuse.held(kept)
            if rows is None:
                self._files[file] = {name: self._image(name) for name in self.book.heads[file].ids}
                self._anew.add(file)
            else:
                self._files[file] = {row.id: self._image(row.id) if self._builds(row) else row for row in rows}
            self._open.discard(file)
        return self._files[file]

    def _builds(self, row: Row) -> bool:
        return self._building and (row.acts or row.verdict is Verdict.BLOCKED)

    def _shown(self, name: EntryId) -> Shown | None:
        file = self.book.home.get(name)
        if file is None:
            return None
        # Of a file that is just being looked at, an image is planned by itself: two files may need each other.
        return self._image(name) if file in self._open else self._file(file)[name]

    def _image(self, name: EntryId) -> Planned:
        """Plan one image anew, once."""
        if name not in self._images:
            if name in self._begun:
                raise CircleError
            self._begun.add(name)
            with self.disk.trace.reading() as names:
                entry = self.book.entries(self.book.home[name])[name]
                image = self._planner.plan(entry)
                self._note(image)
            self._images[name], self._reads[name] = image, tuple(names)
        return self._images[name]

    def _note(self, image: Planned) -> None:
        """Note what judging an image reads of the disk by itself, besides its target."""
        inputs, named = self.disk.trace, named_picture(image.entry)
        if named and named != image.target:
            inputs.note(FILE, named)
        if image.repair:
            inputs.note(JOURNAL, image.id)

    def _portrait_answer(self, name: str) -> str:
        """Answer for all that users can see of a planned portrait, its picture's bytes left out."""
        image = self._shown(EntryId(name))
        return (
            ""
            if image is None
            else answer_of((image.verdict, image.reasons, image.fingerprint, image.route, image.title))
        )

    def _asked_answer(self, name: str) -> str:
        """Answer with the fingerprints of what an entry asks for now; with nothing where there is no such entry."""
        if (file := self.book.home.get(EntryId(name))) is None:
            return ""
        return " ".join(self._planner.fingerprints(self.book.entries(file)[EntryId(name)]))

    def _takes_answer(self, question: str) -> str:
        name, _, attempt = question.rpartition(" ")
        return "yes" if self._taken.setdefault(attempt, name) == name else ""

    def _free_answer(self, question: str) -> str:
        name, _, attempt = question.rpartition(" ")
        return "yes" if self._taken.get(attempt, name) == name else ""

    # files together

    @cached_property
    def _planner(self) -> ImagePlanner:
        references = References(self.judge, self.disk, self.book, self.portrait, self._whole)
        return ImagePlanner(self._composer(), self.judge, self.disk, self.book, references)

    def _give_up(self) -> None:
        """Begin again with files together."""
        self._together = True
        self._plan = None
        self._files, self._images = {}, {}

    def _plan_together(self) -> Plan:
        """Plan all images anew: portraits may reference each other, and entries claim one picture."""
        imageries = self._imageries()
        entries = {entry.id: entry for imagery in imageries for entry in imagery.entries}
        resolved = {entry.id: self._planner.references.resolve(entry) for entry in entries.values()}
        needs = {
            name: tuple(item.entry_id for item in resolution.references if item.entry_id in entries)
            for name, resolution in resolved.items()
        }
        order = build_order(entries, needs)
        cycles = {name: chain for chain in order.cycles for name in chain}
        clashing = kinds.clashing(imageries)
        for name in order.ids:
            self._images[name] = self._planner.plan(
                entries[name], resolved[name], clashes=name in clashing, cycle=cycles.get(name, ())
            )
        circles = (_circle(entries[chain[0]].position, chain) for chain in order.cycles)
        return self._with_problems(tuple(self._images.values()), (*kinds.clashes(imageries), *circles))

    def _imageries(self) -> tuple[Imagery, ...]:
        found = (self.disk.scanned(file).imagery for file in self.disk.files)
        return tuple(imagery for imagery in found if imagery is not None)


def _circle(place: Position, chain: tuple[EntryId, ...]) -> Problem:
    names = " → ".join(f"`{name}`" for name in chain)
    return error(f"portraits reference each other in a circle: {names}", place, "leave one of them out")
