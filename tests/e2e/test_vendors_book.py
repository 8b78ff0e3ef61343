"""The example book against both vendors, which fail in every way they know: complete, and never asked twice in vain."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from pathlib import Path

import pytest
from servers.google_server import GoogleServer
from servers.openai_server import OpenAIServer
from support import tree
from support.example import PARTS, declare, example_book
from support.faulty import GOOGLE, OPENAI, UNANSWERED, FaultyGoogle, FaultyOpenAI
from support.forks import Forks
from support.project import REPOSITORY, Project

FLARE, BANANA = "openai/gpt-image-2.6-flare", "google/gemini-nano-banana-2.1"
PACE = "workers = 4\nper_minute = 6000\n"
SETTINGS = f"\n[tool.chargen.providers.openai]\n{PACE}[tool.chargen.providers.google]\n{PACE}"
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


@pytest.mark.long
@pytest.mark.parametrize(
    ("command", "google_part"), [(("doit",), "locations"), (("chargen", "batch", "all"), "chapters")]
)
def test_the_book_is_completed_whatever_the_vendors_do(
    command: tuple[str, ...], google_part: str, tmp_path: Path, forks: Forks
) -> None:
    """Every kind of failure once: it costs one request more and is a row of the journal; what may be billed is said."""
    with FaultyOpenAI(strict=True) as openai, FaultyGoogle() as google:
        book = example_book(tmp_path, {**openai.environ, **google.environ})
        book.write("pyproject.toml", book.read("pyproject.toml") + SETTINGS)
        for part in PARTS:
            declare(book, part, BANANA if part == google_part else FLARE)
        before = tree.yaml_files(book)
        run = forks.run(book, *command)
        assert run.code == 0, run.all
        pictures = len(book.images())
        assert pictures > 80
        assert len(openai.prompts) + len(google.prompts) == pictures
        assert len(openai.prompts) > len(OPENAI)
        assert len(google.prompts) > len(GOOGLE)
        for server, faults in ((openai, OPENAI), (google, GOOGLE)):
            asked = Counter(seen.prompt for seen in server.requests)
            assert set(asked.values()) == {1, 2}, "an image was asked for more often than its fault cost"
            assert len(server.requests) == len(server.prompts) + len(faults)
            assert sorted(prompt for prompt, times in asked.items() if times == 2) == sorted(
                server.prompts[: len(faults)]
            )
        tree.slots_only(book, before)
        tree.all_agrees(book, book.images())
        rows = dict(tree.journal(book, "SELECT provider, count(*) FROM attempts GROUP BY provider"))
        assert rows == {"openai": len(openai.requests), "google": len(google.requests)}
        billed = tree.journal(book, "SELECT count(*) FROM attempts WHERE possibly_billed AND cost_usd IS NULL")
        assert billed == [(sum(UNANSWERED),)]
        assert f"possibly billed: {sum(UNANSWERED)} requests that brought nothing, $" in run.out
        again = forks.run(book, *command)
        assert again.code == 0, again.all
        assert len(openai.requests) + len(google.requests) == pictures + len(OPENAI) + len(GOOGLE)


def _readme_route() -> str:
    """The lines of settings in the README's section, as an author would paste them."""
    section = README.partition("## From sketches to paid images")[2].partition("\n## ")[0]
    assert len([line for line in section.splitlines() if line.strip()]) <= 12
    found = re.search(r"```toml\n(.*?)```", section, re.DOTALL)
    assert found
    return "".join(line.strip() + "\n" for line in found[1].splitlines())


def _totals(book: Project, forks: Forks) -> dict[str, int]:
    run = forks.run(book, "chargen", "plan", "--json")
    assert run.code == 0, run.all
    return dict(run.json["totals"])


@pytest.mark.long
def test_from_sketches_to_paid_images(tmp_path: Path, forks: Forks) -> None:
    """The README's way: the route's line and a key make every sketch a proof, and change nothing else."""
    with OpenAIServer(strict=True) as openai:
        book = example_book(tmp_path, {"OPENAI_API_KEY": "", "GEMINI_API_KEY": ""})
        for chapter in sorted((book.root / "imagery/chapters").iterdir())[3:]:
            shutil.rmtree(chapter)
        assert forks.run(book, "doit").code == 0
        sketches = {entry_id: tree.sha256(book.image(entry_id)) for entry_id in book.images()}
        files = tree.yaml_files(book)
        fresh = _totals(book, forks)
        assert fresh["fresh"] == len(sketches) > 30
        book.write("pyproject.toml", f"{book.read('pyproject.toml')}\n{_readme_route()}")
        book.env.update(openai.environ)
        plan = forks.run(book, "chargen", "plan").out
        expected = {("proof" if verdict == "fresh" else verdict): number for verdict, number in fresh.items()}
        assert _totals(book, forks) == expected
        assert re.search(rf"{len(sketches)} to send to {FLARE}.*\$", plan), plan
        assert (tree.yaml_files(book), openai.requests) == (files, [])
        run = forks.run(book, "doit", "--budget", "1")
        assert run.code == 0, run.all
        some = len(openai.requests)
        assert 0 < some < len(sketches)
        assert len(re.findall("^left out: ", run.out, re.MULTILINE)) == len(sketches) - some
        run = forks.run(book, "doit")
        assert run.code == 0, run.all
        assert len(openai.requests) == len(sketches)
        assert _totals(book, forks) == fresh
        assert all(tree.sha256(book.image(entry_id)) != sketch for entry_id, sketch in sketches.items())
        tree.slots_only(book, files)
        kept = {tree.sha256(path) for path in (book.root / ".chargen/history").rglob("*.png")}
        assert kept >= set(sketches.values()), "a sketch was thrown away"


def test_gemini_takes_the_sketches_places_too(tmp_path: Path, forks: Forks) -> None:
    """The same with the other vendor's key and route, for one chapter."""
    with GoogleServer() as google:
        book = example_book(tmp_path, google.environ)
        ids = "chapters/ch10/*"
        assert forks.run(book, "doit", ids).code == 0
        route = _readme_route().replace(FLARE, BANANA)
        book.write("pyproject.toml", f"{book.read('pyproject.toml')}\n{route}")
        built = len(book.images())
        run = forks.run(book, "doit", ids)
        assert run.code == 0, run.all
        assert len(google.requests) == built == run.out.count(f"built by {BANANA}")
