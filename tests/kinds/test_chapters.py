"""Chapters: images with their cast, thesis and palette, and every oddity real files have."""

import pytest

from chargen import kinds
from chargen.errors import Position
from chargen.kinds.record_edits import record_edit
from chargen.model.entries import Outputs
from chargen.model.slots import METADATA, SetSlots, SlotValues
from chargen.model.values import Size, Status

HEAD = """\
metadata: {entity_type: chapter-imagery, slug: ch03}
"""


def images(scan, body, head=HEAD, **options):
    return scan(f"{head}images:\n{body}", **options)


def one(scan, body, head=HEAD, **options):
    (entry,) = images(scan, f"  - custom_id: img-07\n{body}", head, **options).entries
    return entry


def test_an_image_has_its_id_place_and_path(scan):
    """Ids are the folder, the slug, and the custom id as written."""
    imagery = images(scan, "  - {custom_id: img-01}\n  # between\n  - custom_id: ch03-img-02\n    prompt_used: a hen\n")
    assert [entry.id for entry in imagery.entries] == ["chapters/ch03/img-01", "chapters/ch03/ch03-img-02"]
    second = imagery.entries[1]
    assert second.position == Position("imagery/chapters/ch03/imagery.yaml", 5, 5)
    assert second.path == ("images", 1)
    assert (second.prompt, second.prompt.name, second.prompt.position.line) == ("a hen", "prompt_used", 6)
    assert imagery.problems == ()


@pytest.mark.parametrize("written", ["010", "1_000", "15.5", "yes", "2024-05-01", "0x1F", "~x", "1e3"])
def test_ids_and_slugs_are_as_written(scan, written):
    """No number, date or truth value is made of them."""
    imagery = scan(f"metadata: {{slug: {written}}}\nimages: [{{custom_id: {written}}}]")
    assert [entry.id for entry in imagery.entries] == [f"chapters/{written}/{written}"]


@pytest.mark.parametrize(
    "name",
    [
        "..",
        ".",
        "a/b",
        "a\\b",
        "/etc",
        "",
        " ",
        "a\tb",
        "a\x7fb",
        "CON",
        "nul.txt",
        "a:b",
        "a?",
        "end.",
        "end ",
        " a",
        "x" * 201,
    ],
)
def test_an_id_that_would_leave_its_folder_is_an_error(scan, told, name):
    """The entry is left out, the others stay."""
    escaped = name.replace("\\", "\\\\").replace("\t", "\\t").replace("\x7f", "\\x7f")
    imagery = images(scan, f'  - custom_id: "{escaped}"\n  - custom_id: fine\n')
    assert [entry.id for entry in imagery.entries] == ["chapters/ch03/fine"]
    assert [(severity, line) for severity, line, _ in told(imagery.problems)] == [("error", 3)]


def test_a_slug_that_would_leave_its_folder_is_an_error(scan, told):
    """Nothing of such a file can be planned."""
    imagery = scan("metadata: {slug: ../x}\nimages: [{custom_id: a}]")
    assert imagery.entries == ()
    assert [(severity, line) for severity, line, _ in told(imagery.problems)] == [("error", 1)]


@pytest.mark.parametrize("head", ["metadata: {a: b}\n", "metadata:\n", "metadata: {slug: }\n"])
def test_a_chapter_needs_a_slug(scan, told, head):
    """It is the one key of a chapter that nothing can stand for."""
    imagery = images(scan, "  - {custom_id: a}\n", head)
    assert (imagery.entries, imagery.slug) == ((), "")
    assert [severity for severity, _, _ in told(imagery.problems)] == ["error"]


@pytest.mark.parametrize("body", ["  - prompt_used: a hen\n", "  - {custom_id: }\n", "  - {custom_id: [a]}\n"])
def test_an_image_needs_a_custom_id(scan, told, body):
    """Without one it is left out and told."""
    imagery = images(scan, body)
    assert imagery.entries == ()
    assert {(severity, line) for severity, line, _ in told(imagery.problems)} == {("error", 3)}


def test_two_images_with_one_id_are_an_error_that_names_both(scan, told):
    """The first stays, blocked, because nobody can say which is meant."""
    imagery = images(scan, "  - {custom_id: a}\n  - {custom_id: a}\n  - {custom_id: b}\n")
    first, other = imagery.entries
    assert (first.id, other.id, other.problems) == ("chapters/ch03/a", "chapters/ch03/b", ())
    assert told(first.problems) == [
        (
            "error",
            4,
            "`chapters/ch03/a` is planned twice: the same picture is planned at imagery/chapters/ch03/imagery.yaml:3:5",
        )
    ]


def test_a_scalar_where_the_images_belong_is_an_error(scan, told):
    """The rest of the file is read all the same."""
    imagery = scan(HEAD + "images: none yet\ncharacters: [{ref: pim}]\n")
    assert told(imagery.problems) == [("error", 2, "`images` must be a list")]
    assert imagery.uses == ("pim",)


def test_items_that_are_no_mappings_are_told_and_left_out(scan, told):
    """An empty item is odd, a text is wrong."""
    imagery = images(scan, "  -\n  - a hen\n  - {custom_id: a}\n")
    assert [entry.path for entry in imagery.entries] == [("images", 2)]
    assert told(imagery.problems) == [
        ("warning", 3, "item 1 of `images` is empty"),
        ("error", 4, "`images[1]` must be a mapping"),
    ]


@pytest.mark.parametrize(
    "body", ["    prompt_used:\n", "    prompt_used: ''\n", "    prompt_used: '  '\n", "    tags: [a]\n"]
)
def test_an_image_may_have_no_prompt(scan, body):
    """That is no error."""
    entry = one(scan, body)
    assert (entry.prompt, entry.problems) == (None, ())


def test_a_prompt_must_be_text(scan, told):
    """A list of lines is no prompt."""
    assert told(one(scan, "    prompt_used: [a, b]\n").problems) == [("error", 4, "`prompt_used` must be text")]


@pytest.mark.parametrize(
    ("body", "size"),
    [
        ("    size: 1024x1365\n", "1024x1365"),
        ("    size: 1792x1024\n    aspect_ratio: '16:9'\n", "1792x1024"),
        ("    aspect_ratio: 16:9\n", "1280x720"),
        ("    tags: []\n", "640x480"),
        ("    size:\n    aspect_ratio: ~\n", "640x480"),
    ],
)
def test_size_wins_over_ratio_and_neither_is_the_default(scan, body, size):
    """An unquoted ratio is text, not a number in base sixty."""
    default = Size(640, 480) if "16:9" not in body else Size(1024, 1024)
    entry = one(scan, body, default_size=default)
    assert (str(entry.size), entry.problems) == (size, ())


@pytest.mark.parametrize(
    "size", ["banana", "0x0", "-5x10", "16385x16", "'1_024x1_024'", "1024", "[1, 2]", "''", "{a: b}"]
)
def test_a_bad_size_is_an_error_of_its_image_alone(scan, told, size):
    """The image stays in the plan without a size, also where a ratio stands beside it."""
    imagery = images(scan, f"  - custom_id: a\n    aspect_ratio: 1:1\n    size: {size}\n  - custom_id: b\n")
    first, other = imagery.entries
    assert (first.size, other.size) == (None, Size(1024, 1024))
    assert [(severity, line) for severity, line, _ in told(first.problems)] == [("error", 5)]
    assert imagery.problems == other.problems == ()


@pytest.mark.parametrize("ratio", ["wide", "1:99", "[16, 9]"])
def test_a_bad_ratio_is_an_error_where_no_size_stands_beside_it(scan, told, ratio):
    """Where one does, the size counts anyway."""
    alone = one(scan, f"    aspect_ratio: {ratio}\n")
    assert (alone.size, [severity for severity, _, _ in told(alone.problems)]) == (None, ["error"])
    beside = one(scan, f"    aspect_ratio: '{ratio}'\n    size: 64x64\n")
    assert (beside.size, [severity for severity, _, _ in told(beside.problems)]) == (Size(64, 64), ["warning"])


def test_size_and_ratio_that_disagree_are_told(scan, told):
    """One of the two is a misspelling of the author's."""
    entry = one(scan, "    size: 1536x1024\n    aspect_ratio: '16:9'\n")
    assert entry.size == Size(1536, 1024)
    assert told(entry.problems) == [("warning", 4, "`size` 1536x1024 and `aspect_ratio` 16:9 are different shapes")]


@pytest.mark.parametrize(
    ("written", "status"),
    [("approved", Status.APPROVED), ("Locked", Status.LOCKED), ("~", None), ("archived", Status.ARCHIVED)],
)
def test_the_status_is_the_authors_word(scan, written, status):
    """Case does not count: an approved image must not be lost to a capital letter."""
    entry = one(scan, f"    status: {written}\n")
    assert (entry.status, entry.problems) == (status, ())


def test_an_unknown_status_is_odd(scan, told):
    """It counts as none."""
    entry = one(scan, "    status: aproved\n")
    assert entry.status is None
    assert told(entry.problems) == [("warning", 4, "unknown status `aproved`")]
    assert entry.problems[0].hint == "did you mean `approved`?"


CAST = """\
metadata: {slug: ch03}
characters:
  - ref: pim
    name: Pim
    reference_images: [pim-face, pim-back]  # two
  - ref: odo
    reference_images: []
  - ref: una
"""


def test_depicted_characters_are_joined_with_the_cast(scan):
    """Declared ones have ids, perhaps none; undeclared ones have no list at all."""
    entry = one(scan, "    depicts_characters: [pim, odo, una, rue]\n    character_states: {pim: asleep}\n", CAST)
    assert [(d.slug, d.name, d.reference_ids) for d in entry.depicts] == [
        ("pim", "Pim", ("pim-face", "pim-back")),
        ("odo", "", ()),
        ("una", "", ()),
        ("rue", "", None),
    ]
    assert (entry.depicts[0].state, entry.depicts[0].state.name) == ("asleep", "character_states.pim")
    assert entry.depicts[0].reference_ids[0].position.line == 5
    assert entry.depicts[0].position.line == 11
    assert entry.problems == ()


def test_depicted_characters_may_be_maps_or_crowds(scan):
    """A map names a slug; a crowd has none and is no character; a repetition counts once."""
    body = """\
    depicts_characters:
      - {slug: pim, role: lead}
      - {generic_count: 9, description: geese}
      - pim
      - company-members
      -
"""
    assert [d.slug for d in one(scan, body, CAST).depicts] == ["pim", "company-members"]


def test_a_scalar_where_depicted_characters_belong_is_the_images_error(scan, told):
    """Built without its reference the image would be paid for twice."""
    assert told(one(scan, "    depicts_characters: pim\n").problems) == [
        ("error", 4, "`depicts_characters` must be a list")
    ]


def test_a_state_of_somebody_not_depicted_is_odd(scan, told):
    """It would never be seen in the image."""
    entry = one(scan, "    depicts_characters: [pim]\n    character_states: {odo: tired}\n")
    assert [severity for severity, _, _ in told(entry.problems)] == ["warning"]


def test_a_reference_list_that_is_no_list_blocks_only_who_depicts_the_character(scan, told):
    """The error stands at the images that need it."""
    head = "metadata: {slug: ch03}\ncharacters: [{ref: pim, reference_images: pim-face}, {ref: odo}]\n"
    imagery = images(
        scan, "  - {custom_id: a, depicts_characters: [pim]}\n  - {custom_id: b, depicts_characters: [odo]}\n", head
    )
    first, other = imagery.entries
    assert told(first.problems) == [("error", 2, "`reference_images` must be a list")]
    assert other.problems == imagery.problems == ()


def test_a_reference_list_nobody_needs_is_told_all_the_same(scan, told):
    """It is the file's problem then."""
    head = "metadata: {slug: ch03}\ncharacters: [{ref: pim, reference_images: pim-face}]\n"
    assert told(images(scan, "  - {custom_id: a}\n", head).problems) == [
        ("error", 2, "`reference_images` must be a list")
    ]


def test_a_cast_that_is_no_list_blocks_whoever_depicts_somebody(scan, told):
    """Images without characters go on."""
    head = "metadata: {slug: ch03}\ncharacters: pim and odo\n"
    imagery = images(scan, "  - {custom_id: a, depicts_characters: [pim]}\n  - {custom_id: b}\n", head)
    assert told(imagery.problems) == [("error", 2, "`characters` must be a list")]
    assert [[severity for severity, _, _ in told(entry.problems)] for entry in imagery.entries] == [["error"], []]


def test_a_character_declared_twice_or_without_a_ref_is_odd(scan, told):
    """The first declaration counts."""
    head = "metadata: {slug: ch03}\ncharacters: [{ref: pim, reference_images: [a]}, {ref: pim}, {name: Odo}]\n"
    imagery = images(scan, "  - {custom_id: a, depicts_characters: [pim]}\n", head)
    assert [severity for severity, _, _ in told(imagery.problems)] == ["warning", "warning"]
    assert imagery.entries[0].depicts[0].reference_ids == ("a",)


def test_negative_prompts_of_image_and_defaults_are_joined(scan):
    """The image's own first, then the file's, wherever its defaults stand."""
    head = "metadata: {slug: ch03}\ngeneration_defaults: {negative_prompts: [fog, rain]}\n"
    entry = one(scan, "    negative_prompt: snow\n", head)
    assert entry.negative_prompt == ("snow", "fog", "rain")
    assert entry.negative_prompt[1].position.line == 2


@pytest.mark.parametrize(
    "head",
    [
        "metadata: {slug: ch03, generation_defaults: {provider: openai, model: dall-e-3, quality: hd}}\n",
        "metadata: {slug: ch03}\ngeneration_defaults: {provider: openai, model: dall-e-3, quality: hd}\n",
    ],
)
def test_the_choice_of_provider_stands_in_the_defaults(scan, head):
    """`provider` and `model` of the image itself are outputs."""
    entry = one(scan, "    provider: sketch\n    model: gpt-image-1\n", head)
    declared = entry.declared
    assert (declared.provider, declared.model, declared.quality) == ("openai", "dall-e-3", "hd")


def test_an_image_may_ask_for_its_own_quality(scan):
    """Its own defaults win over the file's."""
    head = "metadata: {slug: ch03, generation_defaults: {provider: openai, quality: low}}\n"
    assert one(scan, "    quality: high\n", head).declared.quality == "high"
    assert one(scan, "    generation_defaults: {quality: mid}\n", head).declared.provider == "openai"


def test_outputs_are_what_the_slots_hold(scan):
    """Placeholders hold nothing."""
    empty = one(scan, "    file_path: null\n    provider_metadata: {}\n    generated_at:\n").outputs
    assert (empty.record, empty.file_path) == (None, None)
    full = one(scan, "    file_path: g/a.png\n    provider_metadata: {record: '1 in=x'}\n").outputs
    assert (full.record, full.file_path) == ("1 in=x", "g/a.png")


MOOD = """\
metadata:
  slug: ch03
  visual_thesis: |
    Small things hold
    the house together
  color_palette:
    primary: ["#708090", "#8B4513"] # slate and wood
    accent: ["#FFBF00"]
"""


def test_the_block_that_is_always_there_has_thesis_and_palette(scan):
    """Numbers become names; each text knows where it was written."""
    entry = one(scan, "    tags: []\n", MOOD)
    assert entry.always == ("Small things hold the house together.", "Palette: slate grey, saddle brown, amber.")
    assert [text.name for text in entry.always] == ["visual_thesis", "palette"]
    assert [text.position.line for text in entry.always] == [3, 7]
    assert entry.colours == ("#708090", "#8b4513", "#ffbf00")


def test_an_images_own_palette_takes_the_files_place(scan):
    """Dominant colours before accents, asides dropped, what to avoid last."""
    body = """\
    palette:
      avoid: [neon green]
      accent: [amber lamp (window)]
      dominant: [ash grey, Ash Grey, '#1A1A2E']
"""
    entry = one(scan, body, MOOD)
    assert entry.always[1:] == ("Palette: ash grey, night blue, amber lamp.", "Avoid: neon green.")
    assert entry.colours == ("#b2b5ae", "#1a1a2e", "#ffbf00")


def test_a_colour_that_became_a_comment_is_odd(scan, told):
    """An unquoted number sign swallows the colour."""
    entry = one(scan, "    palette:\n      dominant:\n        - #708090\n        - rust\n")
    assert entry.always == ("Palette: rust.",)
    assert [(severity, line) for severity, line, _ in told(entry.problems)] == [("warning", 6)]
    assert "quotes" in entry.problems[0].hint


def test_the_block_stays_under_sixty_words(scan):
    """However much an author writes."""
    words = " ".join(["word"] * 200)
    head = f"metadata:\n  slug: ch03\n  visual_thesis: {words}\n"
    many, more = (", ".join(f"{what}{n} of many" for n in range(30)) for what in ("colour", "thing"))
    body = f"    palette:\n      dominant: [{many}]\n      avoid: [{more}]\n"
    assert 40 < len(" ".join(one(scan, body, head).always).split()) < 60


def test_the_title_is_the_images_or_its_moments(scan):
    """Without either the id serves."""
    head = "metadata: {slug: ch03}\nmoments: [{id: m1, title: The Kettle Sings}]\n"
    assert one(scan, "    source_moment: m1\n", head).title == "The Kettle Sings"
    assert one(scan, "    source_moment: m1\n    title: Own\n", head).title == "Own"
    assert one(scan, "    source_moment: m9\n", head).title == "img-07"


def test_the_file_tells_which_locations_it_uses_and_which_characters_it_only_lists(scan):
    """Each once, with its first place; of those that an image depicts more is told there."""
    head = (
        "metadata: {slug: ch03}\ncharacters: [{ref: pim}, {ref: ada}]\nlocations: [{ref: mill, zones: [{id: yard}]}]\n"
    )
    imagery = images(
        scan,
        "  - {custom_id: a, location: mill, depicts_characters: [ada]}\n  - {custom_id: b, location: quay}\n",
        head,
    )
    assert {(use.name, str(use), use.position.line) for use in imagery.uses} == {
        ("location", "mill", 5),
        ("location", "quay", 6),
        ("character", "pim", 2),
    }


@pytest.mark.parametrize(
    "change", [lambda b: b.replace(b"\n", b"\r\n"), lambda b: b"\xef\xbb\xbf" + b, lambda b: b.rstrip()]
)
def test_line_ends_marks_and_missing_newlines_change_nothing(scan, change):
    """Places and texts are those of the plain file."""
    text = (
        HEAD + "images:\n  - custom_id: a # note\n    prompt_used: |\n      a hen\n      asleep\n    size: 64x64\n"
    ).encode()
    plain, changed = scan(text).entries[0], scan(change(text)).entries[0]
    assert (changed.id, changed.position, changed.prompt, changed.size) == (
        plain.id,
        plain.position,
        plain.prompt,
        plain.size,
    )


def test_anchors_aliases_and_merge_keys_are_looked_through(scan):
    """An image may take its size from a shared mapping; its own keys win."""
    head = "metadata: {slug: ch03}\nshared: &shared {size: 64x64, negative_prompt: fog}\n"
    entry = one(scan, "    <<: *shared\n    negative_prompt: rain\n", head)
    assert (entry.size, entry.negative_prompt) == (Size(64, 64), ("rain",))
    assert entry.data["size"] == "64x64"


def test_the_slots_of_an_image_are_its_outputs(scan):
    """All six, in the order of the file's own habit."""
    made = SlotValues(
        "2030-01-02T03:04:05Z", "img-07.png", "generated/chapters/ch03/img-07.png", "sketch", "sketch", {"record": "1"}
    )
    entry = one(scan, "    tags: []\n")
    edit = kinds.named(entry.kind).slots(entry, made)
    assert edit == SetSlots(
        ("images", 0),
        {
            "generated_at": "2030-01-02T03:04:05Z",
            "file_name": "img-07.png",
            "file_path": "generated/chapters/ch03/img-07.png",
            "provider": "sketch",
            "model": "sketch",
            "provider_metadata": {"record": "1"},
        },
        {"provider_metadata": METADATA},
    )
    assert next(iter(edit.values)) == "generated_at"


def test_items_of_lists_that_have_another_shape_are_told(scan, told):
    """A list is no slug and no inventory id; a map with an id is one."""
    head = "metadata: {slug: ch03}\ncharacters: [{ref: pim, reference_images: [{id: face}, ~, [a]]}]\n"
    entry = one(scan, "    depicts_characters: [pim, [odo]]\n", head)
    assert entry.depicts[0].reference_ids == ("face",)
    assert [(severity, line) for severity, line, _ in told(entry.problems)] == [("error", 2), ("error", 5)]


def test_blank_states_and_moments_without_a_title_say_nothing(scan):
    """Placeholders of authors who come back later."""
    head = "metadata: {slug: ch03}\nmoments: [{id: m1}, {title: x}]\n"
    entry = one(scan, "    source_moment: m1\n    character_states: {pim: ''}\n", head)
    assert (entry.title, entry.problems) == ("img-07", ())


def test_palettes_come_in_every_shape(scan):
    """Lists, texts, maps of names, maps as items; items without a colour are passed over."""
    for palette in (
        "[rust, straw]",
        "{dominant: {a: rust, b: straw}}",
        "{walls: rust, floor: [straw]}",
        "[{name: rust, hex: '#000000'}, {hex: '#e4d96f'}, {share: 9}]",
    ):
        entry = one(scan, f"    palette: {palette}\n")
        assert entry.always == ("Palette: rust, straw.",)
    assert one(scan, "    palette: rust\n").always == ("Palette: rust.",)


def test_the_picture_of_a_merged_entry_is_not_one_s_own(scan):
    """Slots that come in through `<<` tell of another entry's picture; a record put in later goes into the entry."""
    line = f"1 in={'0' * 64} file={'1' * 64} size=1"
    imagery = scan(
        f"""
        metadata: {{slug: ch01, entity_type: chapter-imagery}}
        images:
          - &a
            custom_id: a
            prompt_used: A door.
            file_path: generated/chapters/ch01/a.png
            model: m
            provider_metadata: {{record: "{line}", note: mine}}
          - <<: *a
            custom_id: b
        """
    )
    first, second = imagery.entries
    assert str(first.outputs.record) == line
    assert second.outputs == Outputs()
    assert second.prompt == "A door."
    filled = {"provider_metadata": frozenset({"record"})}
    for number, entry in enumerate((first, second)):
        edit = SetSlots(("images", number), {"provider_metadata": {"record": "x"}}, filled)
        assert record_edit(entry, "x", "p") == edit


@pytest.mark.parametrize(
    ("declared", "image", "expected"),
    [("[]", "", False), ("none", "", True), ("None", "", True), ("[none]", "", False), ("[]", "none", True)],
)
def test_no_picture_on_purpose_is_said_of_a_character_or_an_image(scan, declared, image, expected):
    """`reference_images: none` is neither an id nor a wrong shape."""
    head = f"metadata: {{slug: ch03}}\ncharacters:\n  - {{ref: pim, reference_images: {declared}}}\n"
    own = f", reference_images: {image}" if image else ""
    (entry,) = images(scan, f"  - {{custom_id: a, prompt_used: A hen, depicts_characters: [pim]{own}}}\n", head).entries
    (pim,) = entry.depicts
    assert (pim.no_portrait, pim.declared_at.line) == (expected, 3)
    assert not expected or pim.reference_ids == ()
    assert entry.problems == ()
