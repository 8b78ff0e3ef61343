"""What the author changes while a request is on its way: the image is recorded against what was sent."""

import hashlib
import json
import threading
from collections.abc import Callable

import pytest
from servers import pictures
from servers.loopback import held
from servers.openai_server import OpenAIServer
from support.project import Project

from proof.books import OPENAI
from proof.tally import Bench

FACE = "imagery/characters/alice/face.png"


def _template(book: Project) -> None:
    book.edit("prompts/chapter.txt.j2", "{", "Seen from above.\n{")


def _portrait(book: Project) -> None:
    book.write(FACE, pictures.png(64, 64, 2))


def _settings(book: Project) -> None:
    book.settings('style_prefix = "In ink."\n')


def _prompt(book: Project) -> None:
    book.edit("imagery/chapters/ch01/imagery.yaml", "A lamp.", "A lantern.")


@pytest.mark.parametrize("change", [_template, _portrait, _settings, _prompt])
def test_changed_while_a_request_is_on_its_way(
    bench: Callable[[int], Bench], change: Callable[[Project], None]
) -> None:
    """The record tells of what the vendor got, and the next plan knows that the image is out of date."""
    place, release = bench(1), threading.Event()
    with OpenAIServer() as server:
        book = Project(place.folder / "book", env=server.environ)
        book.write(FACE, pictures.png(64, 64, 1))
        book.write(
            "imagery/characters/alice/imagery.yaml",
            "entity_type: character\nslug: alice\nimage_inventory:\n  - {id: face, path: face.png, "
            "is_reference_portrait: true}\n",
        )
        book.chapter("ch01", {"a": "A lamp."}, route=OPENAI, entry="depicts_characters: [alice]")
        server.at(1, held(release))
        pid = place.forks.start(book, "doit")
        (seen,) = server.wait_for(1, 30)
        change(book)
        release.set()
        run = place.forks.wait(pid)
        assert run.code == 0, run.all
        record = json.loads((book.originals()[0] / "record.json").read_bytes())
        assert (record["sent_prompt"] or record["prompt"]) == seen.prompt
        (sent,) = seen.files
        assert [item["sha256"] for item in record["references"]] == [hashlib.sha256(sent.data).hexdigest()]
        plan = place.forks.run(book, "chargen", "plan", "--json").json
        assert plan["totals"] == {"stale": 1}, plan
