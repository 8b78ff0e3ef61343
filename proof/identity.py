"""Random books through real builds, against a model that knows each entry as itself: what is whose, what was paid.

An author inserts, deletes, brings back, copies, swaps, rotates, renames, renumbers and moves entries, renames entries
and chapters by search-and-replace, changes their case, their prompts and their status, paints pictures, renames
chapters and their folders, and loses what is kept beside the book. Judged after every build: every entry has its
picture, nothing else was sent than the model says, the author's files differ by slots only, and another build has
nothing to do.
"""

from __future__ import annotations

import random
import shutil
from pathlib import Path

from support.edited_book import EditedBook

from proof.tally import Bench, Tally


def story(folder: Path, seed: int, rounds: int = 4) -> int:
    """Play one book: rounds of edits, each followed by a build. Return how many edits there were."""
    luck = random.Random(seed)
    book = EditedBook(folder, luck)
    try:
        book.build()
        for _ in range(rounds):
            book.done.append("|")
            for _ in range(luck.randint(1, 5)):
                book.edit()
            book.build()
    except Exception as failure:
        raise AssertionError(f"{failure}; seed {seed}: {' '.join(book.done)}") from failure
    return sum(name != "|" for name in book.done)


def harness(bench: Bench, tally: Tally) -> None:
    """Play a book a trial."""
    edits = 0
    first = bench.luck.randrange(10**6)
    while bench.more(tally):
        number = tally.trials
        folder = bench.folder / f"book-{number}"
        with tally.trial(f"book {number}"):
            edits += story(folder, first + number)
        shutil.rmtree(folder, ignore_errors=True)
    tally.figures["edits"] = edits
