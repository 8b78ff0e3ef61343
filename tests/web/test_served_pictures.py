"""Which bytes are given out for the hash of a picture."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.inside import opened
from support.project import Project

from chargen.store.files import hash_bytes
from chargen.store.hash_cache import FileHashes
from chargen.web.app import hosts_at
from chargen.web.pictures import Pictures

A = "generated/chapters/ch01/a.png"


def test_what_is_given_out_has_the_hash_that_was_asked_for(book: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A build that replaces the picture in this instant: a browser keeps what it got under that hash for ever."""
    with opened(book, read_only=True) as (session, _):
        pictures = Pictures(session.project, session.hashes)
    digest = pictures.offer(A)
    assert digest is not None
    hash_of = FileHashes.hash_of

    def replaced(hashes: FileHashes, path: Path) -> str:
        found = hash_of(hashes, path)
        (book.root / A).write_bytes(b"another picture")
        return found

    monkeypatch.setattr(FileHashes, "hash_of", replaced)
    for _ in range(2):
        found = pictures.read(digest)
        assert found is None or hash_bytes(found[0]) == digest


def test_a_thumbnail_that_can_not_be_kept_is_shown(book: Project) -> None:
    """A full disk, or a file in the way of its folder: the grid is there all the same."""
    with opened(book, read_only=True) as (session, _):
        pictures = Pictures(session.project, session.hashes)
    digest = pictures.offer(A)
    assert digest is not None
    book.write(".chargen/thumbnails", "in the way")
    small = pictures.thumbnail(digest)
    assert small is not None and small[0].startswith(b"RIFF")


def test_a_port_that_browsers_leave_out_of_an_address_has_names_without_it() -> None:
    """`http://127.0.0.1/` is sent as `Host: 127.0.0.1`."""
    assert hosts_at(8000) == {"127.0.0.1:8000", "localhost:8000"}
    assert {"127.0.0.1", "localhost"} <= hosts_at(80)
