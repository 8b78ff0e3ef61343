"""XMP that says how a picture was made."""

from xml.etree import ElementTree

from chargen.images.convert import AI_MADE, RULE_MADE, source_type_xmp

KEY = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType"


def stated(xmp: str) -> list[str]:
    root = ElementTree.fromstring(xmp.partition("?>")[2].rpartition("<?")[0] if xmp.startswith("<?xpacket") else xmp)
    return [node.attrib[KEY] for node in root.iter() if KEY in node.attrib]


def test_the_source_type_is_stated() -> None:
    """The text is well-formed and names the vocabulary's term."""
    assert stated(source_type_xmp(AI_MADE)) == [AI_MADE]
    assert stated(source_type_xmp(RULE_MADE)) == [RULE_MADE]


def test_a_vendors_own_xmp_survives() -> None:
    """It is added to where it can be, kept where it states a type itself, and replaced where it is broken."""
    vendor = '<r:RDF xmlns:r="x"/>'
    theirs = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:d="http://purl.org/dc/elements/1.1/" d:creator="them"/>'
        "</rdf:RDF></x:xmpmeta>"
    )
    added = source_type_xmp(AI_MADE, theirs)
    assert stated(added) == [AI_MADE] and 'd:creator="them"' in added
    assert source_type_xmp(RULE_MADE, added) == added
    assert stated(source_type_xmp(AI_MADE, vendor)) == [AI_MADE]
