"""What arrives, what is published: sizes asked, requested and delivered; Content Credentials kept or told as lost."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import pytest
from PIL import Image
from servers.google_server import GoogleServer
from servers.loopback import Fault
from servers.openai_server import OpenAIServer
from support import tree
from support.forks import Forks
from support.project import Project
from support.signing import signed, signer, state

FLARE, BANANA = "openai/gpt-image-2.6-flare", "google/gemini-nano-banana-2.1"
CHAPTER, OTHER = "imagery/chapters/ch01/imagery.yaml", "imagery/chapters/ch02/imagery.yaml"
DIGITAL_SOURCE = b"http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


def _resize(book: Project, file: str, *sizes: str) -> None:
    for size in sizes:
        book.edit(file, '"128x96"', f'"{size}"')


def _size(book: Project, entry_id: str) -> str:
    with Image.open(book.image(entry_id)) as picture:
        return f"{picture.width}x{picture.height}"


def _told(text: str, key: str) -> list[str]:
    return re.findall(rf'\b{key}: "?([0-9x]+)', text)


@pytest.mark.parametrize("policy", ["crop", "pad", "keep"])
def test_asked_requested_and_delivered_sizes_are_written_down(
    policy: str, tmp_path: Path, openai: OpenAIServer, forks: Forks
) -> None:
    """Met exactly where the model can, else asked for as near as it can and brought to size, or kept as it came."""
    openai.strict = True
    with GoogleServer() as google:
        book = Project(tmp_path, f'size_policy = "{policy}"\n', env={**openai.environ, **google.environ})
        book.chapter("ch01", {"exact": "A lamp.", "odd": "A door.", "flat": "A road."}, route=FLARE)
        _resize(book, CHAPTER, "1536x1024", "1000x1365", "1600x400")
        book.chapter("ch02", {"wide": "A quay."}, route=BANANA)
        _resize(book, OTHER, "1600x900")
        run = forks.run(book, "doit")
        assert run.code == 0, run.all
        asked = {seen.prompt.split(".")[0].split()[-1]: seen.json["size"] for seen in openai.requests}
        assert set(asked) == {"lamp", "door", "road"}
        assert asked["lamp"] == "1536x1024"
        assert asked["door"] != "1000x1365"
        image = google.requests[0].json["generationConfig"]["imageConfig"]
        assert (image["aspectRatio"], image["imageSize"]) == ("16:9", "2K")
        delivered = _delivered(book)
        assert delivered["chapters/ch01/exact"] == "1536x1024"
        assert delivered["chapters/ch02/wide"] != "1600x900"
        wanted = ["1536x1024", "1000x1365", "1600x400", "1600x900"]
        ids = [f"chapters/ch01/{name}" for name in ("exact", "odd", "flat")] + ["chapters/ch02/wide"]
        text = book.read(CHAPTER) + book.read(OTHER)
        assert _told(text, "asked_size") == wanted
        assert _told(text, "delivered_size") == [delivered[entry_id] for entry_id in ids]
        final = [_size(book, entry_id) for entry_id in ids]
        assert final == ([delivered[entry_id] for entry_id in ids] if policy == "keep" else wanted)
        records = {str(record["entry_id"]): record for record in tree.stored(book)}
        assert [records[entry_id]["asked_size"] for entry_id in ids] == wanted
        requested = [records[entry_id]["requested_size"] for entry_id in ids]
        assert requested == [asked["lamp"], asked["door"], asked["road"], "16:9 2K"]


def _delivered(book: Project) -> dict[str, str]:
    found = {}
    for folder, record in zip(book.originals(), tree.stored(book), strict=True):
        original = record["original"]
        assert isinstance(original, dict)
        with Image.open(folder / original["file"]) as picture:
            found[str(record["entry_id"])] = f"{picture.width}x{picture.height}"
    return found


def test_a_credential_is_published_or_said_to_be_lost(tmp_path: Path, openai: OpenAIServer, forks: Forks) -> None:
    """Signed bytes that fit stand at the target and validate; what was brought to size holds its record and is told."""
    data = signed(signer(), "PNG", 1024, 1024)
    picture = base64.b64encode(data).decode()
    openai.when("signed", Fault(change=lambda body: {**body, "data": [{"b64_json": picture}]}))
    book = Project(tmp_path, env=openai.environ)
    prompts = {"fits": "A signed lamp.", "cut": "A signed door.", "plain": "A wall."}
    book.chapter("ch01", prompts, route=FLARE)
    _resize(book, CHAPTER, "1024x1024", "1024x768", "1024x1024")
    run = forks.run(book, "doit")
    assert run.code == 0, run.all
    fits, cut, plain = (book.image(f"chapters/ch01/{name}").read_bytes() for name in prompts)
    assert fits == data
    assert state(fits) == "Valid"
    assert state(cut) is None
    of = {str(record["entry_id"]): record["original"]["sha256"] for record in tree.stored(book)}  # type: ignore[index]
    for entry_id, published in (("chapters/ch01/cut", cut), ("chapters/ch01/plain", plain)):
        assert DIGITAL_SOURCE in published
        with Image.open(io.BytesIO(published)) as opened:
            opened.load()
            assert any(of[entry_id] in value for value in opened.info.values() if isinstance(value, str))
    assert [kept.read_bytes() for kept in tmp_path.glob(".chargen/originals/*/*/reply.png")].count(data) == 2
    check = forks.run(book, "chargen", "check", "--json").json["problems"]
    told = [problem["images"] for problem in check if "Content Credentials ended" in problem["message"]]
    assert told == [["chapters/ch01/cut"]]
    text = forks.run(book, "chargen", "check").out
    assert "Content Credentials ended" in text
    assert "`chapters/ch01/cut`" in text
