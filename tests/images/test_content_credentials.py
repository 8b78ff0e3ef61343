"""A really signed picture: its credential still validates after publishing, or is said to be lost."""

import pytest
from support.signing import signed, signer, state

from chargen.images import png
from chargen.images.convert import publish
from chargen.images.sniff import PNG, sniff
from chargen.model.values import Size
from chargen.store.pictures import inspect

RECORD = {"prompt": "a dodo"}
SIZE = Size(120, 80)


@pytest.fixture(scope="module")
def by_whom() -> tuple[bytes, bytes]:
    """Give a certificate chain and its key, made once."""
    return signer()


def test_a_signed_png_that_fits_is_published_byte_for_byte_and_stays_valid(by_whom: tuple[bytes, bytes]) -> None:
    """Nothing is embedded, since any change would end the credential."""
    original = signed(by_whom, "PNG", SIZE.width, SIZE.height)
    assert inspect(original).has_credentials
    for policy, size in (("crop", SIZE), ("keep", Size(10, 10))):
        done = publish(original, size, policy, RECORD)
        assert done.data == original
    assert state(original) == "Valid"


def test_the_check_can_fail(by_whom: tuple[bytes, bytes]) -> None:
    """Text put into the signed file, as is done with unsigned ones, makes the credential invalid."""
    assert state(png.with_record(signed(by_whom, "PNG", SIZE.width, SIZE.height), RECORD, "")) == "Invalid"


def test_a_resized_picture_carries_no_credential(by_whom: tuple[bytes, bytes]) -> None:
    """The published file carries no credential that would be wrong, and the record in its place."""
    done = publish(signed(by_whom, "PNG", SIZE.width, SIZE.height), Size(60, 40), "crop", RECORD)
    assert state(done.data) is None
    assert png.embedded_record(done.data) == png.Embedded(RECORD, verified=True)


@pytest.mark.parametrize("form", ["JPEG", "WEBP"])
def test_a_transcoded_picture_carries_no_credential(by_whom: tuple[bytes, bytes], form: str) -> None:
    """Credentials are seen in the other formats too."""
    original = signed(by_whom, form, SIZE.width, SIZE.height)
    assert inspect(original).has_credentials
    done = publish(original, SIZE, "crop", RECORD)
    assert sniff(done.data) == PNG and state(done.data) is None
