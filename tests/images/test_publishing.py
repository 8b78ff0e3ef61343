"""From delivered bytes to the PNG at the target: as little changed as can be."""

import io

import pytest
from PIL import Image, ImageCms

from chargen.images import png
from chargen.images.convert import AI_MADE, RULE_MADE, publish
from chargen.images.decoding import MAX_PIXELS, PictureError, inspect
from chargen.model.values import Size

RECORD = {"prompt": "a dodo", "original": {"sha256": "ab" * 32}}
SIZE = Size(60, 40)


def encoded(image: Image.Image, form: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def noise(mode: str = "RGB", size: tuple[int, int] = (60, 40)) -> Image.Image:
    return Image.effect_noise(size, 60).convert(mode)


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1", "I;16"])
def test_a_png_that_fits_keeps_the_bytes_of_its_pixels(mode: str) -> None:
    """Only text is added: every other chunk is the delivered one, sixteen bits and palettes included."""
    original = encoded(noise("L").convert("I").convert("I;16") if mode == "I;16" else noise(mode))
    done = publish(original, SIZE, "crop", RECORD)
    assert png.without_our_text(done.data) == original
    assert done.delivered_size == SIZE
    assert png.embedded_record(done.data) == png.Embedded(RECORD, verified=True)
    assert AI_MADE in png.text_of(done.data, png.XMP_KEYWORD)


def test_a_sketch_is_not_said_to_come_from_a_trained_model() -> None:
    """The source type follows who made the picture."""
    xmp = png.text_of(publish(encoded(noise()), SIZE, "crop", RECORD, ai_made=False).data, png.XMP_KEYWORD)
    assert RULE_MADE in xmp and AI_MADE not in xmp


def test_without_a_record_a_png_that_fits_is_the_same_file() -> None:
    """Nothing to add, nothing changed."""
    original = encoded(noise())
    assert publish(original, SIZE, "crop").data == original


@pytest.mark.parametrize(
    ("form", "mode"), [("JPEG", "RGB"), ("JPEG", "L"), ("JPEG", "CMYK"), ("WEBP", "RGBA"), ("GIF", "P")]
)
def test_other_formats_become_png_with_the_same_pixels(form: str, mode: str) -> None:
    """Decoded once, encoded without loss."""
    original = encoded(noise(mode), form)
    done = publish(original, SIZE, "crop", RECORD)
    assert done.delivered_size == SIZE
    assert inspect(done.data).media_type == "image/png"
    wanted = opened(original).convert("RGBA")
    assert opened(done.data).convert("RGBA").tobytes() == wanted.tobytes()
    assert png.embedded_record(done.data).verified


@pytest.mark.parametrize("policy", ["crop", "pad"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1", "I;16"])
@pytest.mark.parametrize("size", [(90, 40), (60, 90), (7, 3), (1, 1), (600, 1)])
def test_any_delivered_size_is_brought_to_the_asked_one(policy: str, mode: str, size: tuple[int, int]) -> None:
    """Whatever came, in whatever mode, the target has the asked size."""
    image = noise("L", size).convert("I").convert("I;16") if mode == "I;16" else noise(mode, size)
    done = publish(encoded(image), SIZE, policy, RECORD)
    assert done.delivered_size == Size(*size)
    assert opened(done.data).size == (60, 40)


def halves(size: tuple[int, int]) -> Image.Image:
    image = Image.new("RGB", size, "red")
    image.paste("blue", (size[0] // 2, 0, size[0], size[1]))
    return image


def test_crop_cuts_the_same_from_both_sides() -> None:
    """The middle of the picture stays the middle, and nothing is stretched."""
    image = opened(publish(encoded(halves((200, 50))), Size(50, 50), "crop").data)
    assert image.getpixel((20, 25)) == (255, 0, 0) and image.getpixel((30, 25)) == (0, 0, 255)


def test_pad_shows_all_and_fills_with_the_colour_of_the_border() -> None:
    """Bars are of the picture's own border; a see-through picture gets see-through bars."""
    image = opened(publish(encoded(Image.new("RGB", (100, 50), (10, 200, 30))), Size(100, 100), "pad").data)
    assert image.getpixel((50, 2)) == image.getpixel((50, 50)) == (10, 200, 30)
    image = opened(publish(encoded(Image.new("RGBA", (100, 50), "red")), Size(100, 100), "pad").data)
    assert image.getpixel((50, 2)) == (0, 0, 0, 0) and image.getpixel((50, 50)) == (255, 0, 0, 255)


def test_keep_keeps_the_delivered_size() -> None:
    """Nothing is resampled, and both sizes are told."""
    done = publish(encoded(noise()), Size(10, 10), "keep", RECORD)
    assert done.delivered_size == SIZE and opened(done.data).size == (60, 40)
    with pytest.raises(ValueError, match="policy"):
        publish(encoded(noise()), Size(10, 10), "stretch")


def test_see_through_palettes_and_colours_stay_so() -> None:
    """A transparent palette entry and a transparent grey survive resampling as alpha."""
    for mode in ("P", "L", "RGB"):
        image = Image.new(mode, (30, 20), 0)
        original = encoded(image, transparency=(0, 0, 0) if mode == "RGB" else 0)
        assert opened(publish(original, SIZE, "crop").data).getchannel("A").getextrema() == (0, 0)


def test_colour_descriptions_are_kept() -> None:
    """ICC profile and gamma survive a resize; a JPEG's profile survives transcoding, one for inks does not."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    gamma = png.make_chunk(b"gAMA", (45455).to_bytes(4, "big"))
    resized = publish(png.inserted(encoded(noise(), icc_profile=profile), [gamma]), Size(30, 20), "crop").data
    assert opened(resized).info["icc_profile"] == profile and opened(resized).info["gamma"] == 0.45455
    transcoded = publish(encoded(noise(), "JPEG", icc_profile=profile), SIZE, "crop").data
    assert opened(transcoded).info["icc_profile"] == profile
    inks = publish(encoded(noise("CMYK"), "JPEG", icc_profile=profile), SIZE, "crop").data
    assert "icc_profile" not in opened(inks).info


def test_a_turned_jpeg_is_published_upright() -> None:
    """The asked size is compared with what a viewer shows."""
    exif = Image.Exif()
    exif[0x0112] = 6
    done = publish(encoded(halves((40, 60)), "JPEG", exif=exif), SIZE, "crop")
    assert done.delivered_size == SIZE and opened(done.data).size == (60, 40)
    assert opened(done.data).getexif() == {}


def test_an_absurd_asked_size_is_refused() -> None:
    """Nothing is made that could not be read again."""
    with pytest.raises(PictureError, match="brought"):
        publish(encoded(noise()), Size(MAX_PIXELS, 2), "crop")
    with pytest.raises(PictureError, match="no picture"):
        publish(b"<html>", SIZE, "crop", RECORD)
