"""What a stranger may have put into a project: each function turns an honest one into one that wants to do harm."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

from support.project import Project

ESCAPES = "\x1b]0;owned\x07\x1b[2J\x9b31m\r\u202etxt"
FINGERPRINT, ATTEMPT = "a" * 64, "20260101T000000000000Z-01234567"
STATE_FILES = ("journal.sqlite", "cache.sqlite", "decoded.json", "chargen.log", "doit.json", "ignored.json",
               "locks/project.lock", "locks/project.pid", "journal.sqlite-wal", "cache.sqlite-journal")  # fmt: skip
STATE_FOLDERS = ("originals", "history", "trash", "locks")
Harm = Callable[[Project, Path], object]


def link(name: str, to: str) -> Harm:
    """Put a symbolic link to something outside at a path of the project."""

    def harm(book: Project, outside: Path) -> None:
        path = book.root / name
        if path.is_dir() and not path.is_symlink():
            path.rename(book.root / "moved-away")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.symlink_to(outside / to)

    return harm


def file(name: str, text: str | bytes) -> Harm:
    """Put a file into the project; `OUTSIDE` in it becomes the folder that must not be touched."""

    def harm(book: Project, outside: Path) -> None:
        data = text if isinstance(text, bytes) else text.replace("OUTSIDE", str(outside)).encode()
        book.write(name, data)

    return harm


def pipe(name: str) -> Harm:
    """Put a named pipe where a file is expected: reading it would wait for ever."""

    def harm(book: Project, _outside: Path) -> None:
        path = book.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        os.mkfifo(path)

    return harm


def settings(text: str) -> Harm:
    """Replace the project's settings."""
    return lambda book, outside: book.settings(text.replace("OUTSIDE", str(outside)))


def chapter(slug: str, name: str, prompt: str = "A lamp.", extra: str = "", entry: str = "") -> Harm:
    """Add a chapter whose names are not what names should be."""

    def harm(book: Project, _outside: Path) -> None:
        lines = [f"metadata: {{entity_type: chapter-imagery, slug: {json.dumps(slug)}}}", extra, "images:"]
        lines += [f"  - custom_id: {json.dumps(name)}", f"    prompt_used: {json.dumps(prompt)}", '    size: "128x96"']
        lines += [f"    title: {json.dumps(name + ESCAPES)}", entry]
        book.write("imagery/chapters/evil/imagery.yaml", "\n".join(line for line in lines if line) + "\n")

    return harm


def portrait(path: str, *, to: str = "") -> Harm:
    """Let the character shown be a picture that is not in the project."""

    def harm(book: Project, outside: Path) -> None:
        if to:
            link("imagery/characters/alice/face.png", to)(book, outside)
        name = path.replace("OUTSIDE", str(outside))
        text = f"entity_type: character\nslug: alice\nimage_inventory:\n  - id: face\n    path: {json.dumps(name)}\n"
        book.write("imagery/characters/alice/imagery.yaml", text + "    is_reference_portrait: true\n")

    return harm


def journal(*statements: str) -> Harm:
    """Leave a journal of ours with more in it than rows."""

    def harm(book: Project, _outside: Path) -> None:
        (book.root / ".chargen").mkdir()
        connection = sqlite3.connect(book.root / ".chargen" / "journal.sqlite")
        from chargen.store.journal_rows import SCHEMA, SCHEMA_VERSION  # noqa: PLC0415 - only these need it

        connection.executescript(SCHEMA)
        connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
        for statement in statements:
            connection.executescript(statement)
        connection.commit()
        connection.close()

    return harm


def original(record: object, published: object = None) -> Harm:
    """Leave an original whose record says what records do not say."""

    def harm(book: Project, outside: Path) -> None:
        folder = f".chargen/originals/{FINGERPRINT}/{ATTEMPT}"
        book.write(f"{folder}/record.json", json.dumps(record).replace("OUTSIDE", str(outside)))
        book.write(f"{folder}/published.json", json.dumps(published))

    return harm


_ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c) SELECT count(*) FROM c"
_SHELL = "x'; DROP TABLE tasks;-- $(touch OUTSIDE/pwned) `touch pwned` <script>alert(1)</script> \" & | > x"
_CODE = "import pathlib; pathlib.Path('OUTSIDE/pwned').write_text('x')"

PROJECTS: dict[str, Harm] = {
    "a template linked to a secret": link("prompts/chapter.txt.j2", "secret.txt"),
    "a folder of templates linked away": link("prompts", "folder"),
    "a template that includes a secret": file("prompts/chapter.txt.j2", "{% include 'OUTSIDE/secret.txt' %}"),
    "a template that climbs": file("prompts/chapter.txt.j2", "{% include '../../outside/secret.txt' %}"),
    "a template with code": file(
        "prompts/chapter.txt.j2", "{{ ().__class__.__base__.__subclasses__() }}{{ cycler.__init__.__globals__.os }}"
    ),
    "an imagery file linked away": link("imagery/characters/eve/imagery.yaml", "imagery.yaml"),
    "an imagery folder linked away": link("imagery/characters/eve", "."),
    "an imagery file that is a pipe": pipe("imagery/characters/eve/imagery.yaml"),
    "a template that is a pipe": pipe("prompts/other.txt.j2"),
    "a target that is a pipe": pipe("generated/chapters/ch01/a.png"),
    "YAML with code": file(
        "imagery/chapters/x/imagery.yaml", "!!python/object/apply:os.system ['touch OUTSIDE/pwned']\n"
    ),
    "a portrait that climbs": portrait("../../../../outside/secret.png"),
    "a portrait by absolute path": portrait("OUTSIDE/secret.png"),
    "a portrait linked away": portrait("face.png", to="secret.png"),
    "a slug that climbs": chapter("../../../outside", "x"),
    "an id that climbs": chapter("evil", "../../../../outside/x"),
    "an id that is absolute": chapter("evil", "/tmp/../outside"),
    "an id with a NUL": chapter("evil", "a\0b"),
    "names full of escapes": chapter(
        "evil" + ESCAPES, "id" + ESCAPES, "prompt" + ESCAPES, entry=f"    {json.dumps('key' + ESCAPES)}: 1"
    ),
    "escapes in metadata": chapter(
        "evil", "x", extra=f"characters: [{json.dumps(ESCAPES)}]", entry=f"    size: {json.dumps(ESCAPES)}"
    ),
    "escapes in depicted names": chapter("evil", "x", entry=f"    depicts_characters: [{json.dumps(ESCAPES)}]"),
    "escapes in file names": file(f"imagery/chapters/{ESCAPES.replace('/', '')}/imagery.yaml", "images: ["),
    "words for a shell, SQL and HTML": chapter("evil", _SHELL.replace("/", ""), _SHELL),
    "settings that climb": settings('generated = "../outside/folder"'),
    "templates that climb": settings('prompts = "../outside"'),
    "imagery that climbs": settings('imagery = ["../outside"]'),
    "settings by absolute path": settings('generated = "OUTSIDE"'),
    "escapes in settings": settings(json.dumps(ESCAPES) + ' = 1\ngenerated = "a"'),
    "outputs linked away": link("generated", "folder"),
    "outputs linked away, deeper": link("generated/chapters", "folder"),
    "prompts linked away": link("generated/prompts", "folder"),
    "a prompt file linked away": link("generated/prompts/chapters/ch01/a.txt", "secret.txt"),
    "a target linked away": link("generated/chapters/ch01/a.png", "secret.png"),
    "the state linked away": link(".chargen", "folder"),
    **{f"{name} linked away": link(f".chargen/{name}", "folder") for name in STATE_FOLDERS},
    **{f"{name} linked to a file": link(f".chargen/{name}", "secret.txt") for name in STATE_FILES},
    **{f"{name} linked to nothing": link(f".chargen/{name}", "new.txt") for name in STATE_FILES},
    **{
        f"{name} full of noise": file(f".chargen/{name}", b"\x80\x04cos\nsystem\n(S'x'\ntR." * 50)
        for name in STATE_FILES
    },
    "history of one image linked away": link(".chargen/history/chapters/ch01", "folder"),
    "a journal with triggers": journal(
        "CREATE TRIGGER t AFTER INSERT ON attempts BEGIN DELETE FROM attempts; END;",
        "CREATE TRIGGER u AFTER UPDATE ON attempts BEGIN DELETE FROM attempts; END;",
    ),
    "a journal that never ends": journal(f"CREATE TRIGGER t AFTER INSERT ON runs BEGIN {_ENDLESS}; END;"),
    "a journal of views": journal("DROP TABLE attempts;", f"CREATE VIEW attempts AS {_ENDLESS};"),
    "a journal with escapes": journal(
        "INSERT INTO attempts(attempt_id,task_id,run_id,number,provider,model,fingerprint,status,sent_at,pid) "
        f"VALUES('x','id{ESCAPES}','r',1,'p{ESCAPES}','m{ESCAPES}','f','sent','t{ESCAPES}',999999999);",
        f"INSERT INTO tasks(task_id,status,error) VALUES('chapters/ch01/a','failed','e{ESCAPES}');",
    ),
    "a record that climbs": original({"entry_id": "../../x", "original": {"file": "OUTSIDE/secret.png"}}),
    "a record of the wrong types": original([1, {"a": None}], {"x": 1}),
    "a record nested without end": file(f".chargen/originals/{FINGERPRINT}/{ATTEMPT}/record.json", "[" * 100_000),
    "ignored.json of the wrong types": file(".chargen/ignored.json", '[1, null, {"a": []}, "../../x"]'),
    "ignored.json nested without end": file(".chargen/ignored.json", "[" * 100_000),
}
