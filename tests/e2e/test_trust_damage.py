"""Damage on the disk is told and never answered by buying again: records beside replies, pictures at targets."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from PIL import Image
from ruamel.yaml import YAML
from servers.openai_server import OpenAIServer
from support.forks import Forks
from support.project import Project

PAID = "openai/gpt-image-2.6-flare"
CHAPTER = "imagery/chapters/ch01/imagery.yaml"
A = "chapters/ch01/a"
SETTINGS = "[tool.chargen.budget]\nmonth = 1\n[tool.chargen.providers.openai]\nper_minute = 6000\n"


@pytest.fixture
def book(tmp_path: Path, openai: OpenAIServer, forks: Forks) -> Project:
    """A built project of one paid image."""
    book = Project(tmp_path, SETTINGS, env=openai.environ)
    book.chapter("ch01", {"a": "A lamp."}, route=PAID)
    run = forks.run(book, "doit")
    assert run.code == 0 and len(openai.requests) == 1, run.all
    return book


def lose(book: Project, *names: str) -> None:
    for name in names:
        for path in book.root.glob(f".chargen/{name}"):
            path.unlink()


# records beside replies

DAMAGE = {
    "gone": lambda path: path.unlink(),
    "emptied": lambda path: path.write_bytes(b""),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:100]),
    "foreign": lambda path: path.write_text(path.read_text().replace('"fingerprint": "', '"fingerprint": "0')),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_the_journal_vouches_for_a_reply_whose_record_is_damaged(
    damage: str, book: Project, openai: OpenAIServer, forks: Forks
) -> None:
    """The picture is gone from its target: it is made of the reply again, and told; nothing is sent."""
    (folder,) = book.originals()
    before = book.image(A).read_bytes()
    book.image(A).unlink()
    DAMAGE[damage](folder / "record.json")
    broken = (folder / "record.json").read_bytes() if damage != "gone" else None
    plan = forks.run(book, "chargen", "plan", "--json").json
    assert plan["images"][0]["verdict"] == "restorable", plan
    assert any("enough is known without it" in problem["message"] for problem in plan["problems"])
    run = forks.run(book, "doit")
    assert run.code == 0 and len(openai.requests) == 1, run.all
    with Image.open(io.BytesIO(before)) as was, Image.open(book.image(A)) as now:
        assert was.tobytes() == now.tobytes()
    assert broken is None or (folder / "record.json").read_bytes() == broken
    assert forks.run(book, "doit").out.startswith("fresh 1, ")
    assert "cost" not in forks.run(book, "chargen", "cost").err


def test_the_record_line_vouches_where_the_journal_is_gone(book: Project, openai: OpenAIServer, forks: Forks) -> None:
    """It knows the delivered bytes, the attempt, by whom and at what price; none of it is lost by using it."""
    (folder,) = book.originals()
    slots = YAML(typ="safe").load(book.read(CHAPTER))["images"][0]
    book.image(A).unlink()
    (folder / "record.json").write_text("{")
    lose(book, "journal.sqlite*")
    run = forks.run(book, "doit")
    assert run.code == 0 and "restored" in run.out and len(openai.requests) == 1, run.all
    after = YAML(typ="safe").load(book.read(CHAPTER))["images"][0]
    kept = ("request_id", "cost_usd", "asked_size", "delivered_size")
    was, now = slots["provider_metadata"], after["provider_metadata"]
    assert all(was[name] == now[name] for name in kept), (was, now)
    assert (slots["provider"], slots["model"]) == (after["provider"], after["model"])
    assert forks.run(book, "doit").out.startswith("fresh 1, ")


def test_a_version_whose_record_is_damaged_can_be_restored(book: Project, openai: OpenAIServer, forks: Forks) -> None:
    """What the journal vouches for is listed as the original it is, and comes back over another picture."""
    (folder,) = book.originals()
    before = book.image(A).read_bytes()
    book.write(f"generated/{A}.png", jpeg())
    (folder / "record.json").unlink()
    (first, second) = forks.run(book, "chargen", "history", A, "--json").json["images"][0]["versions"]
    assert (first["where"], second["where"]) == ("original", "current"), (first, second)
    run = forks.run(book, "chargen", "restore", A, "1")
    assert run.code == 0, run.all
    with Image.open(io.BytesIO(before)) as was, Image.open(book.image(A)) as now:
        assert was.tobytes() == now.tobytes()
    assert forks.run(book, "doit").out.startswith("fresh 1, ") and len(openai.requests) == 1


def _shown(reply: Path, book: Project) -> str:
    """Return a path in the originals as it is shown to people."""
    return re.sub(r"[0-9a-f]{64}", lambda match: f"{match[0][:8]}*", reply.relative_to(book.root).as_posix())


def test_a_reply_nobody_vouches_for_blocks_its_image(book: Project, openai: OpenAIServer, forks: Forks) -> None:
    """Without journal and slots: plan, check and build name the reply and what can be done; that is all it takes."""
    (folder,) = book.originals()
    book.chapter("ch01", {"a": "A lamp."}, route=PAID)
    picture = book.image(A).read_bytes()
    book.image(A).unlink()
    (folder / "record.json").write_text("{")
    lose(book, "journal.sqlite*")
    reply = next(folder.glob("reply.*"))
    shown = _shown(reply, book)
    told = f"`{shown}` was paid for with these inputs, but the record beside it can't be read"
    for command, code in ((("plan",), 0), (("check",), 1)):
        run = forks.run(book, "chargen", *command)
        assert run.code == code and told in run.out, run.all
        assert f"run `chargen accept {A}`" in run.out and "or move the folder away" in run.out
    run = forks.run(book, "doit")
    assert run.code == 1 and told in run.out and f"`{_shown(folder, book)}`" in run.out, run.all
    assert len(openai.requests) == 1
    book.write(f"generated/{A}.png", picture)
    run = forks.run(book, "chargen", "accept", A)
    assert run.code == 0, run.all
    assert forks.run(book, "doit").code == 0 and len(openai.requests) == 1
    book.image(A).unlink()
    book.chapter("ch01", {"a": "A lamp."}, route=PAID)
    lose(book, "journal.sqlite*")
    assert forks.run(book, "doit").code == 1
    folder.rename(book.root / "away")
    run = forks.run(book, "doit")
    assert run.code == 0 and len(openai.requests) == 2, run.all


def test_check_tells_of_a_damaged_record_before_it_matters(book: Project, forks: Forks) -> None:
    """The picture stands at its target, so nothing is wrong yet; the place of the reply and the way back are told."""
    (folder,) = book.originals()
    (folder / "record.json").write_text("{")
    run = forks.run(book, "chargen", "check")
    place = _shown(folder, book)
    assert run.code == 0 and run.out.count("can't be read") == 1, run.all
    assert f"{place}/reply.png: warning: this reply was paid for" in run.out
    assert f"put `record.json` back into `{place}`" in run.out


def test_a_reply_that_is_not_what_was_delivered_is_not_used(book: Project, openai: OpenAIServer, forks: Forks) -> None:
    """The entry's own record line knows the delivered bytes; another picture in their place is nobody's."""
    (folder,) = book.originals()
    book.image(A).unlink()
    (folder / "record.json").unlink()
    other = io.BytesIO()
    Image.new("RGB", (128, 96), "red").save(other, "PNG")
    (folder / "reply.png").write_bytes(other.getvalue())
    run = forks.run(book, "doit")
    assert run.code == 1 and "can't be read" in run.out, run.all
    assert len(openai.requests) == 1 and not book.image(A).exists()


def test_what_is_superseded_or_asked_anew_is_not_held_up(book: Project, openai: OpenAIServer, forks: Forks) -> None:
    """The damaged record of the picture that stands at the target keeps nobody from asking for another one."""
    (folder,) = book.originals()
    (folder / "record.json").write_text("{")
    lose(book, "journal.sqlite*")
    assert forks.run(book, "doit").out.startswith("fresh 1, ")
    assert forks.run(book, "chargen", "reject", A).code == 0
    run = forks.run(book, "doit")
    assert run.code == 0 and len(openai.requests) == 2, run.all
    book.image(A).unlink()
    lose(book, "journal.sqlite*")
    (book.originals()[-1] / "record.json").write_text("{")
    run = forks.run(book, "doit", "--rebuild", A)
    assert run.code == 0 and len(openai.requests) == 3, run.all


# pictures at targets

HARM = {
    "empty": lambda _: b"",
    "cut": lambda data: data[: len(data) // 2],
    "zeros": lambda data: bytes(len(data) + 1),
    "flipped": lambda data: data[:-40] + bytes(40) + b"\0",
    "text": lambda _: b"<<<<<<< ours\n" * 40,
    "jpeg cut": lambda _: jpeg()[:300],
}


def jpeg() -> bytes:
    out = io.BytesIO()
    Image.effect_noise((64, 64), 50).save(out, "JPEG")
    return out.getvalue()


@pytest.mark.parametrize("harm", HARM)
def test_a_damaged_picture_is_restored_and_kept(harm: str, book: Project, openai: OpenAIServer, forks: Forks) -> None:
    """It is no author's work: the original takes its place, the damaged file goes to the history."""
    before = book.image(A).read_bytes()
    broken = HARM[harm](before)
    book.write(f"generated/{A}.png", broken)
    (image,) = forks.run(book, "chargen", "plan", "--json").json["images"]
    assert image["verdict"] == "restorable", image
    assert "the picture is damaged: " in image["reasons"][0]
    run = forks.run(book, "doit")
    assert run.code == 0 and len(openai.requests) == 1, run.all
    with Image.open(io.BytesIO(before)) as was, Image.open(book.image(A)) as now:
        assert was.tobytes() == now.tobytes()
    assert broken in [path.read_bytes() for path in book.root.glob(f".chargen/history/{A}/*.png")]
    assert forks.run(book, "doit").out.startswith("fresh 1, ")


def test_a_damaged_picture_without_its_original_is_blocked(book: Project, openai: OpenAIServer, forks: Forks) -> None:
    """It is neither kept as an author's work nor bought again: the next step is said; `accept` refuses it."""
    for folder in book.originals():
        folder.rename(book.root / "away")
    book.write(f"generated/{A}.png", book.image(A).read_bytes()[:-20])
    for command, code in ((("plan",), 0), (("check",), 1)):
        run = forks.run(book, "chargen", *command)
        assert run.code == code and "the picture is damaged: this PNG is damaged: cut short" in run.out, run.all
        assert "or move the file away to have a new one made" in run.out
    run = forks.run(book, "doit")
    assert run.code == 1 and run.out.count("the picture is damaged") <= 2, run.all
    accepted = forks.run(book, "chargen", "accept", A)
    assert accepted.code == 1 and "is cut short or damaged" in accepted.all, accepted.all
    assert len(openai.requests) == 1
    book.image(A).rename(book.root / "aside.png")
    assert forks.run(book, "doit").code == 0 and len(openai.requests) == 2


def test_a_locked_picture_that_is_damaged_comes_back(book: Project, openai: OpenAIServer, forks: Forks) -> None:
    """What an author approved is the picture, not the damage; where nothing restores it, that is told."""
    assert forks.run(book, "chargen", "approve", A).code == 0
    book.write(f"generated/{A}.png", b"")
    assert forks.run(book, "doit").code == 0
    with Image.open(book.image(A)) as image:
        assert image.size == (128, 96)
    for folder in book.originals():
        folder.rename(book.root / "away")
    book.write(f"generated/{A}.png", b"")
    run = forks.run(book, "doit")
    assert run.code == 0 and "nothing restores it" in run.out, run.all
    assert len(openai.requests) == 1


def test_another_format_and_a_picture_being_saved_are_work(book: Project, forks: Forks) -> None:
    """A whole JPEG, a TIFF, a picture too large to decode: edited; what is being written is not touched."""
    huge = io.BytesIO()
    Image.new("1", (20_000, 4_000)).save(huge, "PNG")
    for data in (jpeg(), b"II*\0" + bytes(500), huge.getvalue()):
        book.write(f"generated/{A}.png", data)
        (image,) = forks.run(book, "chargen", "plan", "--json").json["images"]
        assert image["verdict"] == "edited", image
    with book.image(A).open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n half")
        file.flush()
        run = forks.run(book, "doit")
        assert run.code == 1 and "it is being written right now" in run.out, run.all
        assert book.image(A).read_bytes() == b"\x89PNG\r\n\x1a\n half"
    assert forks.run(book, "doit").code == 0


def test_a_damaged_picture_is_not_taken_over(tmp_path: Path, forks: Forks) -> None:
    """A picture from before any record is adopted only if it is one."""
    book = Project(tmp_path)
    book.chapter("ch01", {"a": "A lamp."})
    book.write(f"generated/{A}.png", jpeg()[:300])
    run = forks.run(book, "doit")
    assert run.code == 1 and "the picture is damaged: this JPEG is cut short" in run.out, run.all
    assert book.records(CHAPTER) == []
