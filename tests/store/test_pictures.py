"""Reference files: what may be sent, and why not."""

import io
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from chargen.images.decoding import DamagedPictureError
from chargen.store import pictures
from chargen.store.pictures import as_sent, look_at, read_reference, unsendable


def encoded(form: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, form)
    return out.getvalue()


def test_a_picture_is_one_by_its_bytes_whatever_its_name(tmp_path: Path) -> None:
    """A JPEG called `.png` is sent as the JPEG it is."""
    (tmp_path / "a, b.png").write_bytes(encoded("JPEG"))
    assert unsendable(tmp_path, "a, b.png") is None
    assert read_reference(tmp_path, "a, b.png") == (encoded("JPEG"), "image/jpeg")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("absent.png", "not there"),
        ("folder.png", "is a folder"),
        ("pointer.png", "git lfs pull"),
        ("text.png", "is no picture"),
        ("empty.png", "is no picture"),
        ("drawing.png", "is SVG, which is not sent"),
        ("large.png", "bytes, more than"),
        ("../outside.png", "leaves the project"),
        ("link.png", "symbolic link"),
        ("loop.png", "can't be read"),
    ],
)
def test_what_can_not_be_sent_says_why(tmp_path: Path, monkeypatch, name: str, said: str) -> None:
    """Each reason has its words, and reading agrees with asking."""
    monkeypatch.setattr(pictures, "MAX_REFERENCE_BYTES", 500)
    root = tmp_path / "project"
    (root / "folder.png").mkdir(parents=True)
    (tmp_path / "outside.png").write_bytes(encoded("PNG"))
    (root / "link.png").symlink_to(tmp_path / "outside.png")
    (root / "loop.png").symlink_to("loop.png")
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'ab' * 32}\nsize 5\n"
    (root / "pointer.png").write_text(pointer)
    (root / "text.png").write_text("words")
    (root / "empty.png").write_bytes(b"")
    (root / "drawing.png").write_text("<svg/>")
    (root / "large.png").write_bytes(encoded("PNG") + bytes(500))
    found = unsendable(root, name)
    assert found is not None
    assert said in str(found)
    assert found.is_pointer is (name == "pointer.png")
    assert read_reference(root, name) is None


def test_a_file_that_changed_since_it_was_asked_about_is_looked_at_again(tmp_path: Path, monkeypatch) -> None:
    """What is read is what is judged, and a file that is gone by then is none."""
    monkeypatch.setattr(pictures, "unsendable", lambda _root, _path: None)
    (tmp_path / "x.png").write_text("words")
    assert read_reference(tmp_path, "x.png") is None
    assert read_reference(tmp_path, "gone.png") is None


def test_planning_does_not_load_the_decoder() -> None:
    """Looking at references imports no image library."""
    script = "import sys, chargen.store.pictures; assert not any(name.startswith('PIL') for name in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True, timeout=30)


def noisy(form: str) -> bytes:
    out = io.BytesIO()
    Image.effect_noise((200, 200), 90).convert("RGB").save(out, form)
    return out.getvalue()


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF"])
def test_half_a_picture_is_known_without_decoding_it(tmp_path: Path, form: str) -> None:
    """As an interrupted copy leaves one; the whole one is looked at for type and size."""
    whole = noisy(form)
    (tmp_path / "face").write_bytes(whole)
    look = look_at(tmp_path, "face")
    assert (look.trouble, look.size, look.media_type) == (None, len(whole), f"image/{form.lower()}")
    for share in (3, 2):
        (tmp_path / "face").write_bytes(whole[: len(whole) // share])
        trouble = unsendable(tmp_path, "face")
        assert trouble is not None
        assert trouble.is_damaged
        assert str(trouble) == "`face` is cut short or damaged"


def test_a_portrait_is_sent_upright_and_with_eight_bits_else_as_it_is() -> None:
    """Vendors read neither EXIF nor sixteen bits alike."""
    for form in ("PNG", "JPEG", "WEBP", "GIF"):
        whole = noisy(form)
        assert as_sent(whole, f"image/{form.lower()}") == (whole, f"image/{form.lower()}")
    exif = Image.Exif()
    exif[0x0112] = 6
    out = io.BytesIO()
    Image.linear_gradient("L").resize((40, 20)).convert("RGB").save(out, "JPEG", exif=exif)
    data, media_type = as_sent(out.getvalue(), "image/jpeg")
    with Image.open(io.BytesIO(data)) as upright:
        assert (upright.size, media_type, upright.getexif().get(0x0112, 1)) == ((20, 40), "image/jpeg", 1)
    deep = Image.new("I;16", (256, 1))
    deep.putdata([x * 257 for x in range(256)])
    out = io.BytesIO()
    deep.save(out, "PNG")
    data, media_type = as_sent(out.getvalue(), "image/png")
    with Image.open(io.BytesIO(data)) as shallow:
        assert (shallow.mode, media_type) == ("L", "image/png")
        assert [shallow.getpixel((x, 0)) for x in (0, 100, 255)] == [0, 100, 255]


def test_damage_in_the_middle_is_found_before_sending() -> None:
    """A picture with all its ends and broken pixels."""
    whole = bytearray(encoded("PNG"))
    middle = whole.index(b"IDAT") + 8
    whole[middle] ^= 0xFF
    with pytest.raises(DamagedPictureError):
        as_sent(bytes(whole), "image/png")
