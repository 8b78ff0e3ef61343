"""From the delivered bytes to the PNG at the target.

Laws: a picture is changed as little as the asked size and the PNG format demand: signed bytes that fit are published
as they are; a PNG that fits keeps its pixels' bytes and gets text added; only else are pixels resampled or encoded
anew. Must not know who delivered the bytes or where the file goes.
"""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any

from msgspec import Struct
from PIL import Image

from chargen.images import png
from chargen.images.decoding import MAX_PIXELS, DamagedPictureError, Picture, PictureError, decode, eight_bits
from chargen.images.sniff import JPEG, PNG, orientation
from chargen.model.values import Size

COMPRESSION = 1
"""zlib level for pixels encoded here. A 1024x1024 picture of 1.3 MB at level 6 takes 0.81 s of processor time there,
0.13 s at level 1 with 17 % more bytes: an image waits for its provider long enough."""

AI_MADE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""Made by a model that learned from examples (IPTC's digital source type)."""

RULE_MADE = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia"
"""Made by a program without any learned model, as a sketch is."""

_CLOSE = "</rdf:RDF>"

_COLOUR_CHUNKS = frozenset({b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP"})


class ConvertedPicture(Struct, frozen=True):
    """A PNG made from delivered bytes, and the size of what came, in pixels as shown."""

    data: bytes
    delivered_size: Size


def publish(
    original: bytes, asked: Size, policy: str, record: Mapping[str, Any] | None = None, *, ai_made: bool = True
) -> ConvertedPicture:
    """Make the PNG that goes to the target. Raises PictureError for bytes that are no usable picture.

    `policy` brings a picture of another size to the asked one: `crop` fills it and cuts what juts out, `pad` fits it in
    and fills the rest with the colour of its border (see-through where the picture is), `keep` leaves the size.
    `record` (JSON values) is embedded unless the bytes are signed and published as they are.
    """
    picture, image = decode(original)
    delivered = Size(picture.width, picture.height)
    resized = policy != "keep" and delivered != asked
    transcoded = picture.media_type != PNG
    if picture.has_credentials and not resized and not transcoded:
        return ConvertedPicture(original, delivered)
    if resized or transcoded:
        data = _encoded(_resized(image, asked, policy) if resized else _plain(image), original, picture)
    else:
        data = original
    if record is not None:
        present = png.text_of(data, png.XMP_KEYWORD)
        data = png.with_record(data, record, source_type_xmp(AI_MADE if ai_made else RULE_MADE, present))
    return ConvertedPicture(data, delivered)


def as_sent(data: bytes, media_type: str) -> tuple[bytes, str]:
    """Return a picture and its type as those read it who know neither EXIF nor sixteen bits; mostly its own bytes.

    Raises DamagedPictureError for one that can't be shown to its last pixel.
    """
    try:
        _, image = decode(data)
    except DamagedPictureError:
        raise
    except PictureError:  # too large, or animated: whoever it is sent to takes it, or the check of the request does not
        return data, media_type
    deep = image.mode.startswith(("I", "F"))
    if orientation(data) == 1 and not deep:
        return data, media_type
    out = BytesIO()
    kind, media = ("JPEG", JPEG) if media_type == JPEG and not deep else ("PNG", PNG)
    image = _plain(image) if deep else image
    options = {"quality": 95, "subsampling": 0} if kind == "JPEG" else {"compress_level": COMPRESSION}
    clean = Image.frombytes(image.mode, image.size, image.tobytes())
    clean.save(out, kind, icc_profile=image.info.get("icc_profile"), **options)
    return out.getvalue(), media


def source_type_xmp(source_type: str, present: str | None = None) -> str:
    """Return XMP that states the digital source type, within the XMP that is `present` where that can be done.

    XMP that states one already stays as it is; XMP that can't be added to is replaced.
    """
    if present is not None and "DigitalSourceType" in present:
        return present
    description = (
        '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
        f' Iptc4xmpExt:DigitalSourceType="{source_type}"/>'
    )
    if present is not None and present.count(_CLOSE) == 1:
        return present.replace(_CLOSE, description + _CLOSE)
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'{description}{_CLOSE}</x:xmpmeta><?xpacket end="w"?>'
    )


def _resized(image: Image.Image, asked: Size, policy: str) -> Image.Image:
    if asked.pixels > MAX_PIXELS or min(asked.width, asked.height) < 1:
        raise PictureError(f"a picture can't be brought to {asked}: at most {MAX_PIXELS} pixels are made")
    image = _plain(image)
    target = (asked.width, asked.height)
    if policy == "crop":
        scale = max(asked.width / image.width, asked.height / image.height)
        width, height = min(asked.width / scale, image.width), min(asked.height / scale, image.height)
        left, top = (image.width - width) / 2, (image.height - height) / 2
        return image.resize(target, Image.Resampling.LANCZOS, box=(left, top, left + width, top + height))
    if policy == "pad":
        scale = min(asked.width / image.width, asked.height / image.height)
        width = min(max(round(image.width * scale), 1), asked.width)
        height = min(max(round(image.height * scale), 1), asked.height)
        inner = image.resize((width, height), Image.Resampling.LANCZOS)
        padded = Image.new(image.mode, target, _border_colour(image))
        padded.paste(inner, ((asked.width - width) // 2, (asked.height - height) // 2))
        return padded
    raise ValueError(f"no size policy: {policy}")


def _border_colour(image: Image.Image) -> tuple[int, ...]:
    """Return the mean colour along the four edges, or see-through for a picture with transparency."""
    bands = len(image.getbands())
    if image.mode in ("RGBA", "LA"):
        return (0,) * bands
    width, height = image.size
    edges = ((0, 0, width, 1), (0, height - 1, width, height), (0, 0, 1, height), (width - 1, 0, width, height))
    means = [image.resize((1, 1), Image.Resampling.BOX, box=edge).tobytes() for edge in edges]
    return tuple(round(sum(mean[band] for mean in means) / len(means)) for band in range(bands))


def _plain(image: Image.Image) -> Image.Image:
    """Return the picture in a mode that can be resampled and written as PNG: grey or RGB, each with or without alpha.

    Sixteen bits become eight: the decoder has no more for colour, and no model delivers them.
    """
    see_through = "transparency" in image.info
    if image.mode.startswith(("I", "F")):
        return eight_bits(image)
    if image.mode in ("L", "1"):
        return image.convert("LA" if see_through else "L")
    if image.mode in ("RGBA", "LA"):
        return image
    plain = image.convert("RGBA" if see_through or image.mode in ("PA", "RGBa") else "RGB")
    if image.mode == "CMYK":  # its profile describes inks
        plain.info.pop("icc_profile", None)
    return plain


def _encoded(image: Image.Image, original: bytes, picture: Picture) -> bytes:
    """Write pixels as PNG with the colour description of the delivered picture."""
    same_colours = picture.media_type == PNG
    profile = None if same_colours else image.info.get("icc_profile")
    out = BytesIO()
    clean = Image.frombytes(image.mode, image.size, image.tobytes())
    clean.save(out, "PNG", compress_level=COMPRESSION, icc_profile=profile)
    if not same_colours:
        return out.getvalue()
    described = [original[chunk.start : chunk.end] for chunk in png.chunks(original) if chunk.name in _COLOUR_CHUNKS]
    return png.inserted(out.getvalue(), described)
