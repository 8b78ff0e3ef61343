"""Entries that ask for the same: each gets a picture of its own, and none is bought twice, whatever they are called."""

from __future__ import annotations

import itertools
import random
import re
from pathlib import Path
from typing import Any

import pytest
from support import studio
from support.dying import death_before_a_picture
from support.shop import Shop
from support.studio import ENVIRON, Studio

from chargen.build import image
from chargen.build.result import Outcome
from chargen.build.run import Build
from chargen.images.png import embedded_record
from chargen.model.values import EntryId
from chargen.plan.plan import Planned
from chargen.plan.session import Session, open_session

CH01 = "imagery/chapters/ch01/imagery.yaml"
LAMP, DOOR = "A lamp.", "A door."


def settled(shop: Shop, *names: str) -> None:
    """Let everything come; each image is there, with a picture of its own."""
    for _ in range(3):
        shop.vendor.finish()
        assert shop.run_build() == 0
    assert shop.verdicts() == {f"chapters/ch01/{name}": "fresh" for name in names}
    assert len({shop.hash(f"chapters/ch01/{name}") for name in names}) == len(names)
    assert {stored["prompt"] for stored in shop.stored()} == {record(shop, name)["prompt"] for name in names}
    assert len(shop.stored()) == len(names)


def record(shop: Shop, name: str) -> dict[str, Any]:
    embedded = embedded_record(shop.image(f"chapters/ch01/{name}").read_bytes())
    assert embedded is not None
    return dict(embedded.record)


def verdicts(shop: Shop) -> dict[str, str]:
    """Return the verdicts by the last part of the name; those with a cache are those without one."""
    found = {image.id: image.verdict.value for image in shop.plan(cached=False).images}
    assert shop.verdicts() == found
    return {name.rpartition("/")[2]: verdict for name, verdict in found.items()}


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_one_that_was_never_in_a_job_does_not_wait_for_the_request_of_another(shop: Shop, order: str) -> None:
    shop.chapter("ch01", {"a": LAMP})
    shop.run_build()
    shop.chapter("ch01", dict.fromkeys(order, LAMP))
    assert verdicts(shop) == {"a": "waiting", "b": "missing"}
    shop.run_build()
    assert [len(job.lines) for job in shop.vendor.jobs] == [1, 1]
    settled(shop, "a", "b")
    assert [record(shop, name)["entry_id"] for name in "ab"] == ["chapters/ch01/a", "chapters/ch01/b"]


@pytest.mark.parametrize("order", list(itertools.permutations("xyz")))
def test_of_several_that_may_be_the_renamed_one_only_one_waits(shop: Shop, order: tuple[str, ...]) -> None:
    shop.chapter("ch01", {"a": LAMP})
    shop.run_build()
    shop.chapter("ch01", dict.fromkeys(order, LAMP))
    first, *others = order
    assert verdicts(shop) == {first: "waiting"} | dict.fromkeys(others, "missing")
    shop.run_build()
    assert len(shop.vendor.prompts) == 3
    settled(shop, *"xyz")


@pytest.mark.parametrize("order", ["xy", "yx"])
def test_one_that_is_put_aside_leaves_the_request_to_the_next(shop: Shop, order: str) -> None:
    shop.chapter("ch01", {"a": LAMP})
    shop.run_build()
    shop.chapter("ch01", dict.fromkeys(order, LAMP))
    with open_session(shop.root, ENVIRON) as session:
        session.ignore(frozenset({EntryId("chapters/ch01/x")}))
    assert verdicts(shop) == {"x": "skipped", "y": "waiting"}


def test_who_may_be_the_renamed_one_changes_with_the_words_of_the_others(shop: Shop) -> None:
    """In the plan from the cache as in one made anew."""
    shop.chapter("ch01", {"a": LAMP})
    shop.run_build()
    shop.chapter("ch01", {"x": LAMP})
    shop.chapter("ch02", {"y": LAMP})
    for chapter, old, new, waits in (("ch01", LAMP, DOOR, "y"), ("ch01", DOOR, LAMP, "x"), ("ch01", '"x"', '"a"', "a")):
        shop.edit(f"imagery/chapters/{chapter}/imagery.yaml", old, new)
        assert [name for name, verdict in verdicts(shop).items() if verdict == "waiting"] == [waits]


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_a_request_goes_with_its_words_when_only_one_of_two_that_swap_was_sent(shop: Shop, order: str) -> None:
    shop.chapter("ch01", {name: {"a": LAMP, "b": DOOR}[name] for name in order})
    shop.run_build("chapters/ch01/a")
    shop.chapter("ch01", {name: {"a": DOOR, "b": LAMP}[name] for name in order})
    assert verdicts(shop)["b"] == "waiting"
    shop.run_build()
    settled(shop, "a", "b")
    assert shop.vendor.prompts == [LAMP, DOOR]


def test_a_request_leaves_with_its_entry_when_that_swaps_with_one_that_has_its_picture(shop: Shop) -> None:
    """The id alone tells nothing: what has it now has a picture from elsewhere."""
    file = shop.chapter("ch01", {"a": LAMP})
    shop.run_build()
    shop.vendor.finish()
    shop.run_build()
    shop.write(file, shop.read(file) + f'  - custom_id: "b"\n    prompt_used: "{LAMP}"\n    size: "128x96"\n')
    shop.run_build()
    for old, new in (('"a"', '"x"'), ('"b"', '"a"'), ('"x"', '"b"')):
        shop.edit(file, old, new)
    assert verdicts(shop) == {"a": "waiting", "b": "restorable"}
    settled(shop, "a", "b")
    assert len(shop.vendor.prompts) == 2


@pytest.mark.parametrize("order", list(itertools.permutations("abc")))
def test_three_whose_replies_come_at_once_get_the_pictures_they_asked_for(shop: Shop, order: tuple[str, ...]) -> None:
    """One was asked for first, one of the two others was renamed meanwhile."""
    shop.chapter("ch01", {"b": LAMP})
    shop.run_build()
    shop.chapter("ch01", dict.fromkeys(order, LAMP))
    shop.run_build()
    assert len(shop.vendor.prompts) == 3
    shop.chapter("ch01", {"z" if name == "c" else name: LAMP for name in order})
    assert set(verdicts(shop).values()) == {"waiting"}
    settled(shop, "a", "b", "z")
    made_for = {name: record(shop, name)["entry_id"][-1] for name in "abz"}
    assert made_for == {"a": "a", "b": "b", "z": "c"}


@pytest.mark.parametrize("first", ["a", "b"])
def test_replies_that_died_before_their_places_are_of_those_that_asked(
    shop: Shop, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one is being put in its place the other is judged again."""
    shop.chapter("ch01", {"a": LAMP, "b": LAMP})
    shop.run_build()
    shop.vendor.finish()

    with death_before_a_picture(monkeypatch):
        shop.run_build()
    assert len(shop.stored()) == 2
    assert set(verdicts(shop).values()) == {"restorable"}
    shop.run_build(f"chapters/ch01/{first}")
    settled(shop, "a", "b")
    assert [EntryId(record(shop, name)["entry_id"]) for name in "ab"] == ["chapters/ch01/a", "chapters/ch01/b"]


class Deeds:
    """What an author, and bad luck, do to a chapter while jobs run."""

    def __init__(self, shop: Shop, luck: random.Random, monkeypatch: pytest.MonkeyPatch) -> None:
        self.shop, self.luck, self._patch = shop, luck, monkeypatch
        self.names = (f"n{number}" for number in itertools.count())
        shop.chapter("ch01", {"a": LAMP, "b": luck.choice((LAMP, DOOR))})

    @property
    def prompts(self) -> list[str]:
        return re.findall(r'prompt_used: "(.*)"', self.shop.read(CH01))

    def rename(self) -> None:
        """One gets a name that none had, or two swap theirs."""
        ids = re.findall(r'custom_id: "(.*)"', self.shop.read(CH01))
        one, other = self.luck.sample(ids, 2)
        new = {one: other, other: one} if self.luck.random() < 0.5 else {one: next(self.names)}
        text = re.sub(r'(?<=custom_id: ")\w+', lambda found: new.get(found[0], found[0]), self.shop.read(CH01))
        self.shop.write(CH01, text)

    def add(self) -> None:
        head, *entries = re.split(r"(?m)^(?=  - custom_id)", self.shop.read(CH01))
        prompt = self.luck.choice((LAMP, DOOR))
        entry = f'  - custom_id: "{next(self.names)}"\n    prompt_used: "{prompt}"\n    size: "128x96"\n'
        entries.insert(self.luck.randint(0, len(entries)), entry)
        self.shop.write(CH01, "".join((head, *entries)))

    def reorder(self) -> None:
        head, *entries = re.split(r"(?m)^(?=  - custom_id)", self.shop.read(CH01))
        self.luck.shuffle(entries)
        self.shop.write(CH01, "".join((head, *entries)))

    def ignore(self) -> None:
        """Put some aside on this machine, and take the others up again."""
        ids = re.findall(r'custom_id: "(.*)"', self.shop.read(CH01))
        self.take_up(*(name for name in ids if self.luck.random() < 0.5))

    def take_up(self, *ignored: str) -> None:
        """Leave none aside but these."""
        with open_session(self.shop.root, ENVIRON) as session:
            session.ignore(frozenset(EntryId(f"chapters/ch01/{name}") for name in ignored))

    def build(self) -> None:
        self.shop.run_build()

    def finish(self) -> None:
        self.shop.vendor.finish()

    def die(self) -> None:
        """End amid the first picture that would be put in its place."""
        with death_before_a_picture(self._patch):
            self.shop.run_build()


@pytest.mark.parametrize("seed", range(8))
def test_whatever_they_are_called_meanwhile_each_is_bought_once(
    shop: Shop, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    deeds = Deeds(shop, random.Random(seed), monkeypatch)
    often = (deeds.rename, deeds.build)
    every = (*often, *often, deeds.add, deeds.reorder, deeds.finish, deeds.die, deeds.ignore)
    for deed in random.Random(seed).choices(every, k=9):
        deed()
        verdicts(shop)
    deeds.take_up()
    settled(shop, *re.findall(r'custom_id: "(.*)"', shop.read(CH01)))
    assert sorted(shop.vendor.prompts) == sorted(deeds.prompts)


def test_a_reply_of_this_run_is_not_taken_before_it_is_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though the portrait it was sent with was only made in this run: another entry of its words buys its own."""
    book = Studio(tmp_path)
    book.character("ida", "Ida from the front.")
    book.chapter("ch01", {"a": LAMP, "b": LAMP}, entry="depicts_characters: [ida]")
    builds: list[Build] = []
    opened, convert = studio.open_build, image.convert_reply

    def open_build(*given: Any, **named: Any) -> Build:
        builds.append(opened(*given, **named))
        return builds[-1]

    def convert_reply(session: Session, now: Planned, *rest: Any) -> Any:
        if now.id == "chapters/ch01/a":
            session.journal._file.run(lambda _connection: None)  # its row is written: it is stored, and not in place
            assert builds[0].build(EntryId("chapters/ch01/b")) is None
            assert builds[0].built[-1].outcome is Outcome.BUILT
        return convert(session, now, *rest)

    monkeypatch.setattr(studio, "open_build", open_build)
    monkeypatch.setattr(image, "convert_reply", convert_reply)
    assert len(book.build()) == 2
    assert book.hash("chapters/ch01/a") != book.hash("chapters/ch01/b")
