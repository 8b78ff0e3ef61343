"""XMP: the words that tell other programs that a picture was made by a machine.

The vocabulary is IPTC's digital source type (cv.iptc.org/newscodes/digitalsourcetype). Pure.
"""

from __future__ import annotations

AI_MADE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""Made by a model that learned from examples."""

RULE_MADE = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia"
"""Made by a program without any learned model, as a sketch is."""

_CLOSE = "</rdf:RDF>"


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
