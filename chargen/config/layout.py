"""Where the program keeps what it keeps in a project: every name in its own folder, once; project-relative paths."""

from __future__ import annotations

STATE = ".chargen"
"""The program's own folder. It belongs to one machine; what is worth keeping in it are the originals."""

ORIGINALS = f"{STATE}/originals"
HISTORY = f"{STATE}/history"
TRASH = f"{STATE}/trash"
LOCKS = f"{STATE}/locks"
JOBS = f"{STATE}/jobs"
"""Requests under way at servers that can be asked for them again, and the jobs of many that vendors have."""

SHARED = f"{STATE}/store.json"
"""What this machine knows of the shared store: the name it goes by there, and whether its writes are to be trusted."""

TO_PUT = f"{STATE}/to-put"
"""Attempts whose originals are not in the shared store yet: a file each, from before the request leaves."""

JOURNAL = f"{STATE}/journal.sqlite"
LOG = f"{STATE}/chargen.log"
HASHES = f"{STATE}/cache.sqlite"
"""Hashes of files by size and times: a cache."""

DECODED = f"{STATE}/decoded.json"
"""Which pictures can be shown to their last pixel, by hash: a cache."""

IGNORED = f"{STATE}/ignored.json"
"""Ids that `doit ignore` put aside."""

DECISIONS = f"{STATE}/decisions.jsonl"
"""Decisions on pictures, each with the state before it: a list that only grows."""

MOVES = f"{STATE}/moves.json"
"""Moves of pictures that were begun and are not finished."""

ENTRY_MOVE = f"{STATE}/entry-move.json"
"""The move of an entry between two files that was begun and is not finished."""

PLAN_STAMP = f"{STATE}/plan-stamp.json"
PLAN_CACHE = f"{STATE}/plan-cache.msgpack"
BUILDING = f"{STATE}/building"
"""There while a run has something to do; after a crash it makes the next run look at the journal."""

DOIT_STATES = f"{STATE}/doit.json"
"""States of an author's own tasks."""

DOIT_STOCK_STATES = f"{STATE}/doit-stock.json"
"""The same under doit's stock commands."""

THUMBNAILS = f"{STATE}/thumbnails"
"""Small pictures for the page, by hash: a cache."""
