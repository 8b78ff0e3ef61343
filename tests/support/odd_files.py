"""Author files in odd styles, seeded; an edit of one entry, judged over the whole file by another library.

The judge is PyYAML's own parser: tags, keys and values of everything but the slots are what they were, and no line of
the author's is gone.
"""

from __future__ import annotations

import random
from typing import Any

import yaml

from chargen.errors import InputError
from chargen.model.slots import AppendSlot, SetSlots, SlotEdit
from chargen.yaml.splice import EditableText, EditCheck, SpliceError

SLOTS = ("generated_at", "file_path", "model", "provider_metadata", "generated_images")
FIELDS = (
    "title: {t}",
    "title: '{t}'",
    'title: "{t}"',
    "title: {t}\n  goes on # c",
    'title: "{t}\n\n  more"',
    "? mood",
    "? mood # c: d",
    "? mood\n: {t}",
    "? [a, b]\n: c",
    "? |\n  {t}\n: x",
    "? |\n  {t}",
    "tags:\n  ? rain\n  ? fog",
    "tags: !!set\n  ? rain",
    "tags: !!set {{rain, fog}}",
    "link: {{url: http://x.example/y?z=1, a: }}",
    "[a, b]: c",
    "note: |\n  {t}\n\n    deeper",
    "note: >-\n  {t}\n  more\n",
    "note: |+\n  {t}\n\n",
    "note: |2\n    {t}",
    "note: |\n  {t}\n  \n",
    "size:\n# between\n  1x1",
    "size: # c\n\n  1x1",
    "size: !!str 1x1",
    "size: &s{n} 1x1",
    "also: *one",
    "<<: *map",
    "list:\n- a\n-\n- ? b\n",
    "list:\n  - - a\n    - b\n  - {{c: [d,\n e]}}",
    "model: null",
    "model:",
    "model: ~ # c",
    "model: 'old'",
    "model: |\n  old\n",
    "model:\n# c\n  old",
    "model: {{a: b,\n  c: d}}",
    "model: [a,\n# c\n  b]",
    "model: !!str old",
    "? model\n: x",
    "provider_metadata: {{}}",
    "provider_metadata:\n  record: x # c\n\n  other:\n    - y",
    "provider_metadata: !!map\n  a: b",
    "provider_metadata: &p{n}\n  a: b",
    "generated_at:\n  - a\n  - ? b",
    "file_path: *one",
    '"file_path" : x',
    "generated_images: []",
    "generated_images:\n- a: |\n    {t}",
    "generated_images: [{{a: b}}]",
    "note: {t}\u0085x",
    "note: {t}\u2028x",
)
BETWEEN = ("", "", "", "\n", "# c\n", "\n# banner: [\n\n", "   \n", "      # deep\n")
WORDS = ("fog", "a door", "it is - so", "caf\u00e9", "x # y", "\U0001f600", "12:30", "yes")


def odd_file(chance: random.Random) -> str:
    """Make a file of some entries; it may be no valid YAML."""
    step = chance.choice((0, 2, 4))
    text = "# book\nmetadata: {slug: x}\nshared: [&one 1, &map {hue: red}]\nimages:\n"
    for number in range(chance.randint(1, 4)):
        fields = chance.sample(FIELDS, chance.randint(0, 4))
        chance.shuffle(fields)
        fields.insert(chance.randint(0, len(fields)) if chance.random() < 0.3 else 0, f"custom_id: i{number}")
        written = [field.format(t=chance.choice(WORDS), n=number) for field in fields]
        lines = "\n".join(written).split("\n")
        margin = " " * (step + 2)
        head = " " * step + chance.choice(("- ", "- ", "- ", f"- &e{number}\n{margin}"))
        text += head + lines[0] + "\n"
        for line in lines[1:]:
            text += (margin + line if line else "") + "\n" + (chance.choice(BETWEEN) if chance.random() < 0.2 else "")
        text += chance.choice(BETWEEN)
    if chance.random() < 0.3:
        text += "after:\n  ? x\n"
    if chance.random() < 0.4:
        text = text.rstrip("\n")
    text = text.replace("\n", chance.choice(("\n", "\n", "\r\n", "\r")))
    return ("\ufeff" if chance.random() < 0.2 else "") + text


def odd_edit(chance: random.Random, number: int) -> SlotEdit:
    """Make an edit of an entry's slots."""
    value: dict[str, Any] = {
        "record": f"2 in={chance.random()}",
        "usage": {"tokens": 7},
        "none": None,
        "list": ["a: b", 1.5],
    }
    if chance.random() < 0.3:
        return AppendSlot(("images", number), "generated_images", {"file_path": "x.png", "provider_metadata": value})
    values = {
        "generated_at": "2026-01-01T00:00:00Z",
        "file_path": "a/b.png",
        "model": "m #1",
        "provider_metadata": value,
    }
    return SetSlots(("images", number), dict(chance.sample(list(values.items()), chance.randint(1, 4))))


def judged(data: bytes, edit: SlotEdit) -> str:
    """Make an edit; return `unread`, `refused` or `made`, and fail where it did anything but what it says."""
    try:
        opened = EditableText.parse(data, "f")
    except InputError:
        return "unread"
    asked = EditCheck.parse(data, "f")
    before = None if asked is None else asked.refusal(edit)
    try:
        found = opened.apply((edit,)).data
    except SpliceError as refused:
        assert before is not None, f"not refused before: {refused}"
        assert opened.data == data
        return "refused"
    assert before is None, f"refused before: {before}"
    slots = {edit.key} if isinstance(edit, AppendSlot) else set(edit.values)
    assert _rest(found, slots) == _rest(data, slots), "a value outside the slots is another"
    assert EditableText.parse(found, "f").apply((edit,)).data == found, "the edit made again changes bytes"
    ends = [text.count(b"\r") - text.count(b"\r\n") for text in (data, found)]
    assert (ends[0] > 0) == (ends[1] > 0), "line ends"
    assert found.endswith((b"\n", b"\r")) == data.endswith((b"\n", b"\r")), "final line end"
    return "made"


def _rest(data: bytes, slots: set[str]) -> Any:
    text = data.decode().removeprefix("\ufeff").replace("\u0085", "\ue000").replace("\u2028", "\ue001")
    return _meant(yaml.compose(text, Loader=yaml.SafeLoader), slots, ())


def _meant(node: yaml.Node | None, slots: set[str], way: tuple[Any, ...]) -> Any:
    if isinstance(node, yaml.MappingNode):
        pairs = [
            (_meant(key, slots, (*way, key)), _meant(value, slots, (*way, key.value))) for key, value in node.value
        ]
        if len(way) == 2 and way[0] == "images":  # an entry
            pairs = [pair for pair in pairs if not (pair[0][0] == "scalar" and pair[0][2] in slots)]
        return "map", node.tag, pairs
    if isinstance(node, yaml.SequenceNode):
        return "list", node.tag, [_meant(item, slots, (*way, number)) for number, item in enumerate(node.value)]
    return None if node is None else ("scalar", node.tag, node.value)
