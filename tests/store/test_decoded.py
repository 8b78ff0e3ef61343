"""What became of decoding a picture is known by its hash ever after, and may be lost."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, features

from chargen.images import decoding
from chargen.images.decoding import NotDecodedError, inspect
from chargen.images.sniff import is_plain
from chargen.model.values import FileHash
from chargen.store import pictures as module
from chargen.store.files import hash_bytes
from chargen.store.pictures import DecodedPictures, as_sent, is_whole, unusable


def encoded(form: str, mode: str = "RGB", **options: object) -> bytes:
    out = BytesIO()
    picture = Image.new(mode, (1, 1)).resize((64, 48)) if mode.startswith("I") else Image.effect_noise((64, 48), 90)
    picture.convert(mode).save(out, form, **options)
    return out.getvalue()


def damaged() -> bytes:
    """A WebP with its header and its end, and other pixels."""
    whole = encoded("WEBP", lossless=True)
    return whole[:40] + bytes(byte ^ 0x5A for byte in whole[40:])


WHOLE, DAMAGED = encoded("PNG"), damaged()


@pytest.fixture
def places(tmp_path: Path) -> dict[bool, Path]:
    places = {True: tmp_path / "whole.png", False: tmp_path / "damaged.webp"}
    places[True].write_bytes(WHOLE)
    places[False].write_bytes(DAMAGED)
    return places


def opened(root: Path, *, read_only: bool = False) -> DecodedPictures:
    return DecodedPictures(root, root / ".chargen" / "decoded.json", read_only=read_only)


def test_each_picture_is_decoded_once(
    tmp_path: Path, places: dict[bool, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within a run and in all that follow, whatever its file is called by then."""
    first = opened(tmp_path)
    for _ in range(2):
        assert first.is_damaged(places[False], hash_bytes(DAMAGED))
        assert not first.is_damaged(places[True], hash_bytes(WHOLE))
    first.save()
    monkeypatch.setattr(module, "is_whole", None)
    later = opened(tmp_path)
    assert later.is_damaged(tmp_path / "moved", hash_bytes(DAMAGED))
    assert not later.is_damaged(tmp_path / "moved", hash_bytes(WHOLE))
    assert (later.knows(hash_bytes(WHOLE)), later.knows(hash_bytes(DAMAGED))) == (True, False)
    later.save()
    assert opened(tmp_path).knows(hash_bytes(WHOLE))


def test_who_only_reads_writes_nothing(tmp_path: Path, places: dict[bool, Path]) -> None:
    """And decodes all the same."""
    reading = opened(tmp_path, read_only=True)
    assert reading.is_damaged(places[False], hash_bytes(DAMAGED))
    reading.save()
    assert not (tmp_path / ".chargen").exists()


@pytest.mark.parametrize(
    "kept",
    [
        "",
        "[" * 100_000,
        "[]",
        '{"format": 2, "whole": {"%s": false}}',
        '{"format": 1, "whole": ["%s"]}',
        '{"format": 1, "whole": {"%s": "no"}}',
        '{"format": 1, "whole": {"x%s": false}}',
    ],
)
def test_a_lost_or_broken_file_is_made_again(tmp_path: Path, places: dict[bool, Path], kept: str) -> None:
    """Nothing it could say is shown, and what makes no sense is not believed."""
    pictures = opened(tmp_path)
    file = tmp_path / ".chargen" / "decoded.json"
    file.parent.mkdir()
    file.write_text(kept.replace("%s", hash_bytes(WHOLE)))
    assert not pictures.knows(hash_bytes(WHOLE))
    assert not pictures.is_damaged(places[True], hash_bytes(WHOLE))
    pictures.save()
    assert json.loads(file.read_text()) == {"format": 1, "whole": {hash_bytes(WHOLE): True}}


def test_what_is_not_the_file_asked_for_is_not_kept(tmp_path: Path, places: dict[bool, Path]) -> None:
    """It changed meanwhile, or is gone."""
    pictures = opened(tmp_path)
    assert not pictures.is_damaged(places[False], FileHash("0" * 64))
    assert not pictures.is_damaged(tmp_path / "gone", hash_bytes(DAMAGED))
    pictures.save()
    assert not (tmp_path / ".chargen").exists()


def test_a_machine_that_can_t_decode_finds_nothing_damaged(
    tmp_path: Path, places: dict[bool, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It lacks a codec, memory, or the library: nothing is known, nothing is kept, and no reply counts as unusable."""
    pictures = opened(tmp_path)
    with monkeypatch.context() as without:
        without.setattr(features, "check", lambda _name: False)
        assert not pictures.is_damaged(places[False], hash_bytes(DAMAGED))
        assert unusable(DAMAGED) == ""
        assert as_sent(DAMAGED, "image/webp") == (DAMAGED, "image/webp")
        with pytest.raises(NotDecodedError, match="Pillow is installed without what decodes a WEBP"):
            inspect(DAMAGED)
    with monkeypatch.context() as full:
        full.setattr(decoding, "turned", lambda *_: (_ for _ in ()).throw(MemoryError))
        assert is_whole(WHOLE) is None
        with pytest.raises(NotDecodedError, match="not enough memory"):
            inspect(WHOLE)
    with monkeypatch.context() as bare:
        bare.setitem(__import__("sys").modules, "chargen.images.decoding", None)
        assert is_whole(DAMAGED) is None
    assert (is_whole(WHOLE), is_whole(DAMAGED)) == (True, False)
    pictures.save()
    assert not (tmp_path / ".chargen").exists()


@pytest.mark.parametrize(
    ("form", "mode"),
    [("PNG", mode) for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")]
    + [("JPEG", mode) for mode in ("L", "RGB", "CMYK")]
    + [("WEBP", "RGB"), ("WEBP", "RGBA"), ("GIF", "P")],
)
def test_what_is_plain_is_sent_as_it_is(form: str, mode: str) -> None:
    """The header tells what decoding would: so a picture that was decoded before needs no second time."""
    turned = Image.Exif()
    turned[0x0112] = 6
    for data in (encoded(form, mode), encoded(form, mode, exif=turned) if form in ("JPEG", "WEBP") else b""):
        if data:
            media_type = f"image/{form.lower()}"
            assert is_plain(data) == (as_sent(data, media_type) == (data, media_type))
            assert as_sent(data, media_type, whole=True) == as_sent(data, media_type)
