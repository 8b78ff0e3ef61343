"""A portrait with whole ends and broken pixels: the plan says so, before a request is made for whom it shows."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, features
from support.project import Project

from chargen.cli.main import run
from chargen.images import convert, decoding
from chargen.model.reason import sentences
from chargen.model.values import Verdict
from chargen.plan.session import open_session

CHAPTER = "imagery/chapters/ch01/imagery.yaml"
FACE = "imagery/characters/mara/face.webp"


def noise(form: str, **options: bool) -> bytes:
    out = BytesIO()
    Image.effect_noise((64, 48), 90).convert("RGB").save(out, form, **options)
    return out.getvalue()


WHOLE = noise("WEBP", lossless=True)
DAMAGED = WHOLE[:40] + bytes(byte ^ 0x5A for byte in WHOLE[40:])


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    book = Project(tmp_path)
    book.chapter("ch01", {"a": "A lamp.", "b": "A door."}, entry="depicts_characters: [mara]")
    file = book.character("mara")
    book.edit(file, "image_inventory: []", "image_inventory: [{id: p, path: face.webp, is_reference_portrait: true}]")
    book.write(FACE, DAMAGED)
    monkeypatch.chdir(tmp_path)
    return book


def verdicts(book: Project) -> dict[str, tuple[Verdict, str]]:
    with open_session(book.root, {}) as session:
        images = session.planner().plan().images
        return {image.id: (image.verdict, sentences(image.reasons)) for image in images}


def test_a_damaged_portrait_blocks_those_it_shows(book: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """In the plan, in check and in a build; a whole one in its place lets them go, and words do where they may."""
    for verdict, reasons in verdicts(book).values():
        assert verdict is Verdict.BLOCKED
        assert f"reference `{FACE}` is cut short or damaged" in reasons
    assert run(["check"]) == 1
    told = capsys.readouterr().out
    assert f"{CHAPTER}:9:26: error" in told
    assert "put the whole picture there" in told
    assert run(["batch", "all"]) == 1
    assert book.images() == set()
    book.settings('missing_references = "describe"\n')
    assert {verdict for verdict, _ in verdicts(book).values()} == {Verdict.MISSING}
    book.settings("")
    book.write(FACE, WHOLE)
    assert {verdict for verdict, _ in verdicts(book).values()} == {Verdict.MISSING}
    assert run(["batch", "all"]) == 0


def test_a_portrait_is_decoded_once(book: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two images, several plans and a build: one look at its pixels, but for the card that shows it."""
    decoded: list[bytes] = []
    decode = decoding.decode

    def counted(data: bytes) -> object:
        decoded.append(data)
        return decode(data)

    monkeypatch.setattr(decoding, "decode", counted)
    monkeypatch.setattr(convert, "decode", counted)
    whole = noise("WEBP", lossless=True)  # no other test has sent it
    for data in (DAMAGED, whole):
        book.write(FACE, data)
        for _ in range(2):
            verdicts(book)
        book.edit(CHAPTER, "A lamp", "A lamp lit")
        verdicts(book)
        assert decoded.count(data) == 1
    assert run(["batch", "all"]) == 0
    assert decoded.count(whole) == 1


def test_without_a_decoder_nothing_is_blocked(book: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is wrong with the machine is no fault of the portrait, and not remembered as one."""
    with monkeypatch.context() as bare:
        bare.setattr(features, "check", lambda _name: False)
        assert {verdict for verdict, _ in verdicts(book).values()} == {Verdict.MISSING}
    book.edit(CHAPTER, "A lamp.", "A tall lamp.")
    assert verdicts(book)["chapters/ch01/a"][0] is Verdict.BLOCKED


def test_a_portrait_that_was_made_here_is_not_decoded_again(book: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was decoded when it was published; one that the author painted over is."""
    book.character("mara", "A face.")
    assert run(["batch", "all"]) == 0
    for place in ("decoded.json", "plan-cache.msgpack", "plan-stamp.json"):
        (book.root / ".chargen" / place).unlink(missing_ok=True)
    decoded: list[bytes] = []
    monkeypatch.setattr(decoding, "decode", lambda data: decoded.append(data) or (None, None))
    verdicts(book)
    assert decoded == []
    painted = noise("PNG")
    book.image("characters/mara/mara-portrait").write_bytes(painted)
    verdicts(book)
    assert decoded == [painted]
