"""The author's word on an image: approve, reject, lock, unlock and accept, through real commands."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from servers import pictures
from servers.loopback import held
from servers.openai_server import OpenAIServer
from support.forks import Forks
from support.project import Project, Run

PAID = "openai/gpt-image-2.6-flare"
CH01 = "imagery/chapters/ch01/imagery.yaml"


@pytest.fixture
def book(tmp_path: Path, openai: OpenAIServer, forks: Forks) -> Project:
    """Two images, one of which shows a planned portrait; all built and paid for."""
    made = Project(tmp_path, "[tool.chargen.providers.openai]\nper_minute = 6000\n", env=openai.environ)
    made.character("alice", "A girl with a lamp.", route=PAID)
    made.chapter("ch01", {"a": "A lamp.", "b": "A door."}, entry="depicts_characters: [alice]", route=PAID)
    run = forks.run(made, "doit")
    assert run.code == 0, run.all
    assert len(openai.requests) == 3
    return made


def _ok(run: Run) -> Run:
    assert run.code == 0, run.all
    return run


def _verdicts(forks: Forks, book: Project) -> dict[str, str]:
    plan = _ok(forks.run(book, "chargen", "plan", "--json")).json
    return {image["id"]: image["verdict"] for image in plan["images"]}


def test_approving_changes_one_line_and_keeps_the_image(book: Project, openai: OpenAIServer, forks: Forks) -> None:
    """`approve` inserts one line into the entry; then neither an edit, nor `batch`, nor `-a` rebuilds the image."""
    before = book.read(CH01).splitlines(keepends=True)
    told = _ok(forks.run(book, "chargen", "approve", "chapters/ch01/a"))
    assert told.out == "approved: chapters/ch01/a\nthis makes no image stale\n"
    after = book.read(CH01).splitlines(keepends=True)
    added = [line for line in after if "status" in line]
    assert added == ['    status: "approved"\n']  # quoted as the author quotes
    after.remove(added[0])
    assert after == before

    book.edit(CH01, "A lamp.", "A candle.")
    planned = _ok(forks.run(book, "chargen", "plan")).out
    assert "locked: chapters/ch01/a: status is approved; would be stale: prompt used changed" in planned
    built = _ok(forks.run(book, "doit"))
    assert "locked: chapters/ch01/a" in built.out
    assert "would be stale" in built.out
    _ok(forks.run(book, "doit", "-a", "chapters/ch01/a"))
    _ok(forks.run(book, "chargen", "batch", "chapters"))
    assert len(openai.requests) == 3

    _ok(forks.run(book, "doit", "--rebuild", "chapters/ch01/a"))
    assert len(openai.requests) == 4
    assert "A candle." in openai.requests[-1].prompt
    kept = list(book.root.glob(".chargen/history/chapters/ch01/a/*.png"))
    assert len(kept) == 1


def test_a_status_says_what_it_makes_stale_and_at_what_price(book: Project, openai: OpenAIServer, forks: Forks) -> None:
    """Rejecting a portrait makes its users wait for the new one, with a price; locked ones are told apart."""
    _ok(forks.run(book, "chargen", "lock", "chapters/ch01/b"))
    told = _ok(forks.run(book, "chargen", "reject", "characters/alice/alice-portrait", "--json")).json
    assert [item["after"] for item in told["images"]] == ["rejected"]
    assert [image["id"] for image in told["held"]] == ["chapters/ch01/b"]
    stale = [image["id"] for image in told["stale"]]
    assert stale == ["characters/alice/alice-portrait", "chapters/ch01/a"]
    assert told["cost_usd"] == pytest.approx(sum(image["cost_usd"] for image in told["stale"]))
    assert told["cost_usd"] > 0
    _ok(forks.run(book, "doit"))
    assert len(openai.requests) == 3 + len(stale)
    assert len(openai.requests[-1].files) == 1, "its user is made with the new portrait, not without one"


def test_a_rejection_asks_once_until_it_is_repeated(book: Project, openai: OpenAIServer, forks: Forks) -> None:
    """A rejected image is made anew once; `reject` on the answer asks again, and the old ones stay in the history."""
    told = _ok(forks.run(book, "chargen", "reject", "chapters/ch01/a"))
    assert "this makes 1 image stale, $" in told.out
    for _ in range(2):
        _ok(forks.run(book, "doit"))
    assert len(openai.requests) == 4
    assert _verdicts(forks, book)["chapters/ch01/a"] == "fresh"

    again = _ok(forks.run(book, "chargen", "reject", "chapters/ch01/a"))
    assert again.out.startswith("rejected again: chapters/ch01/a")
    assert "rejected=answered" not in book.read(CH01)
    waiting = _ok(forks.run(book, "chargen", "reject", "chapters/ch01/a"))
    assert waiting.out == "rejected already: chapters/ch01/a\n"
    for _ in range(2):
        _ok(forks.run(book, "doit"))
    assert len(openai.requests) == 5
    assert len(list(book.root.glob(".chargen/history/chapters/ch01/a/*.png"))) == 2


def test_a_later_rejection_of_an_answer_asks_again(book: Project, openai: OpenAIServer, forks: Forks) -> None:
    """Approved after it answered a rejection and rejected once more, an image is made anew."""
    _ok(forks.run(book, "chargen", "reject", "chapters/ch01/a"))
    _ok(forks.run(book, "doit"))
    _ok(forks.run(book, "chargen", "approve", "chapters/ch01/a"))
    told = _ok(forks.run(book, "chargen", "reject", "chapters/ch01/a"))
    assert told.out.startswith("rejected: chapters/ch01/a (was approved)\nthis makes 1 image stale")
    _ok(forks.run(book, "doit"))
    assert len(openai.requests) == 5


def test_unlocking_ends_an_approval_and_says_what_follows(book: Project, openai: OpenAIServer, forks: Forks) -> None:
    """A locked image whose prompt changed becomes stale when it is unlocked; one that is not locked is left alone."""
    _ok(forks.run(book, "chargen", "lock", "chapters/ch01/*"))
    book.edit(CH01, "A lamp.", "A candle.")
    told = _ok(
        forks.run(book, "chargen", "unlock", "chapters/ch01/a", "characters/alice/alice-portrait", "--json")
    ).json
    by_id = {item["id"]: item for item in told["images"]}
    assert by_id["chapters/ch01/a"]["before"] == "locked"
    assert by_id["chapters/ch01/a"]["after"] == "draft"
    assert by_id["characters/alice/alice-portrait"]["changed"] is False
    assert [image["id"] for image in told["stale"]] == ["chapters/ch01/a"]
    assert "status" not in book.read("imagery/characters/alice/imagery.yaml")
    _ok(forks.run(book, "doit"))
    assert len(openai.requests) == 4


def test_nothing_is_approved_that_is_not_there(book: Project, forks: Forks) -> None:
    """An image without a picture is refused with exit 1, the others named along with it are approved all the same."""
    file = book.read(CH01)
    book.write(
        CH01, file.replace('  - custom_id: "b"', '  - {custom_id: "c", prompt_used: "A key."}\n  - custom_id: "b"')
    )
    run = forks.run(book, "chargen", "approve", "chapters/ch01/[bc]")
    assert run.code == 1
    assert "not approved: chapters/ch01/c: there is no picture yet" in run.out
    assert "approved: chapters/ch01/b\n" in run.out
    assert book.read(CH01).count("approved") == 1
    assert forks.run(book, "chargen", "approve").code == 3
    unknown = forks.run(book, "chargen", "approve", "chapters/ch01/d")
    assert unknown.code == 3
    assert "`chapters/ch01` has `a`, `c`, `b`" in unknown.err


@pytest.mark.parametrize("way", ["accept", "rebuild"])
def test_painted_over_by_hand(way: str, book: Project, openai: OpenAIServer, forks: Forks) -> None:
    """Never overwritten, said once a run; `accept` keeps it, `--rebuild` replaces it and puts it into the history."""
    painted = pictures.png(128, 96, 99, 0)
    book.image("chapters/ch01/a").write_bytes(painted)
    book.edit(CH01, "A lamp.", "A candle.")
    run = _ok(forks.run(book, "doit"))
    assert run.out.count("edited: ") == 1
    assert "  left alone: `chargen accept` takes one as current" in run.out
    assert _ok(forks.run(book, "doit", "-a", "chapters/ch01/a")).out.count("edited: ") == 1
    assert book.image("chapters/ch01/a").read_bytes() == painted
    assert len(openai.requests) == 3
    if way == "rebuild":
        _ok(forks.run(book, "doit", "--rebuild", "chapters/ch01/a"))
        assert len(openai.requests) == 4
        kept = [path.read_bytes() for path in book.root.glob(".chargen/history/chapters/ch01/a/*.png")]
        assert painted in kept
        return
    told = _ok(forks.run(book, "chargen", "accept", "chapters/ch01/a"))
    assert told.out == "accepted: chapters/ch01/a (was edited)\n"
    assert _ok(forks.run(book, "chargen", "accept", "chapters/ch01/a")).out == "fresh already: chapters/ch01/a\n"
    assert set(_verdicts(forks, book).values()) == {"fresh"}
    _ok(forks.run(book, "doit"))
    assert book.image("chapters/ch01/a").read_bytes() == painted
    assert len(openai.requests) == 3
    book.edit(CH01, "A candle.", "A torch.")
    assert _verdicts(forks, book)["chapters/ch01/a"] == "stale"


def test_accepting_makes_a_stale_image_fresh_and_says_what_it_can_not(
    book: Project, openai: OpenAIServer, forks: Forks
) -> None:
    """A typo is corrected and the picture kept; what is not there is refused with exit 1."""
    book.edit(CH01, "A lamp.", "A lamp ...")
    assert _verdicts(forks, book)["chapters/ch01/a"] == "stale"
    book.image("chapters/ch01/b").unlink()
    run = forks.run(book, "chargen", "accept", "chapters/ch01/*", "--json")
    assert run.code == 1
    by_id = {item["id"]: item for item in run.json["images"]}
    assert by_id["chapters/ch01/a"]["changed"] is True
    assert by_id["chapters/ch01/b"]["refused"]
    assert _verdicts(forks, book)["chapters/ch01/a"] == "fresh"
    _ok(forks.run(book, "doit"))
    assert len(openai.requests) == 3


def test_a_build_that_goes_on_meanwhile_obeys(book: Project, openai: OpenAIServer, forks: Forks) -> None:
    """Approved while its request waits for its turn, an image is not sent for; its approval stays in the file."""
    release = held_request(openai)
    book.edit(CH01, "A lamp.", "A candle.")
    book.edit(CH01, "A door.", "A gate.")
    book.settings("[tool.chargen.providers.openai]\nper_minute = 6000\nworkers = 1\n")
    build = forks.start(book, "doit")
    openai.wait_for(4)
    waiting = "b" if "A candle." in openai.requests[3].prompt else "a"
    _ok(forks.run(book, "chargen", "approve", f"chapters/ch01/{waiting}"))
    release.set()
    run = forks.wait(build)
    assert "not sent: while it waited the image became locked" in run.all
    assert len(openai.requests) == 4
    text = book.read(CH01)
    assert text.count("approved") == 1


def held_request(server: OpenAIServer) -> Any:
    """Let the next request wait for an event."""
    event = threading.Event()
    server.at(len(server.requests) + 1, held(event))
    return event


def test_a_location_keeps_its_pictures_in_a_list(tmp_path: Path, forks: Forks) -> None:
    """The status goes into the entry, the mark into its last picture's record, and each answer is one picture more."""
    book = Project(tmp_path)
    file = "imagery/locations/quay/imagery.yaml"
    book.write(
        file,
        "metadata: {slug: quay, entity_type: location-imagery}\n"
        "generation_defaults: {provider: sketch, model: sketch}\n"
        "overview:\n  prompt_used: A quay.  # wide\n  size: 64x64\n",
    )
    _ok(forks.run(book, "doit"))
    for expected in (2, 3):
        _ok(forks.run(book, "chargen", "reject", "locations/quay/overview"))
        for _ in range(2):
            _ok(forks.run(book, "doit"))
        assert len(book.records(file)) == expected
    assert book.read(file).count("status: rejected\n") == 1
    assert "A quay.  # wide\n" in book.read(file)
