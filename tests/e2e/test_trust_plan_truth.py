"""What the plan says is what the servers get: set, order, bytes of the prompt, references and price, after any edits.

A property over random edits of a small book. The plan is what `chargen` prints; the other side is what two loopback
servers received from a real process, priced by the published rates. The suite tries the same few books each time;
`CHARGEN_EXAMPLES` sets how many others are tried, and what fails is then made as small as can be.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st
from servers import openai_server, pictures
from servers.google_server import GoogleServer
from servers.loopback import LoopbackServer, Seen
from servers.openai_server import OpenAIServer
from support import tree
from support.forks import Forks
from support.project import REPOSITORY, Project

from chargen.cli.main import run as chargen

EXPLORING = "CHARGEN_EXAMPLES" in os.environ
EXAMPLES = int(os.environ.get("CHARGEN_EXAMPLES", "12"))
PAID = "openai/gpt-image-2.6-flare"
CHAPTERS = ("imagery/chapters/ch01/imagery.yaml", "imagery/chapters/ch02/imagery.yaml")
PORTRAITS = ("imagery/characters/alice/imagery.yaml", "imagery/characters/hatter/imagery.yaml")
SIZES = ("1024x1024", "1536x1024", "1024x1536")
STATUSES = ("approved", "locked", "rejected", "archived", "draft")
WORDS = ("lamp", "door", "key", "süße Tür", "{{ braces }}", "鍵と扉", "# hash", "tea: cold")
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "ab" * 32 + "\nsize 12345\n"
RATES: dict[str, Any] = {
    name: rates
    for provider in ("google", "openai")
    for name, rates in tomllib.loads((REPOSITORY / f"chargen/providers/{provider}/models.toml").read_text())[
        "prices"
    ].items()
}


# The author's hands ---------------------------------------------------------------------------------------------------


@dataclass
class Author:
    """Edits a book as an author would, with an editor and a file manager. Numbers choose among what there is."""

    book: Project
    told: dict[str, str] = field(default_factory=dict)
    """What stands in `[tool.chargen]`."""
    count: int = 0

    def entries(self) -> list[tuple[str, str]]:
        """Return (file, own id) of every planned image."""
        found = []
        for file in (*CHAPTERS, *PORTRAITS):
            found += [
                (file, name) for name in re.findall(r'^  - (?:custom_id|id): "?([\w-]+)', self.book.read(file), re.M)
            ]
        return found

    def change(self, number: int, edit: Callable[[str], str]) -> None:
        """Edit the block of one entry."""
        entries = self.entries()
        if not entries:
            return
        file, name = entries[number % len(entries)]
        blocks = re.split(r"(?m)^(?=  - )", self.book.read(file))
        index = next(
            n for n, block in enumerate(blocks) if re.match(rf'  - (?:custom_id|id): "?{re.escape(name)}\b', block)
        )
        blocks[index] = edit(blocks[index])
        self.book.write(file, "".join(blocks))

    def target(self, number: int) -> Path:
        entries = self.entries()
        if not entries:
            return self.book.root / "generated/none.png"
        file, name = entries[number % len(entries)]
        _, kind, slug, _ = file.split("/")
        return self.book.image(f"{kind}/{slug}/{name}")

    # single edits

    def prompt(self, number: int, word: int) -> None:
        text = f"Picture {number % 7} of a {WORDS[word % len(WORDS)]}."
        self.change(
            number, lambda block: re.sub(r"prompt_used: .*", lambda _: f"prompt_used: {json.dumps(text)}", block)
        )

    def negative(self, number: int, word: int) -> None:
        self.set(number, "negative_prompt", json.dumps(f"no {WORDS[word % 3]}"))

    def size(self, number: int, word: int) -> None:
        self.set(number, "size", f'"{SIZES[word % len(SIZES)]}"')

    def status(self, number: int, word: int) -> None:
        self.set(number, "status", STATUSES[word % len(STATUSES)])

    def depicts(self, number: int, word: int) -> None:
        who = (["alice"], ["hatter"], ["hatter", "alice"], ["rabbit"], [], ["nobody"])[word % 6]
        self.set(number, "depicts_characters", json.dumps(who))

    def set(self, number: int, key: str, value: str) -> None:
        """Put a key right below the entry's first line, in the place of the one there is."""

        def edit(block: str) -> str:
            first, rest = re.sub(rf"(?m)^    {key}: .*\n", "", block).split("\n", 1)
            return f"{first}\n    {key}: {value}\n{rest}"

        self.change(number, edit)

    def rename(self, number: int, _word: int) -> None:
        self.count += 1
        self.change(number, lambda block: re.sub(r'(custom_id: "\w+)"', rf'\g<1>{self.count}"', block))

    def remove(self, number: int, _word: int) -> None:
        if number % len(self.entries()) < len(self.entries()) - len(PORTRAITS) - 1:
            self.change(number, lambda _: "")

    def template(self, number: int, word: int) -> None:
        name = ("chapter", "character")[number % 2]
        self.book.edit(
            f"prompts/{name}.txt.j2", "{{ prompt }}", ("{{ prompt }} Seen at dusk.", "{{ prompt }}")[word % 2]
        )

    def style(self, _number: int, word: int) -> None:
        self.told["style_prefix"] = json.dumps(("Gouache.", "Ink and wash.")[word % 2])

    def quality(self, _number: int, word: int) -> None:
        self.told["providers.openai.quality"] = ('"low"', '"medium"', '"high"')[word % 3]

    def rebuild_on(self, _number: int, word: int) -> None:
        self.told["rebuild_on"] = ("[]", '["quality"]', '["provider"]', '["model", "quality"]')[word % 4]

    def route(self, _number: int, word: int) -> None:
        to = (PAID, "google/gemini-nano-banana-2.1", "openai/gpt-image-2.5-flare", "sketch/sketch")[word % 4]
        self.told['routes."openai/*"'] = f'"{to}"'

    def describe(self, _number: int, word: int) -> None:
        self.told["missing_references"] = ('"describe"', '"block"')[word % 2]

    def reference(self, _number: int, word: int) -> None:
        path = self.book.root / "imagery/characters/rabbit/rabbit.png"
        if word % 4 == 0:
            path.unlink(missing_ok=True)
        elif word % 4 == 1:
            path.write_text(POINTER)
        else:
            path.write_bytes(pictures.png(32, 32, word, 0))

    def delete(self, number: int, _word: int) -> None:
        self.target(number).unlink(missing_ok=True)

    def paint(self, number: int, word: int) -> None:
        if self.target(number).exists():
            self.target(number).write_bytes(pictures.png(64, 64, 1000 + word, 0))

    def pointer(self, number: int, _word: int) -> None:
        if self.target(number).exists():
            self.target(number).write_text(POINTER)

    def forget_slots(self, number: int, _word: int) -> None:
        file = (*CHAPTERS, *PORTRAITS)[number % 4]
        self.book.write(file, tree.without_slots(self.book.read(file)))

    def forget_state(self, _number: int, _word: int) -> None:
        shutil.rmtree(self.book.root / ".chargen", ignore_errors=True)

    def forget_journal(self, _number: int, _word: int) -> None:
        for path in (self.book.root / ".chargen").glob("*.sqlite*"):
            path.unlink()

    def save(self) -> None:
        """Write the settings."""
        providers = "[tool.chargen.providers.{}]\nworkers = 1\nper_minute = 6000\n"
        lines = [f"{key} = {value}" for key, value in self.told.items() if "." not in key]
        lines += [f"{key} = {value}" for key, value in self.told.items() if key.startswith("routes.")]
        openai = [f"quality = {self.told[key]}" for key in ("providers.openai.quality",) if key in self.told]
        lines += [providers.format("openai"), *openai, providers.format("google")]
        self.book.settings("\n".join(lines) + "\n")


EDITS = tuple(name for name, kind in vars(Author).items() if callable(kind) and name not in
              ("entries", "change", "target", "set", "save") and not name.startswith("_"))  # fmt: skip
edits = st.lists(st.tuples(st.sampled_from(EDITS), st.integers(0, 11), st.integers(0, 11)), min_size=1, max_size=5)
limits = st.sampled_from(
    ("", "", "", "--max-tasks 1", "--budget 0.55", "--rebuild", "chapters/ch01/*", "--provider google")
)
rounds = st.lists(st.tuples(edits, limits), min_size=1, max_size=3)


# Both sides of the wire -----------------------------------------------------------------------------------------------


@dataclass
class Desk:
    """A built book to start from, and the two servers it buys from."""

    built: Project
    servers: dict[str, LoopbackServer]
    forks: Forks
    place: Path
    copies: int = 0

    def copy(self) -> Author:
        self.copies += 1
        root = self.place / f"book-{self.copies}"
        shutil.copytree(self.built.root, root)
        book = object.__new__(Project)
        book.root, book.env = root, {**self.built.env, "HOME": str(root)}
        return Author(book)

    def received(self, since: dict[str, int]) -> dict[str, list[Seen]]:
        return {name: server.requests[since[name] :] for name, server in self.servers.items()}

    def counts(self) -> dict[str, int]:
        return {name: len(server.requests) for name, server in self.servers.items()}


def ask(book: Project, *arguments: str) -> Any:
    """Run a command that only looks in this process, and return the object it prints."""
    out, err, here = io.StringIO(), io.StringIO(), Path.cwd()
    here_only = mock.patch.dict(os.environ, book.env, clear=True)
    with here_only, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        os.chdir(book.root)
        try:
            code = chargen(arguments)
        finally:
            os.chdir(here)
    assert code == 0, f"{arguments}\n{out.getvalue()}{err.getvalue()}"
    return json.loads(out.getvalue())


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, forks: Forks) -> Iterator[Desk]:
    """A chain of portraits, a portrait from a file, and five images of two chapters, all built and paid for."""
    place = tmp_path_factory.mktemp("truth")
    with OpenAIServer() as openai, GoogleServer() as google:
        book = Project(place / "start", "", env={**openai.environ, **google.environ})
        book.character("alice", "A girl.", route=PAID)
        file = book.character("hatter", "A man with a tall hat.", route=PAID)
        book.write(file, book.read(file) + "    depicts_characters: [alice]\n")
        book.write(
            "imagery/characters/rabbit/imagery.yaml",
            "entity_type: character\nslug: rabbit\nappearance: white\n"
            "image_inventory:\n  - {id: face, path: rabbit.png, is_reference_portrait: true}\n",
        )
        book.write("imagery/characters/rabbit/rabbit.png", pictures.png(32, 32, 5, 0))
        book.chapter("ch01", {"a": "A lamp.", "b": "A door."}, entry="depicts_characters: [hatter]", route=PAID)
        book.chapter(
            "ch02", {"c": "A key.", "d": "A tart.", "e": "Tea."}, entry="depicts_characters: [rabbit]", route=PAID
        )
        for name in (*CHAPTERS, *PORTRAITS):
            book.write(name, re.sub(r'size: "\d+x\d+"', 'size: "1024x1024"', book.read(name)))
        Author(book).save()
        run = forks.run(book, "doit")
        assert run.code == 0, run.all
        assert len(openai.requests) == 7
        yield Desk(book, {"openai": openai, "google": google}, forks, place)


SENT = ("missing", "stale", "proof")


def usd(provider: str, seen: Seen) -> float:
    """Price a request by what it asks for, thinking left out, as estimates leave it out."""
    if provider == "google":
        rates = RATES["gemini-nano-banana-2_1"]
        read = len(seen.prompt) / 4 + 1120 * len(seen.files)
        made = {"1K": 1120, "2K": 1680, "4K": 2520}[seen.json["generationConfig"]["imageConfig"]["imageSize"]]
        return float(read * rates["text_in"] + made * rates["image_out"]) / 1e6
    asked = seen.json if isinstance(seen.json, dict) else seen.fields
    width, height = (int(side) for side in str(asked["size"]).split("x"))
    used = openai_server.usage(width * height, str(asked.get("quality") or "high"), len(seen.prompt), len(seen.files))
    rates = RATES["gpt-image-2_5"]
    tokens = used["input_tokens_details"]
    read = tokens["text_tokens"] * rates["text_in"] + tokens["image_tokens"] * rates["image_in"]
    return float(read + used["output_tokens"] * rates["image_out"]) / 1e6


def in_order_received(planned: list[Any], received: list[Seen], prompts: dict[str, str]) -> list[Any]:
    """Return the planned images in the order their prompts arrived; every byte of a prompt counts."""
    left = list(planned)
    found = []
    for seen in received:
        image = next((image for image in left if prompts[image["id"]] == seen.prompt), None)
        assert image is not None, f"not planned: {seen.prompt!r}"
        left.remove(image)
        found.append(image)
    assert not left, f"not sent: {[image['id'] for image in left]}"
    return found


def awaited(planned: list[Any]) -> dict[str, set[str]]:
    """Return for each image all that has to be built before it, through chains."""
    by_target = {image["target"]: image["id"] for image in planned}
    found: dict[str, set[str]] = {}
    for image in planned:  # references stand before their users
        needs = {by_target[path] for path in image["references"] if path in by_target}
        found[image["id"]] = needs.union(*(found[need] for need in needs))
    return found


def assert_in_plan_order(planned: list[Any], received: list[Any], waits_for: dict[str, set[str]]) -> None:
    """An image goes before those after it in the plan, unless it waits for something that they don't wait for."""
    place = {image["id"]: number for number, image in enumerate(received)}
    for number, image in enumerate(planned):
        for later in planned[number + 1 :]:
            if waits_for[image["id"]] <= waits_for[later["id"]]:
                assert place[image["id"]] < place[later["id"]], (image["id"], later["id"])
        for need in waits_for[image["id"]] & place.keys():
            assert place[need] < place[image["id"]], (need, image["id"])


def build_as_planned(desk: Desk, author: Author, limit: str) -> None:
    """Plan, build, and hold both against each other."""
    book = author.book
    options = limit.split()
    if limit == "--rebuild":
        file, name = author.entries()[0]
        options = ["--rebuild", f"chapters/{file.split('/')[2]}/{name}"]
    dry = ask(book, "batch", "all", "--dry-run", "--json", *options)
    plan = ask(book, "plan", "--json", *options)
    verdicts = {image["id"]: image["verdict"] for image in plan["images"]}
    note(json.dumps({"options": options, "verdicts": verdicts}))
    planned = [image for image in dry["images"] if image["verdict"] in SENT]
    left = {item["id"] for item in dry["left_out"]}
    assert [i["id"] for i in plan["images"] if i["verdict"] in SENT and i["id"] not in left] == [
        i["id"] for i in planned
    ]
    assert dry["cost_usd"] == pytest.approx(sum(image["cost_usd"] for image in dry["images"]))
    if not options:
        explained = ask(book, "why", "--json", *verdicts)["images"] if verdicts else []
        assert {item["id"]: item["verdict"] for item in explained} == verdicts
        for item in explained:
            changed = bool(item["parts"] or item["references"])
            assert not (item["verdict"] == "fresh" and not item["reasons"] and item["old_text_known"] and changed), item
    provider = ["--provider", "google"] if limit == "--provider google" else []
    asked = {image["id"]: ask(book, "prompt", image["id"], "--sent", "--json", *provider) for image in planned}

    since = desk.counts()
    run = desk.forks.run(book, *(("chargen", "batch", "all", *options) if options else ("doit",)))
    note(run.all)
    assert run.code == (1 if any(image["verdict"] == "blocked" for image in dry["images"]) else 0)
    if "--budget" in options:  # replies that cost more than their estimate leave room for fewer
        planned = [image for image in planned if f"left out: {image['id']}:" not in run.out]
    for name, received in desk.received(since).items():
        mine = [image for image in planned if image["provider"] == name]
        left_as = in_order_received(mine, received, {image_id: item["prompt"] for image_id, item in asked.items()})
        assert_in_plan_order(mine, left_as, awaited(planned))
        for image, seen in zip(left_as, received, strict=True):
            wanted = asked[image["id"]]
            assert seen.model == wanted["model"] == image["model"]
            assert len(seen.files) == len(wanted["references"])
            assert image["cost_usd"] == wanted["cost_usd"] == pytest.approx(usd(name, seen), abs=1e-5)
    for image in dry["images"]:
        if image["verdict"] != "blocked" and (image["verdict"] not in SENT or image in planned):
            assert book.image(image["id"]).exists(), image

    if not options:
        again = ask(book, "plan", "--json")
        assert not [image for image in again["images"] if image["verdict"] in SENT], again
        assert not [image for image in again["images"] if image["verdict"] == "restorable"]


@pytest.mark.long
@settings(
    max_examples=EXAMPLES,
    database=None,
    derandomize=not EXPLORING,
    phases=tuple(Phase) if EXPLORING else (Phase.generate,),  # shrinking takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rounds=rounds)
def test_a_build_sends_what_the_plan_says(desk: Desk, rounds: Sequence[tuple[list[tuple[str, int, int]], str]]) -> None:
    """After any edits: the same images in the same order, with the same bytes, at the same price; then nothing more."""
    author = desk.copy()
    try:
        for round_, limit in rounds:
            for name, number, word in round_:
                getattr(author, name)(number, word)
            author.save()
            build_as_planned(desk, author, limit)
    finally:
        shutil.rmtree(author.book.root)
