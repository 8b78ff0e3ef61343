"""Whatever an author writes: a scan never raises, and what it finds is sound."""

from hypothesis import given, settings
from hypothesis import strategies as st

from chargen import kinds
from chargen.errors import InputError
from chargen.kinds.names import fault
from chargen.model.values import Size
from chargen.plan.resolve import resolve
from chargen.yaml.document import parse

LEAVES = st.sampled_from(
    ["~", "", "a", "pim", "mill", "010", "16:9", "64x64", "0x0", "banana", "..", "a/b", "dusk", "'#708090'", "approved",
     "true", "[]", "{}", "[~]", "[[a]]", "{a: b}", "&x [*x]", "&y {b: *y}", "''", "chapter-imagery",
     "character", "'1 in=x'"]
)  # fmt: skip
KEYS = [
    "metadata", "entity_type", "slug", "location_slug", "images", "custom_id", "prompt_used", "prompt", "size",
    "aspect_ratio", "palette", "color_palette", "dominant", "avoid", "characters", "ref", "reference_images",
    "depicts_characters", "character_states", "status", "overview", "parts", "zones", "zone_slug", "image_slug",
    "beat_images", "image_spec", "character_refs", "generated_images", "location_visual_anchor", "signature_elements",
    "characteristic_light", "color_anchors", "image_inventory", "id", "path", "is_reference_portrait", "content",
    "appearance", "generation_defaults", "negative_prompts", "provider_metadata", "record", "moments", "title", "<<",
    "visual_thesis", "time_of_day", "locations", "quality",
]  # fmt: skip


def flow(value):
    """Write nested values as flow YAML; leaves are YAML already."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(inner) for inner in value) + "]"
    return value


TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=6)),
    max_leaves=25,
)

WHOLE = {
    "chapter": {
        "metadata": {"slug": "ch03", "color_palette": {"primary": ["'#708090'"]}, "visual_thesis": "a thesis"},
        "characters": [{"ref": "pim", "reference_images": ["face"]}],
        "images": [
            {"custom_id": "a", "size": "64x64", "depicts_characters": ["pim"], "palette": {"dominant": ["rust"]}}
        ],
    },
    "location": {
        "metadata": {"slug": "mill"},
        "location_visual_anchor": {"signature_elements": ["a wheel"], "characteristic_light": {"dusk": "red"}},
        "overview": {"prompt_used": "a mill", "generated_images": [{"file_path": "a.png"}]},
        "zones": [{"zone_slug": "yard", "images": [{"image_slug": "b", "prompt": "a yard"}]}],
        "beat_images": [{"beat_slug": "c", "image_spec": {"prompt": "a beat", "character_refs": ["pim"]}}],
    },
    "character": {
        "slug": "pim",
        "appearance": "a hen",
        "image_inventory": [
            {"id": "face", "prompt_used": "a hen"},
            {"id": "back", "path": "b.png", "status": "approved"},
        ],
    },
}


def places(tree, path=()):
    """Yield the path of every node."""
    yield path
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in inner:
        yield from places(value, (*path, key))


def replaced(tree, path, value):
    """Return a copy with the node at `path` replaced."""
    if not path:
        return value
    copy = dict(tree) if isinstance(tree, dict) else list(tree)
    copy[path[0]] = replaced(tree[path[0]], path[1:], value)
    return copy


@st.composite
def damaged(draw):
    """A sound file in which up to three nodes were replaced by anything."""
    tree = WHOLE[draw(st.sampled_from(sorted(WHOLE)))]
    for _ in range(draw(st.integers(1, 3))):
        tree = replaced(tree, draw(st.sampled_from(list(places(tree)))), draw(TREES))
    return tree


def look_at(value, depth=3):
    """Read what templates could read."""
    if depth and hasattr(value, "items"):
        for inner in value.values():
            look_at(inner, depth - 1)
    elif depth and isinstance(value, tuple):
        for inner in value:
            look_at(inner, depth - 1)


@settings(max_examples=300)
@given(st.one_of(damaged(), TREES))
def test_a_scan_never_raises_and_what_it_finds_is_sound(tree):
    """Ids can name files, are unique, blocks are short; every entry resolves."""
    try:
        document = parse((flow(tree) + "\n").encode(), "imagery/x/imagery.yaml")
    except InputError:
        return
    imagery = kinds.scan(document, Size(64, 64), "generated")
    if imagery is None:
        return
    ids = [entry.id for entry in imagery.entries]
    assert len(ids) == len(set(ids))
    people = {character.slug: character for character in imagery.characters}
    for entry in imagery.entries:
        folder, slug, name = entry.id.split("/")
        assert folder == f"{entry.kind}s"
        assert not fault(slug)
        assert not fault(name)
        assert len(" ".join(entry.always).split()) < 60
        assert entry.size is not None or entry.problems
        look_at(entry.data)
        resolve(entry, people, {}, describe=False)
    for problem in (*imagery.problems, *(p for entry in imagery.entries for p in entry.problems)):
        assert problem.position
        assert problem.position.file == "imagery/x/imagery.yaml"
