"""Planning entries of each kind with nothing remembered: what is made of fields against what has a prompt.

As many entries in as many files, each of about as many words: chapter images with a prompt and what it was written
from, zones of a location and scenes of a character without one.
"""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Callable
from pathlib import Path

from bench.books import CHARACTERS, planned_book, prose, put
from bench.report import Row
from bench.timing import Timed, in_turns, medians, ratio, scratch
from chargen.plan.session import Session, open_session

_PER_FILE = 100


def measure(images: int, rounds: int) -> list[Row]:
    count = min(images, 2_000)
    with scratch() as name:
        works: dict[str, Timed] = {}
        sessions: list[Session] = []
        for kind, write in (("chapter", _chapter), ("zone", _location), ("scene", _scenes)):
            root = Path(name) / kind
            planned_book(root, 0)
            words = random.Random(7)
            for number in range(count // _PER_FILE):
                write(root, number, words)
            sessions.append(open_session(root, {}, read_only=True))
            works[kind] = _timed(sessions[-1], count + CHARACTERS)
        times = in_turns(works, max(rounds, 3))
        for session in sessions:
            session.close()
    seconds = medians(times)
    return [
        Row(f"plan of a {kind} of fields / of a chapter's image", ratio(times, kind, "chapter"), 1.0, seconds=seconds)
        for kind in ("zone", "scene")
    ]


def _chapter(root: Path, number: int, words: random.Random) -> None:
    """Write images as authors plan them: a prompt, what it was written from, two people it shows, empty slots."""
    cast = [f"person-{number:02}" for number in range(CHARACTERS)]
    lines = [
        f"metadata: {{entity_type: chapter-imagery, slug: ch{number:03}, visual_thesis: {prose(words, 20)}}}",
        "generation_defaults: {provider: sketch, model: sketch}",
        "characters:",
        *(f"  - {{ref: {name}, reference_images: [{name}-portrait]}}" for name in cast),
        "images:",
    ]
    for image in range(_PER_FILE):
        one, other = words.sample(cast, 2)
        lines += [
            f"  - custom_id: img-{image:03}",
            f"    prompt_used: {prose(words, 50)}",
            f"    visual_description: {prose(words, 24)}",
            f"    composition_notes: {prose(words, 8)}",
            f"    depicts_characters: [{one}, {other}]",
            f"    character_states: {{{one}: {prose(words, 6)}, {other}: {prose(words, 6)}}}",
            f"    lighting: {{primary_source: {prose(words, 3)}, quality: {prose(words, 2)}}}",
            f"    palette: {{dominant: [{prose(words, 1)}], avoid: [{prose(words, 1)}]}}",
            f"    scene_mood: {prose(words, 2)}",
            *(f"    {slot}: null" for slot in ("generated_at", "file_name", "file_path", "provider", "model")),
            "    provider_metadata: {}",
        ]
    put(root / f"imagery/chapters/ch{number:03}/imagery.yaml", "\n".join(lines) + "\n")


def _location(root: Path, number: int, words: random.Random) -> None:
    lines = [
        "metadata:",
        "  entity_type: location-imagery",
        f"  slug: place-{number:03}",
        f"  narrative_soul: {prose(words, 12)}",
        "generation_defaults: {provider: sketch, model: sketch, default_aspect_ratio: '16:9'}",
        "location_visual_anchor:",
        f"  signature_elements: [{prose(words, 5)}, {prose(words, 5)}]",
        "  characteristic_light: {dusk: low amber, primary: flat grey}",
        "zones:",
    ]
    for zone in range(_PER_FILE):
        lines += [
            f"  - slug: zone-{zone:03}",
            f"    name: {prose(words, 3)}",
            f"    description: {prose(words, 24)}",
            f"    key_elements: [{prose(words, 3)}, {prose(words, 3)}]",
            f"    lighting: {{primary_source: {prose(words, 3)}, quality: {prose(words, 2)}}}",
            f"    palette: {{dominant: [{prose(words, 1)}], avoid: [{prose(words, 1)}]}}",
            f"    mood: {prose(words, 2)}",
            "    generated_images: []",
        ]
    put(root / f"imagery/locations/place-{number:03}/imagery.yaml", "\n".join(lines) + "\n")


def _scenes(root: Path, number: int, words: random.Random) -> None:
    lines = [
        f"slug: person-{number % CHARACTERS:02}",
        f"character: {{name: Person {number}, summary: {prose(words, 12)}}}",
        "generation_defaults: {provider: sketch, model: sketch}",
        "scenes:",
    ]
    for scene in range(_PER_FILE):
        lines += [
            f"  - title: Scene {number} {scene} {prose(words, 2)}",
            f"    scene: {prose(words, 20)}",
            f"    pose: {prose(words, 6)}",
            f"    setting: {prose(words, 8)}",
            f"    mood: {prose(words, 4)}",
            f"    tags: [{prose(words, 1)}, {prose(words, 1)}]",
        ]
    put(root / f"imagery/characters/person-{number:03}/scenes.yaml", "\n".join(lines) + "\n")


def _timed(session: Session, count: int) -> Timed:
    def plan() -> None:
        found = session.planner(cached=False).plan().images
        assert len(found) == count, (len(found), count)

    return _clocked(plan)


def _clocked(work: Callable[[], None]) -> Timed:
    def timed() -> float:
        gc.collect()
        start = time.process_time()
        work()
        return time.process_time() - start

    return timed
