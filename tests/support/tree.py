"""What is true of a project's files whatever happened to its runs, judged without the program's own splicer and judge.

Slots apart, nothing of the author's changed; every image, record and journal row agree; nothing of ours lies about.
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from base64 import urlsafe_b64decode
from pathlib import Path

from ruamel.yaml import YAML
from support.project import Project

SLOTS = ("generated_at", "file_name", "file_path", "provider", "model", "provider_metadata")
_KEY = re.compile(r"(?P<indent> *)(?P<dash>(?:- +)*)(?P<key>[A-Za-z_]+):(?P<value>.*)")
_COMMENT = re.compile(r"(?:^|[ \t])(#.*)$")


def without_slots(text: str, slots: tuple[str, ...] = (*SLOTS, "generated_images")) -> str:
    """Return the lines of a YAML text that hold no output slot; of a slot's own line, its comment stays.

    `provider` and `model` are no slots below `generation_defaults`.
    """
    kept: list[str] = []
    inside = -1
    defaults = -1
    for line in text.splitlines(keepends=True):
        body = line.rstrip("\r\n")
        blank = not body.strip()
        indent = len(body) - len(body.lstrip(" "))
        if inside >= 0:
            if not blank and (indent > inside or (indent == inside and body.lstrip().startswith("- "))):
                continue
            inside = -1
        if defaults >= 0 and not blank and indent <= defaults:
            defaults = -1
        found = _KEY.fullmatch(body)
        if found:
            place = len(found["indent"]) + len(found["dash"])
            if found["key"] == "generation_defaults":
                defaults = place
            elif found["key"] in slots and defaults < 0:
                inside = place
                if found["dash"]:
                    kept.append(found["indent"] + found["dash"])
                if comment := _COMMENT.search(found["value"]):
                    kept.append(comment[1] + "\n")
                continue
        kept.append(line)
    return "".join(kept)


def yaml_files(project: Project) -> dict[str, bytes]:
    """Return the author's files by name."""
    top = project.root
    return {path.relative_to(top).as_posix(): path.read_bytes() for path in sorted(top.glob("imagery/**/*.y*ml"))}


def only_slots_differ(before: bytes, after: bytes, slots: tuple[str, ...] = (*SLOTS, "generated_images")) -> None:
    """Compare all that is no slot byte for byte, and that both are YAML."""
    then, now = before.decode(), after.decode()
    YAML(typ="safe", pure=False).load(now.removeprefix("\ufeff"))
    if not then.endswith("\n"):
        assert not now.endswith("\n"), "a final newline appeared"
        end = "\r\n" if "\r\n" in then else "\n"  # what the file ends its other lines with
        then, now = then + end, now + end
    assert without_slots(now, slots) == without_slots(then, slots)


def slots_only(project: Project, before: dict[str, bytes]) -> None:
    """Check that of the author's files only slots differ from what they were."""
    after = yaml_files(project)
    assert after.keys() == before.keys()
    for name, data in before.items():
        portraits = name.startswith("imagery/characters/")
        only_slots_differ(data, after[name], (*SLOTS, "generated_images", *(("path",) if portraits else ())))


def stray(project: Project) -> list[str]:
    """Return the program's temporary files that lie outside `.chargen`, and in its originals."""
    found = [path.relative_to(project.root).as_posix() for path in project.root.rglob(".chargen-*")]
    return [name for name in found if not name.startswith(".chargen/") or "/originals/" in name]


def sha256(path: Path) -> str:
    """Hash a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def recorded(project: Project) -> dict[str, dict[str, str]]:
    """Return what the record lines in the author's files say, by the hash of the file they tell of."""
    lines: dict[str, dict[str, str]] = {}
    for name in yaml_files(project):
        for line in project.records(name):
            words = dict(word.partition("=")[::2] for word in line.split()[1:])
            if line.startswith("2 "):  # hashes in base64url
                hashes = {key: words[key] for key in ("in", "file", "of") if key in words}
                words |= {key: urlsafe_b64decode(f"{digest}=").hex() for key, digest in hashes.items()}
            lines[words["file"]] = words
    return lines


def stored(project: Project) -> list[dict[str, object]]:
    """Return the full records of all originals that are in their place and whole, oldest first."""
    found = []
    for folder in project.originals():
        record = json.loads((folder / "record.json").read_bytes())
        assert sha256(folder / record["original"]["file"]) == record["original"]["sha256"]
        if folder.parent.parent.name == "originals" and not folder.parent.name.startswith("."):
            found.append(record)
    return found


def journal(project: Project, query: str) -> list[tuple[object, ...]]:
    """Ask the journal."""
    path = project.root / ".chargen" / "journal.sqlite"
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    try:
        return list(connection.execute(query))
    finally:
        connection.close()


def all_agrees(project: Project, ids: set[str]) -> None:
    """Check that these images and no others are built, and that files, YAML and journal tell the same of them."""
    assert project.images() == ids
    lines = recorded(project)
    files = {entry_id: sha256(project.image(entry_id)) for entry_id in ids}
    assert set(files.values()) == set(lines), "a picture's record is not in the YAML"
    tasks = journal(project, "SELECT task_id, status FROM tasks WHERE status != 'failed'")
    assert {(name, status) for name, status in tasks if name in ids} == {(entry_id, "done") for entry_id in ids}
    known = set(journal(project, "SELECT task_id, file_sha256 FROM attempts WHERE status = 'done'"))
    assert known >= set(files.items())
    assert not journal(project, "SELECT attempt_id FROM attempts WHERE status = 'sent'")
    assert stray(project) == [], stray(project)
