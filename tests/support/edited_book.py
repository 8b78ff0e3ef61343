"""A book whose author edits it at random, on the disk and in a model that knows each entry as itself.

The model carries an entry's picture with the entry and never looks at ids to know it; only what the law of
docs/design.md says of copies, and of what nobody's entry left, goes by ids and by plan order here too.
"""

from __future__ import annotations

import json
import random
import re
import shutil
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path

from support import tree
from support.studio import ENVIRON, ROUTE, Studio

from chargen.actions.mv import move
from chargen.images.png import embedded_record
from chargen.model.values import EntryId
from chargen.plan.session import open_session

NAMES = ("a", "b", "c", "d", "e", "f", "Gate", "Lamp")
CHAPTERS = ("one", "two")
MOST = 9
"""Entries of a book."""

_STATUS = re.compile(r"^    status: .*\n", re.MULTILINE)
_ENTRY = re.compile(r"^(?=  - custom_id)", re.MULTILINE)


@dataclass(eq=False)
class Payment:
    """A reply that was paid for: the prompt, the id it was made for, its picture, and what replaced it."""

    prompt: str
    made_for: str
    picture: str
    replaced_by: list[Payment] = field(default_factory=list)
    lost: bool = False
    """What was kept beside the book is gone, so that nothing but the picture and its record line are left."""


@dataclass(eq=False)
class Item:
    """An entry: `text` is its own lines, `record` what its record line tells of, `place` where its picture was put.

    `picture` is the hash of its own picture, `painted` says that the author painted it.
    """

    chapter: Chapter
    name: str
    prompt: str
    text: str
    record: Payment | None = None
    place: str = ""
    picture: str = ""
    painted: bool = False
    status: str = ""

    @property
    def id(self) -> str:
        return f"chapters/{self.chapter.slug}/{self.name}"

    @property
    def named(self) -> str:
        """What its `file_path` names, as an id."""
        found = re.search(r'file_path: "?generated/(.*)\.png', self.text)
        return found[1] if found else ""

    @property
    def is_renamed_wholly(self) -> bool:
        """Say whether its lines tell nothing of where its picture is: only what is kept beside the book does."""
        return bool(self.record) and self.named != self.place

    def rename_wholly(self) -> None:
        """Let all that its lines tell of its name tell the one it has now, as an editor's search-and-replace does."""
        self.text = re.sub(r'(file_path: "?generated/).*(\.png)', rf"\g<1>{self.id}\g<2>", self.text)
        self.text = re.sub(r'(file_name: "?).*(\.png)', rf"\g<1>{self.name}\g<2>", self.text)

    @property
    def is_kept(self) -> bool:
        return self.status in ("approved", "locked")

    def write(self) -> str:
        """Return the entry's lines as they are to be, with the name, the prompt and the status it has now."""
        text = re.sub(r'custom_id: ".*"', f'custom_id: "{self.name}"', self.text, count=1)
        text = re.sub(r"prompt_used: .*", f"prompt_used: {json.dumps(self.prompt)}", text, count=1)
        text = _STATUS.sub("", text)
        status = f"    status: {self.status}\n" if self.status else ""
        first, _, rest = text.partition("\n")
        return f"{first}\n{status}{rest}"


@dataclass(eq=False)
class Chapter:
    """A chapter: its slug, its folder, its entries in order."""

    slug: str
    folder: str
    items: list[Item] = field(default_factory=list)

    @property
    def file(self) -> str:
        return f"imagery/chapters/{self.folder}/imagery.yaml"

    @property
    def head(self) -> str:
        provider, model = ROUTE.split("/")
        return (
            f"metadata:\n  entity_type: chapter-imagery\n  slug: {self.slug}\n"
            f"  generation_defaults: {{provider: {provider}, model: {model}}}\nimages:\n"
        )


def folded(name: str) -> str:
    return name.casefold()


class EditedBook:
    """A book on the disk and what is to become of it."""

    def __init__(self, root: Path, luck: random.Random) -> None:
        self.luck = luck
        self.studio = Studio(root)
        self.chapters = [Chapter(slug, slug) for slug in CHAPTERS]
        self.payments: list[Payment] = []
        self.gone: list[Item] = []
        self.number = 0
        self.done: list[str] = []
        """What the author did, for the words of a violation."""
        for _ in range(luck.randint(3, 6)):
            self.insert()

    # the book

    @property
    def items(self) -> list[Item]:
        """All entries in plan order: files by path, entries in file order."""
        return [item for chapter in sorted(self.chapters, key=lambda found: found.file) for item in chapter.items]

    def some(self, number: int) -> list[Item]:
        return self.luck.sample(self.items, min(number, len(self.items)))

    def free(self, chapter: Chapter) -> str:
        taken = {folded(item.name) for item in chapter.items}
        left = [name for name in NAMES if folded(name) not in taken]
        return self.luck.choice(left) if left else f"more-{len(taken)}"

    def words(self) -> str:
        self.number += 1
        return f"Scene number {self.number:04}."

    # what an author does

    def insert(self) -> None:
        if len(self.items) < MOST:
            chapter = self.luck.choice(self.chapters)
            name, prompt = self.free(chapter), self.words()
            text = f'  - custom_id: "{name}"\n    prompt_used: {json.dumps(prompt)}\n    size: "128x96"\n'
            chapter.items.insert(self.luck.randint(0, len(chapter.items)), Item(chapter, name, prompt, text))

    def renumber(self) -> None:
        """Insert one before others and let each take the name of the next."""
        chapter = self.luck.choice(self.chapters)
        if not chapter.items or len(self.items) >= MOST:
            return
        names = [item.name for item in chapter.items] + [self.free(chapter)]
        for item, name in zip(chapter.items, names[1:], strict=True):
            item.name = name
        prompt = self.words()
        text = f'  - custom_id: "{names[0]}"\n    prompt_used: {json.dumps(prompt)}\n    size: "128x96"\n'
        chapter.items.insert(0, Item(chapter, names[0], prompt, text))

    def delete(self) -> None:
        for item in self.some(1):
            if item.painted:  # a painting that is nobody's would belong to whoever takes its name
                self.studio.image(item.place).unlink(missing_ok=True)
            item.chapter.items.remove(item)
            if item.painted:
                continue
            alike = self.alike(item)
            if not alike:
                self.gone.append(item)
            elif not any(other.picture for other in alike):  # a copy that is the only one left is the entry
                alike[0].picture = item.picture

    def bring_back(self) -> None:
        """Undo a deletion, maybe in another place."""
        back = [item for item in self.gone if not any(other.painted for other in self.alike(item))]
        if back and len(self.items) < MOST:
            item = self.luck.choice(back)
            self.gone.remove(item)
            item.chapter = self.luck.choice(self.chapters)
            if folded(item.name) in {folded(other.name) for other in item.chapter.items}:
                item.name = self.free(item.chapter)
            item.chapter.items.append(item)

    def copy(self) -> None:
        for item in self.some(1):
            if len(self.items) < MOST and item.record is not None:
                chapter = self.luck.choice(self.chapters)
                twin = replace(item, chapter=chapter, name=self.free(chapter), picture="", painted=False)
                twin.text = item.text
                chapter.items.insert(self.luck.randint(0, len(chapter.items)), twin)

    def rotate(self) -> None:
        chosen = self.some(self.luck.choice([2, 2, 3, 4]))
        if len({item.chapter for item in chosen}) == 1:
            names = [item.name for item in chosen]
            for item, name in zip(chosen, names[1:] + names[:1], strict=True):
                item.name = name

    def rename(self) -> None:
        for item in self.some(1):
            item.name = self.free(item.chapter)

    def replace_all(self) -> None:
        """Rename an entry by search-and-replace, to a name at which no picture stands."""
        for item in self.some(1):
            before, item.name = item.name, self.free(item.chapter)
            if self.studio.image(item.id).exists() or (item.record and item.record.lost):
                item.name = before
                continue
            item.rename_wholly()

    def replace_slug(self) -> None:
        """Rename a chapter by search-and-replace."""
        chapter = self.luck.choice(self.chapters)
        before, taken = chapter.slug, {other.slug for other in self.chapters}
        chapter.slug = self.luck.choice([slug for slug in ("one", "two", "three", "four") if slug not in taken])
        unknown = any(item.record and item.record.lost for item in chapter.items)
        if unknown or any(self.studio.image(item.id).exists() for item in chapter.items):
            chapter.slug = before
            return
        for item in chapter.items:
            item.rename_wholly()

    def change_case(self) -> None:
        for item in self.some(1):
            item.name = item.name.swapcase()

    def move(self) -> None:
        """Cut an entry out and paste it elsewhere, in this chapter or the other."""
        for item in self.some(1):
            chapter = self.luck.choice(self.chapters)
            item.chapter.items.remove(item)
            if folded(item.name) in {folded(other.name) for other in chapter.items}:
                item.name = self.free(chapter)
            item.chapter = chapter
            chapter.items.insert(self.luck.randint(0, len(chapter.items)), item)

    def command(self) -> None:
        """Move an entry with `chargen mv`, right after a build."""
        for item in self.some(1):
            chapter = self.luck.choice(self.chapters)
            if self.done[-1:] != ["|"] or (chapter is item.chapter and folded(self.free(chapter)) == folded(item.name)):
                continue
            name = self.free(chapter)
            with open_session(self.studio.root, ENVIRON) as session:
                move(session, session.planner(), EntryId(item.id), f"{chapter.slug}/{name}")
            if chapter is not item.chapter:
                item.chapter.items.remove(item)
                chapter.items.append(item)
            item.chapter, item.name = chapter, name
            self.read()

    def shuffle(self) -> None:
        self.luck.shuffle(self.luck.choice(self.chapters).items)

    def rename_chapter(self) -> None:
        chapter = self.luck.choice(self.chapters)
        taken = {other.slug for other in self.chapters}
        chapter.slug = self.luck.choice([slug for slug in ("one", "two", "three", "four") if slug not in taken])

    def swap_chapters(self) -> None:
        first, second = self.chapters
        first.slug, second.slug = second.slug, first.slug

    def move_folder(self) -> None:
        chapter = self.luck.choice(self.chapters)
        taken = {other.folder for other in self.chapters}
        shutil.rmtree(self.studio.root / "imagery/chapters" / chapter.folder, ignore_errors=True)
        chapter.folder = self.luck.choice([name for name in ("one", "two", "zz", "00") if name not in taken])

    def reword(self) -> None:
        for item in self.some(1):
            item.prompt = self.words()

    def reword_back(self) -> None:
        """Go back to a prompt there was before, of this entry or of another."""
        for item in self.some(1):
            if self.payments:
                item.prompt = self.luck.choice(self.payments).prompt

    def mark(self) -> None:
        for item in self.some(1):
            item.status = self.luck.choice(["approved", "locked", "", ""]) if item.picture else ""

    def paint(self) -> None:
        for item in self.some(1):
            unknown = self.alike(item) or (item.is_renamed_wholly and item.record and item.record.lost)
            if not unknown and item.picture and item.place and self.studio.hash(item.place) == item.picture:
                item.picture, item.painted = self.studio.paint(item.place, self.number * 100 + len(self.done)), True

    def lose_state(self) -> None:
        """Clone afresh: the pictures and the author's files are there, and nothing else."""
        whole = all(self.studio.hash(item.place) == item.picture for item in self.items if item.picture)
        told = not any(item.is_renamed_wholly for item in self.items)
        if whole and told and not self.gone:
            shutil.rmtree(self.studio.root / ".chargen", ignore_errors=True)
            for payment in self.payments:
                payment.lost = True

    def lose_caches(self) -> None:
        """Lose what the program can make again."""
        for name in ("cache.sqlite", "decoded.json", "plan-stamp.json", "plan-cache.msgpack", "journal.sqlite"):
            (self.studio.root / ".chargen" / name).unlink(missing_ok=True)

    def edit(self) -> None:
        """Do something, often to names and places, seldom anything else."""
        often = (self.insert, self.renumber, self.rotate, self.rotate, self.rename, self.move, self.copy, self.mark)
        often = (*often, self.replace_all)
        often = (*often, self.command) if self.done[-1:] == ["|"] else often
        seldom = (
            self.delete, self.bring_back, self.change_case, self.shuffle, self.rename_chapter, self.swap_chapters,
            self.move_folder, self.reword, self.reword_back, self.paint, self.lose_state, self.lose_caches,
            self.replace_slug,
        )  # fmt: skip
        chosen = self.luck.choice((*often, *often, *seldom))
        chosen()
        self.done.append(chosen.__name__)

    # what must come of it

    def alike(self, item: Item) -> list[Item]:
        """Return the other entries that have the same record."""
        return [other for other in self.items if other is not item and item.record and other.record is item.record]

    def keepers(self) -> dict[Item, Item]:
        """Return the entries whose record is another's, each with the one that keeps it."""
        groups: dict[Payment, list[Item]] = defaultdict(list)
        for item in self.items:
            if item.record is not None:
                groups[item.record].append(item)
        found: dict[Item, Item] = {}
        for payment, group in groups.items():
            if len(group) < 2:
                continue
            at_home = [item for item in group if item.named == item.id and self.studio.image(item.id).exists()]
            holding = [item for item in at_home if self.studio.hash(item.id) == payment.picture]
            for item in holding[1:]:  # a file that stands at each is a picture of each
                item.picture, item.painted = payment.picture, False
                group.remove(item)
            made_for = [item for item in group if item.id == payment.made_for and not payment.lost]
            keeper = (holding or at_home or made_for or group)[0]
            holder = next((item for item in group if item.picture), None)
            if holder is not None and holder is not keeper:
                keeper.picture, keeper.painted = holder.picture, holder.painted
            for item in group:
                if item is not keeper:
                    item.picture, item.painted = "", False
                    found[item] = keeper
        return found

    def owner(self, payment: Payment, owners: dict[Payment, Item]) -> Item | None:
        """Return the entry whose chain reaches a version, else that of the id it was made for."""
        waiting, seen = [payment], {payment}
        while waiting:
            here = waiting.pop(0)
            if here in owners:
                return owners[here]
            later = [item for item in here.replaced_by if item not in seen]
            seen.update(later)
            waiting += later
        living = {item.id: item for item in self.items if self.goes_by_id(item, owners)}
        if payment.made_for in living:
            return living[payment.made_for]
        same = [other for other in self.payments if other.made_for == payment.made_for and other in owners]
        return owners[same[0]] if same else None

    def goes_by_id(self, item: Item, owners: dict[Payment, Item]) -> bool:
        """Say whether what was made for its id is an entry's own: its picture was made for that id, if it has one."""
        own = item.record if item.record is not None and owners.get(item.record) is item else None
        return own is None or own.lost or own.made_for == item.id

    def build(self) -> None:
        """Write the book, build it, and see that what came of it is what the model says."""
        self.write()
        before = tree.yaml_files(self.studio)
        copies = self.keepers()
        owners = {item.record: item for item in self.items if item.record and item not in copies}
        inherited: dict[Payment, Item] = {}
        expected: Counter[str] = Counter()
        bought: list[Item] = []
        for item in self.items:
            own = None if item in copies else item.record
            if item.picture and (item.is_kept or item.painted or (own and own.prompt == item.prompt)):
                continue
            if item in copies and item.is_kept:
                continue
            usable = [
                payment
                for payment in reversed(self.payments)
                if payment.prompt == item.prompt
                and not payment.lost
                and (self.owner(payment, owners) or inherited.setdefault(payment, item)) is item
            ]
            if usable:
                item.record, item.picture = usable[0], usable[0].picture
                continue
            expected[item.prompt] += 1
            bought.append(item)
        sent = self.studio.build()
        assert not self.studio.failures, self.studio.failures
        assert Counter(_scene(prompt) for prompt in sent) == expected, f"sent {sent}, not {dict(expected)}"
        for item in bought:
            own = None if item in copies else item.record
            item.picture, item.painted = self.studio.hash(item.id), False
            assert _scene(_prompt_in(self.studio.image(item.id))) == item.prompt, f"{item.id} has another's picture"
            item.record = Payment(item.prompt, item.id, item.picture)
            if own is not None:
                own.replaced_by.append(item.record)
            self.payments.append(item.record)
        self.check()
        tree.slots_only(self.studio, before)
        again = self.studio.build()
        assert again == [], f"sent {again} when nothing had changed"
        self.check()
        self.read()

    def check(self) -> None:
        """See that every entry has its picture, and none another's."""
        for item in self.items:
            has = self.studio.hash(item.id)
            if item.picture:
                assert has == item.picture, f"{item.id} ({item.prompt}) has {has[:8]}, not {item.picture[:8]}"
            else:
                others = {other.picture for other in self.items if other is not item}
                assert not has or has not in others, f"{item.id} has the picture of another entry"

    # the disk

    def write(self) -> None:
        for chapter in self.chapters:
            for item in chapter.items:
                item.text = item.write()
            self.studio.write(chapter.file, chapter.head + "".join(item.text for item in chapter.items))

    def read(self) -> None:
        """Take over what the build wrote into the entries."""
        copies = self.keepers()
        for chapter in self.chapters:
            _, *texts = _ENTRY.split(self.studio.read(chapter.file))
            for item, text in zip(chapter.items, texts, strict=True):
                item.text = text
                if item.picture and item not in copies:
                    item.place = item.id


def _scene(prompt: str) -> str:
    found = re.search(r"Scene number \d+\.", prompt)
    return found[0] if found else prompt


def _prompt_in(picture: Path) -> str:
    embedded = embedded_record(picture.read_bytes())
    return str(embedded.record["prompt"]) if embedded is not None else ""
