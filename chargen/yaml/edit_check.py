"""Whether an edit would be refused, asked for every entry of a file at a fraction of what carrying it out costs.

Laws: nothing is refused here that would be carried out; what is not refused here is refused later only where the file
was changed, or grew too large. Lines without any sign of an anchor, alias, tag, `?` key or braces are not looked at:
they are edited exactly, as the property tests of the splice show. Pure.
"""

from __future__ import annotations

import re

from msgspec import Struct
from msgspec.structs import replace

from chargen.errors import Problem, error
from chargen.model.slots import SlotEdit
from chargen.yaml.document import Document, parse
from chargen.yaml.sharing import shared_parts
from chargen.yaml.splice import EditableText, SpliceError, edited, patches_of
from chargen.yaml.tree import EditRefused, YamlNode, find, read_nodes

_ODD = tuple(
    re.compile(pattern, re.MULTILINE)
    for pattern in (
        r"[&*!](?<![^\s,:\[{?-].)(?:\S|(?<=!)\s)",
        r"^[\s-]*\?(?:\s|$)",
        r"^[\s-]*-\s+[\[{]",
        r"^[^\s#][^\r\n]*:\s*[\[{]",
        r":\s*\[\s*\{",
    )
)
"""Where an anchor, an alias, a tag, a `?` key or an entry in braces may stand; what looks like one costs a look.

Several expressions, because one of alternatives is tried at every character, and these skip to what they begin with.
"""


class EditCheck(Struct, frozen=True, eq=False):
    """An author's file held open to ask whether edits would be refused."""

    text: EditableText
    whole: str
    root: YamlNode | None

    @classmethod
    def parse(cls, data: bytes, file: str) -> EditCheck | None:
        """Read a file; None where nothing in it can be refused. Raises InputError where it can't be read."""
        if not _is_odd(data.decode(errors="replace")):
            return None
        document = parse(data, file)
        return cls(EditableText.of(document), document.text, read_nodes(document.text))

    def refusal(self, edit: SlotEdit) -> Problem | None:
        """Return why an edit would be refused, and where; None where it would be carried out."""
        found = self.text.cell_of(edit.path)
        if found is not None and not _is_odd(found.text):
            return None
        start = 0
        try:
            if found is not None:
                start = found.start
                if edited(found.text, replace(edit, path=found.path), found.line_break, alone=True) is not None:
                    return None
                start = 0
            ancestors = find(self.root, edit.path)
            if any(shared_parts(ancestors, edit)):
                self.text.apply((edit,))
                return None
            patches_of(self.whole, ancestors, edit, "\n")
            if found is not None:
                start = found.start
                edited(found.text, replace(edit, path=found.path), found.line_break, alone=True, tied=True)
            elif ancestors[-1].flow:
                start = ancestors[-1].start
                edited(self.whole[start : ancestors[-1].end], replace(edit, path=()), "\n", alone=True, tied=True)
        except SpliceError as refused:
            return refused.problems[0]
        except EditRefused as refusal:
            place = Document.unparsed(self.whole, self.text.file).position(start + refusal.index)
            return error(refusal.message, place, refusal.hint)
        return None


def _is_odd(text: str) -> bool:
    text = text.replace("\r", "\n")
    return any(odd.search(text) for odd in _ODD)
