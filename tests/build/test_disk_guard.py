"""No request leaves where its reply could not be kept."""

import shutil
from contextlib import ExitStack
from pathlib import Path
from random import Random

import pytest
from PIL import Image

from chargen.build.attempt import BYTES_A_PIXEL, REST, DiskGuard
from chargen.errors import InputError
from chargen.images.convert import publish
from chargen.model.values import Size


def test_room_and_permission_are_looked_at_before_anything_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that does not exist yet is judged by the one it will be made in."""
    guard = DiskGuard(tmp_path, tmp_path / ".chargen" / "originals")
    guard.check()
    with monkeypatch.context() as closed:
        closed.setattr("os.access", lambda _place, _mode: False)
        with pytest.raises(InputError, match="a reply could not be stored here"):
            guard.check()


def test_after_one_reply_was_lost_nothing_more_is_bought(tmp_path: Path) -> None:
    """The first reason is the one that is told."""
    guard = DiskGuard(tmp_path, tmp_path)
    guard.failed(InputError("can't write this file: no space left on device"))
    guard.failed(InputError("another"))
    with pytest.raises(InputError, match="the reply for another image could not be stored: can't write this file: no"):
        guard.check()


@pytest.mark.parametrize(
    ("sizes", "needed"),
    [((64 * 48,), 3), ((1024 * 1024, 1024 * 1024), 20), ((3840 * 2160,) * 4, 262)],
    ids=["a small sketch", "two usual ones", "four large ones"],
)
def test_the_room_that_is_asked_for_is_that_of_the_images_being_made(
    sizes: tuple[int, ...], needed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small picture needs little, many large ones need much; what is written needs none any more."""
    guard, usage = DiskGuard(tmp_path, tmp_path), shutil.disk_usage(tmp_path)
    need = sum(BYTES_A_PIXEL * pixels + REST for pixels in sizes)

    def free(count: int) -> None:
        monkeypatch.setattr(shutil, "disk_usage", lambda _place: usage._replace(free=count))

    with ExitStack() as stack:
        for pixels in sizes:
            stack.enter_context(guard.room(pixels))
        free(need)
        guard.check()
        free(need - 1)
        with pytest.raises(InputError, match=rf"less than the {needed} MiB that the images being made may take"):
            guard.check()
    guard.check()


def test_no_picture_of_noise_takes_more(tmp_path: Path) -> None:
    """The dearest picture to write, as it is delivered and as it is published, fits into what is counted on."""
    noise = Image.frombytes("RGBA", (256, 256), Random(1).randbytes(256 * 256 * 4))
    noise.save(tmp_path / "delivered.png")
    data = (tmp_path / "delivered.png").read_bytes()
    published = publish(data, Size(256, 256), "crop", {"prompt": "a lamp"})
    assert len(data) + len(published.data) < BYTES_A_PIXEL * 256 * 256 + REST
