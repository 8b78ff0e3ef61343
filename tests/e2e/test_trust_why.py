"""`chargen why`: the verdict as a diff an author can read, also months later, also in a bare clone."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from PIL import Image
from servers.openai_server import OpenAIServer
from support.forks import Forks
from support.project import Project, Run

from chargen.model.record_line import RecordLine
from chargen.store.pictures import own_record

PAID = "openai/gpt-image-2.6-flare"
CH01 = "imagery/chapters/ch01/imagery.yaml"
CAST = "characters:\n  - ref: alice\n    reference_images: [alice-portrait]\n"
ENTRY = "depicts_characters: [alice]\nnegative_prompt: text, blur"


@pytest.fixture
def book(tmp_path: Path, forks: Forks) -> Project:
    """A portrait and an image that shows it, both sketched."""
    made = Project(tmp_path, 'style_prefix = "Cut paper."\n')
    made.character("alice", "Alice, a girl in a blue dress.")
    made.chapter("ch01", {"a": "A brass lamp on the table."}, entry=ENTRY, extra=CAST)
    _ok(forks.run(made, "doit"))
    return made


def _ok(run: Run) -> Run:
    assert run.code == 0, run.all
    return run


def _why(forks: Forks, book: Project, target: str = "chapters/ch01/a") -> dict[str, Any]:
    (found,) = _ok(forks.run(book, "chargen", "why", target, "--json")).json["images"]
    return found


def _tree(root: Path) -> dict[str, tuple[int, bytes]]:
    return {
        path.relative_to(root).as_posix(): (path.stat().st_mtime_ns, path.read_bytes())
        for path in root.rglob("*")
        if path.is_file()
    }


def test_each_changed_part_is_told_with_its_words_and_its_place(book: Project, forks: Forks) -> None:
    """Prompt, template, style, negative prompt and size: then and now word by word, with file and line or template."""
    book.edit(CH01, "brass lamp", "small paper lantern")
    book.edit(CH01, "text, blur", "text, blur, hands")
    book.edit(CH01, "128x96", "96x128")
    book.edit("prompts/chapter.txt.j2", "{{ prompt }}", "{{ prompt }}\n\nNo letters anywhere.")
    before = _tree(book.root)
    text = _ok(forks.run(book, "chargen", "why", "generated/chapters/ch01/a.png")).out
    assert _tree(book.root) == before, "explaining writes nothing"
    lines = text.split("\n")
    assert lines[0] == "chapters/ch01/a  stale"
    number = 1 + next(i for i, line in enumerate(book.read(CH01).split("\n")) if "prompt_used" in line)
    assert f"prompt_used  {CH01}:{number}:18\n  A [-brass lamp-]{{+small paper lantern+}} on the table." in text
    assert "template  prompts/chapter.txt.j2\n  {+No letters anywhere.+}" in text
    assert "text, blur{+, hands+}" in text
    assert "[-128x96-]{+96x128+}" in text
    assert "by sketch/sketch, $0.00, attempt " in text
    assert "references" not in text
    assert text.endswith("a rebuild costs $0.00 by estimate, with sketch/sketch\n")
    assert "\x1b" not in text


def test_an_explanation_names_what_a_build_then_builds(book: Project, forks: Forks) -> None:
    """Before a build the parts are the verdict's reasons; after it the image is fresh and nothing is left to tell."""
    book.edit(CH01, "brass lamp", "paper lantern")
    told = _why(forks, book)
    assert told["verdict"] == "stale"
    assert [part["part"] for part in told["parts"]] == ["prompt.prompt_used"]
    assert told["reasons"] == [f"prompt used changed ({told['parts'][0]['source']})"]
    _ok(forks.run(book, "doit"))
    told = _why(forks, book)
    assert (told["verdict"], told["parts"], told["references"]) == ("fresh", [], [])


def test_references_added_removed_reordered_and_changed(book: Project, forks: Forks) -> None:
    """Pictures are told apart by their bytes, places by their paths, and a portrait to be built is awaited."""
    for name, colour in (("one", b"1"), ("two", b"2")):
        data = book.image("characters/alice/alice-portrait").read_bytes()
        book.write(f"imagery/characters/alice/{name}.png", data + colour)
    book.write(
        "imagery/characters/alice/imagery.yaml",
        "entity_type: character\nslug: alice\nappearance: tall\nimage_inventory:\n"
        "  - {id: one, path: one.png}\n  - {id: two, path: two.png}\n",
    )
    book.edit(CH01, "[alice-portrait]", "[one, two]")
    _ok(forks.run(book, "doit"))
    book.edit(CH01, "[one, two]", "[two, one]")
    told = [(item["change"], item["path"], item["was"], item["number"]) for item in _why(forks, book)["references"]]
    assert told == [("moved", "imagery/characters/alice/one.png", 1, 2)]
    book.edit(CH01, "[two, one]", "[one]")
    told = [(item["change"], item["path"]) for item in _why(forks, book)["references"]]
    assert told == [("removed", "imagery/characters/alice/two.png")]
    book.edit(CH01, "[one]", "[one, two]")
    book.write("imagery/characters/alice/two.png", book.image("chapters/ch01/a").read_bytes())
    told = [(item["change"], item["path"]) for item in _why(forks, book)["references"]]
    assert told == [("changed", "imagery/characters/alice/two.png")]


def test_a_portrait_that_is_rebuilt_first_is_told(book: Project, forks: Forks) -> None:
    """An image whose portrait is stale says so, and its own changes too."""
    book.edit("imagery/characters/alice/imagery.yaml", "blue dress", "red dress")
    book.edit(CH01, "brass", "paper")
    told = _why(forks, book)
    assert [item["change"] for item in told["references"]] == ["awaited"]
    assert [part["diff"].strip() for part in told["parts"]] == ["A [-brass-]{+paper+} lamp on the table."]
    assert "reference `generated/characters/alice/alice-portrait.png` will be rebuilt" in told["reasons"]


def test_months_later_without_originals_and_journal_the_pictures_own_text_tells(book: Project, forks: Forks) -> None:
    """A fresh clone has the PNG and the YAML: the old words come out of the PNG."""
    shutil.rmtree(book.root / ".chargen")
    book.edit(CH01, "brass", "paper")
    told = _why(forks, book)
    assert told["parts"][0]["before"].strip() == "A brass lamp on the table."
    assert told["made"]["cost_usd"] == 0
    assert told["made"]["by"] == "sketch/sketch"


def test_where_only_hashes_are_left_the_parts_are_named(book: Project, forks: Forks) -> None:
    """With neither originals nor text in the picture, a line with parts names what changed; its text is gone."""
    shutil.rmtree(book.root / ".chargen")
    target = book.image("chapters/ch01/a")
    (new,) = book.records(CH01)
    line, (record, _) = RecordLine.parse(new), own_record(target.read_bytes())
    assert line is not None and record is not None
    parts = tuple((part.name, part.digest) for part in record.parts)
    book.edit(CH01, new, replace(line, parts=parts, version="1").format())
    pointer = (
        f"version https://git-lfs.github.com/spec/v1\noid sha256:{_file_hash(book)}\nsize {target.stat().st_size}\n"
    )
    target.write_text(pointer)
    book.edit(CH01, "brass", "paper")
    text = _ok(forks.run(book, "chargen", "why", "chapters/ch01/a")).out
    assert f"prompt_used  {CH01}:" in text
    assert "[-" not in text
    assert "the old text is not here: only hashes of it are left" in text
    assert "run `git lfs pull`" in text
    assert not _why(forks, book)["old_text_known"]


def _file_hash(book: Project) -> str:
    (line,) = map(RecordLine.parse, book.records(CH01))
    assert line is not None
    return line.file


def test_drift_is_shown_and_rebuilds_only_what_rebuild_on_names(
    tmp_path: Path, openai: OpenAIServer, forks: Forks
) -> None:
    """Another declared model or quality leaves an image fresh, in `plan` and `why`; `rebuild_on` makes it stale."""
    limits = "[tool.chargen.providers.openai]\nper_minute = 6000\n"
    book = Project(tmp_path, limits, env=openai.environ)
    book.chapter("ch01", {"a": "A lamp."}, route=PAID)
    book.edit(CH01, "generation_defaults: {", "generation_defaults: {quality: low, ")
    _ok(forks.run(book, "doit"))
    book.edit(CH01, "quality: low", "quality: high")
    told = _why(forks, book)
    assert (told["verdict"], told["drift"]) == ("fresh", ["quality was `low`, is `high`"])
    assert told["rebuild_cost_usd"] > told["made"]["cost_usd"] > 0
    text = _ok(forks.run(book, "chargen", "why", "chapters/ch01/a")).out
    assert "quality was `low`, is `high`; rebuilt for that only if `rebuild_on` says so" in text
    assert "quality was `low`, is `high`" in _ok(forks.run(book, "chargen", "plan", "--all")).out
    _ok(forks.run(book, "doit"))
    assert len(openai.requests) == 1
    book.settings('rebuild_on = ["model"]\n' + limits)
    assert _why(forks, book)["verdict"] == "fresh"
    book.settings('rebuild_on = ["quality"]\n' + limits)
    told = _why(forks, book)
    assert (told["verdict"], told["reasons"]) == ("stale", ["quality was `low`, is `high`"])
    _ok(forks.run(book, "doit"))
    assert len(openai.requests) == 2
    assert _why(forks, book)["verdict"] == "fresh"


def test_an_image_that_is_not_built_yet_and_one_painted_over(book: Project, forks: Forks) -> None:
    """Nothing to compare for the one; what to do for the other."""
    book.chapter("ch02", {"b": "A door."})
    text = _ok(forks.run(book, "chargen", "why", "chapters/ch02/b")).out
    assert text.split("\n")[0] == "chapters/ch02/b  missing"
    assert "building it costs $0.00 by estimate" in text
    target = book.image("chapters/ch01/a")
    with Image.open(target) as picture:
        painted = picture.convert("RGB")
    painted.putpixel((3, 3), (255, 0, 0))
    painted.save(target)
    text = _ok(forks.run(book, "chargen", "why", "chapters/ch01/*")).out
    assert "chapters/ch01/a  edited" in text
    assert "`chargen accept chapters/ch01/a` keeps it" in text


def test_a_target_that_is_none_is_an_error_with_a_suggestion(book: Project, forks: Forks) -> None:
    """Exit 3, nothing on stdout, and what the file has."""
    run = forks.run(book, "chargen", "why", "chapters/ch01/b")
    assert (run.code, run.out) == (3, "")
    assert "`chapters/ch01` has `a`" in run.err
