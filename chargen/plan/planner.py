"""The one planner: every command asks it for the part of the plan it needs.

Laws: whatever planning reads is asked of `Disk` and noted in its `ReadTrace`, so that no read goes round them; the
planned rows of a file are taken again while the file and the answers to all that was asked for them hold (verifying
traces, as in Mokhov, Mitchell and Peyton Jones, "Build systems à la carte", 2018). Else those are taken of which entry
and answers hold, and the other images planned anew, one by one, each with the portraits it references: whatever an
image needs of its own file besides its entry belongs in `_made_of`. A kept plan and one made without a cache are the
same, byte for byte. What concerns files together (two entries for one picture, portraits in a circle) is planned
without a cache.

A step over the whole book that verdicts hang on (whose picture is it?) stands between `Book`, which has the heads of
all files without planning any, and the first image: what it needs of each entry is put into `Head` (a changed file's is
read anew), and what it says of one entry is a kind of question of its own (`Book.readers`), asked where that entry is
judged, so that only images of which it says something else are planned anew.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property

from msgspec.structs import replace

from chargen import kinds
from chargen.config.project import Project
from chargen.errors import Position, Problem, error
from chargen.model.entries import Entry, Imagery, Retake
from chargen.model.reason import ReasonCode, has
from chargen.model.values import EntryId, Verdict
from chargen.plan.book import Book
from chargen.plan.cache.rows import Head, KeptEntry, KeptFile, Row, raw, read_entries, read_rows, row_of
from chargen.plan.claims import named_picture
from chargen.plan.compose import Composer
from chargen.plan.disk import Disk
from chargen.plan.evidence import Evidence
from chargen.plan.findings import former_forms, two_files, unknown_file
from chargen.plan.image_planner import ImagePlanner
from chargen.plan.judge import Judge, PlanOptions
from chargen.plan.order import build_order
from chargen.plan.plan import Offer, Plan, Planned, Shown
from chargen.plan.python_gc import collector_paused
from chargen.plan.read_trace import FILE, JOURNAL, ORIGINAL, answer_of
from chargen.plan.references import References
from chargen.plan.scan import as_read, broken_slugs, missing_roots, scan_without_prompt
from chargen.plan.selection import Selectable

PORTRAIT = "portrait"

ASKED = "asked"
"""The kind of question for the inputs that an entry asks for now."""

TAKES = "takes"
"""The kind of question for who gets a reply, or a request, that is nobody's; asking is taking it."""

FREE = "free"
"""The kind of question for whether an entry could still take it."""

_IN_TURN = (f"{TAKES} ", f"{FREE} ")
"""How the questions begin whose answers hang on who asked before."""


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
                file: self._trace(file) if file in self._anew else self._kept.get(file) for file in self.book.heads
            }
        return {file: kept for file, kept in found.items() if kept is not None and file != self.disk.incomplete}

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
        problems = [*missing_roots(self.project), *(problem for head in heads for problem in head.problems), *together]
        problems.extend(two_files(*names) for names in self.book.doubled)
        for image in images:
            problems.extend(image.problems)
        problems.extend(self._unknown_files(heads))
        problems.extend(former_forms(images))
        return Plan(images, tuple(dict.fromkeys(problems)))

    def _unknown_files(self, heads: Iterable[Head]) -> Iterator[Problem]:
        """Yield what files name and none describes; nobody knows of what a file that can't be read may describe."""
        slugs: dict[str, dict[str, None]] = defaultdict(dict)
        for head in self.book.heads.values():
            slugs[head.kind][head.slug] = None
        unread = broken_slugs(self.book.broken)
        for kind, name, place in (use for head in heads for use in head.uses):
            if name not in slugs[kind] and name not in unread:
                yield unknown_file(kind, name, place, slugs[kind])

    def _file(self, file: str) -> Mapping[EntryId, Shown]:
        """Return the images of a file: kept ones while what was read for them holds, else planned anew."""
        if file not in self._files:
            self._open.add(file)
            kept = self._kept.get(file)
            rows = None if kept is None else self._held(kept)
            if rows is None:
                same = self._unedited(file)
                self._files[file] = {name: same.get(name) or self._image(name) for name in self.book.heads[file].ids}
                self._anew.add(file)
            else:
                self._files[file] = {row.id: self._image(row.id) if self._builds(row) else row for row in rows}
            self._open.discard(file)
        return self._files[file]

    def _held(self, kept: KeptFile) -> tuple[Row, ...] | None:
        """Return the rows of a kept file; None where what was read for them changed, or options count."""
        if self.disk.signatures.digest_of(kept.paths) != kept.files_digest:
            return None
        if self.disk.trace.answers_digest(kept.reads) != kept.answers_digest:
            return None
        rows = read_rows(kept)
        if rows is None or (self.has_options and any(map(self._has_options, rows))):
            return None
        # Last, and none behind one that has another answer: what is planned anew takes only what it has need of now.
        return rows if all(self.disk.trace.answer(name) == answer for name, answer in kept.taken) else None

    def _unedited(self, file: str) -> Mapping[EntryId, Row]:
        """Return the rows of a file that was edited whose entries were not, while what was read for them holds."""
        old = self.book.edited.get(file)
        if old is None or self.has_options or self.disk.scanned(file).has_anchors:
            return {}
        found, entries = {}, self.book.entries(file)
        with suppress(LookupError, UnicodeEncodeError):  # numbers of a damaged cache; a text that can't be kept
            for name, (kept, row) in read_entries(old).items():
                if not kept.digest or self.book.home.get(name) != file:
                    continue
                reads = [old.reads[number] for number in kept.reads]
                paths = [old.paths[number] for number in kept.paths]
                if self._made_of(entries[name], row, reads, paths) == kept.digest:
                    found[name] = row
                    self._reads[name] = (*reads, *(f"{FILE} {path}" for path in paths))
        return found

    def _made_of(self, entry: Entry, image: Shown, reads: Iterable[str], paths: Iterable[str]) -> str:
        """Return one digest over what an image was planned of: its entry as it was read, and what was read for it.

        Of its file it needs besides whether its slots could be written. Raises UnicodeEncodeError.
        """
        refusal = self.judge.write_back_check.refusal(entry, image.target, image.route)
        answers = f"{self.disk.trace.answers_digest(reads)} {self.disk.signatures.digest_of(paths)} {refusal!r} "
        return hashlib.sha256(answers.encode() + as_read(entry)).hexdigest()

    def _builds(self, row: Row) -> bool:
        return self._building and row.is_due

    @cached_property
    def has_options(self) -> bool:
        """Say whether there are options by which some image may have another verdict or route than by none."""
        plain = PlanOptions(selected=self.options.selected, ignored=self._ignored, by_name=self.options.by_name)
        return self.options != plain

    def _has_options(self, row: Row) -> bool:
        """Say whether an image may have another verdict or route by the options than by none."""
        options = self.options
        if (row.id in options.ignored) != (row.id in self._ignored):
            return True
        if (
            row.id in options.forced
            or row.id in options.placed
            or row.id in options.finals
            or row.id in options.promoted
        ):
            return True
        if options.variants_of(row.id) is not None:
            return True
        if options.provider_of(row.id) is not None and (row.verdict is not Verdict.FRESH or row.route is None):
            return True
        if options.mode is not None and row.verdict.spends:
            return True
        stopped = row.verdict is Verdict.BLOCKED or has(row.reasons, ReasonCode.VARIANTS_BLOCKED)
        return not options.resume and stopped

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
        if image.repair is not None:
            inputs.note(JOURNAL, image.id)

    def _portrait_answer(self, name: str) -> str:
        """Answer for all that users can see of a planned portrait, its picture's bytes left out."""
        image = self._shown(EntryId(name))
        return (
            ""
            if image is None
            else answer_of((image.verdict, image.reasons, image.fingerprint, image.route, image.title, image.drift))
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

    def _trace(self, file: str) -> KeptFile | None:
        """Return what is to be kept of a file planned anew; None where what it was made from was touched just now."""
        digest, images = self.disk.digest(file), tuple(self._files[file].values())
        names = dict.fromkeys(name for image in images for name in self._reads[image.id])
        looked_at = (name.partition(" ")[2] for name in names if name.startswith(f"{FILE} "))
        paths = tuple(dict.fromkeys((*(image.target for image in images), *looked_at)))
        originals = (name.partition(" ")[2] for name in names if name.startswith(f"{ORIGINAL} "))
        if not digest or not self.disk.left_alone(paths, originals):
            return None
        reads = tuple(name for name in names if not name.startswith((f"{FILE} ", *_IN_TURN)))
        taken = tuple((name, self.disk.trace.answer(name)) for name in names if name.startswith(_IN_TURN))
        try:
            entries = raw(tuple(self._entries(file, images, reads, paths)))
            rows = raw(tuple(_row(image, self.offer(image)) for image in images))
        except UnicodeEncodeError:
            return None
        answers_digest, files_digest = self.disk.trace.answers_digest(reads), self.disk.signatures.digest_of(paths)
        return KeptFile(digest, self.book.heads[file], reads, answers_digest, paths, files_digest, taken, entries, rows)

    def _entries(
        self, file: str, images: Iterable[Shown], reads: tuple[str, ...], paths: tuple[str, ...]
    ) -> Iterator[KeptEntry]:
        """Yield what each image of a file planned anew was made of; `reads` and `paths` are those of all."""
        entries = self.book.entries(file)
        number_of = {name: number for number, name in enumerate((*reads, *(f"{FILE} {path}" for path in paths)))}
        for image in images:
            names = dict.fromkeys((*self._reads[image.id], f"{FILE} {image.target}"))
            # A lack of a route is told at the first entry; what is not among the numbers hangs on who asked before.
            if image.is_due or image.route is None or not names.keys() <= number_of.keys():
                yield KeptEntry("", (), ())
                continue
            numbers = [number_of[name] for name in names]
            asked = tuple(number for number in numbers if number < len(reads))
            looked = tuple(number - len(reads) for number in numbers if number >= len(reads))
            entry, read, seen = entries[image.id], [reads[number] for number in asked], [paths[n] for n in looked]
            yield KeptEntry(self._made_of(entry, image, read, seen), asked, looked)

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
        return tuple(imagery for file in self.disk.files if (imagery := self._imagery(file)) is not None)

    def _imagery(self, file: str) -> Imagery | None:
        """Return a file as far as it is planned."""
        imagery, left_out = self.disk.scanned(file).imagery, self.book.heads[file].left_out
        if imagery is None or not left_out:
            return imagery
        return replace(imagery, entries=tuple(entry for entry in imagery.entries if entry.id not in left_out))


def _row(image: Shown, offer: Offer | None) -> Row:
    return image if isinstance(image, Row) else row_of(image, offer)


def _circle(place: Position, chain: tuple[EntryId, ...]) -> Problem:
    names = " → ".join(f"`{name}`" for name in chain)
    return error(f"portraits reference each other in a circle: {names}", place, "leave one of them out")
