"""Who may ask the page's server, and what: real requests to a real `chargen review`."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from support.forks import Forks
from support.project import Project
from support.review import Review, review

from chargen.errors import StartError
from chargen.web.desk import Desk

A, B, C = "chapters/ch01/a", "chapters/ch01/b", "chapters/ch02/c"
CH01 = "imagery/chapters/ch01/imagery.yaml"


def wait_for(told: Callable[[], object]) -> None:
    """Return when something is true, within a minute."""
    end = time.monotonic() + 60
    while not told():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture(scope="module")
def asked(built: Project, tmp_path_factory: pytest.TempPathFactory, forks: Forks) -> Iterator[tuple[Review, Project]]:
    """A page for all the requests that change nothing, because they only look or are refused."""
    book = built.copy(tmp_path_factory.mktemp("asked"))
    with review(book, forks) as running:
        yield running, book


def test_the_printed_address_is_the_page(asked: tuple[Review, Project]) -> None:
    """200, with the cookie beside it and a policy that lets nothing in from elsewhere; without the token 403."""
    server, _ = asked
    page = server.get(server.address, Cookie="")
    assert page.status == 200
    assert b"<!doctype html>" in page.body
    cookie = page.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert server.get("/", Cookie="").status == 403
    assert server.get("/?token=wrong").status == 403
    for path in ("/book", f"/image/{A}", "/static/main.js", "/decisions", "/events"):
        refused = server.get(path, Cookie="")
        assert (refused.status, b"chargen review" in refused.body) == (403, True), path


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": ""},
        {"X-Token": "wrong"},
        {"X-Token": ""},
        {"Cookie": ""},
        {"Host": "evil.example"},
    ],
)
def test_a_decision_comes_from_the_page_alone(asked: tuple[Review, Project], headers: dict[str, str]) -> None:
    """Another page, another name, a lost token: refused, and nothing is written."""
    server, book = asked
    before = book.read(CH01)
    assert server.post("/decide", {"command": "approve", "images": [A]}, **headers).status == 403
    assert book.read(CH01) == before


def test_two_books_may_be_open_at_once(built: Project, tmp_path: Path, forks: Forks) -> None:
    """A browser has one jar for all ports of a machine: the page opened last does not shut out the one before."""
    first, second = built.copy(tmp_path / "one"), built.copy(tmp_path / "other")
    with review(first, forks) as one, review(second, forks) as other:
        jar = dict(server.cookie.split("=", 1) for server in (one, other))
        cookies = "; ".join(f"{name}={value}" for name, value in jar.items())
        assert [server.get("/book", Cookie=cookies).status for server in (one, other)] == [200, 200]


def test_what_a_browser_shows_to_every_port_decides_nothing(asked: tuple[Review, Project]) -> None:
    """Any other server on this machine is sent the cookie: its value is not the token that a decision needs."""
    server, _ = asked
    value = server.cookie.partition("=")[2]
    assert server.post("/decide", {"command": "approve", "images": [A]}, **{"X-Token": value}).status == 403
    assert server.get(f"/?token={value}", Cookie="").status == 403


def test_nothing_is_changed_by_asking(asked: tuple[Review, Project]) -> None:
    """Every path that decides is closed to GET, and what may be asked for writes nothing of the author's."""
    server, book = asked
    before = book.read(CH01)
    for path in ("/decide", "/restore", "/pick", "/undo", "/price", "/build"):
        assert server.get(path).status == 405
    for path in ("/book", f"/image/{A}", "/decisions", f"/words/{A}?one=1&other=2"):
        assert server.get(path).status == 200
    assert book.read(CH01) == before


def test_pictures_are_asked_for_by_hash_alone(server: Review, book: Project) -> None:
    """What the book shows is given out; no path, no other file, and not what has other bytes by now."""
    image = server.get(f"/image/{A}").json
    found = server.get(f"/picture/{image['picture']}")
    assert (found.status, found.headers["content-type"], found.body) == (200, "image/png", book.image(A).read_bytes())
    small = server.get(f"/thumbnail/{image['picture']}")
    assert (small.status, small.headers["content-type"]) == (200, "image/webp")
    assert "immutable" in small.headers["cache-control"]
    for digest in ("0" * 64, "../../pyproject.toml", "%2e%2e/pyproject.toml", "..%2f..%2fpyproject.toml"):
        assert server.get(f"/picture/{digest}").status == 404
        assert server.get(f"/thumbnail/{digest}").status == 404
    assert server.get("/static/..%2fapp.py").status == 404
    book.write(f"generated/{A}.png", book.image(B).read_bytes())
    assert server.get(f"/picture/{image['picture']}").status == 404
    (book.root / f"generated/{A}.png").unlink()
    assert server.get(f"/picture/{image['picture']}").status == 404


def test_a_kept_thumbnail_that_leads_elsewhere_is_not_given_out(server: Review, book: Project) -> None:
    """`.chargen` may be a stranger's: what a link there leads to is neither shown nor exported."""
    (book.root.parent / "secret").write_bytes(b"the secret")
    digest = server.get(f"/image/{A}").json["picture"]
    kept = book.root / f".chargen/thumbnails/{digest}.webp"
    kept.parent.mkdir(exist_ok=True)
    kept.symlink_to(book.root.parent / "secret")
    answer = server.get(f"/thumbnail/{digest}")
    assert answer.status != 200
    assert b"secret" not in answer.body


def test_what_is_no_picture_is_told(server: Review, book: Project) -> None:
    """A file that can't be decoded has no thumbnail; a pointer has no picture; the rest of the book is there."""
    book.write(f"generated/{A}.png", b"not a picture")
    book.write(f"generated/{B}.png", f"version https://git-lfs.github.com/spec/v1\noid sha256:{'ab' * 32}\nsize 5\n")
    images = {image["id"]: image for image in server.get("/book").json["images"]}
    assert server.get(f"/thumbnail/{images[A]['picture']}").status == 404
    assert images[B]["picture"] is None
    assert images[C]["verdict"] == "missing"
    assert server.get(f"/image/{B}").status == 200


def test_decisions_are_those_of_the_command_line(server: Review, book: Project) -> None:
    """The same bytes in the file, the same answer, taken back alike; what is refused is told."""
    before = book.read(CH01)
    done = server.post("/decide", {"command": "reject", "images": [A], "note": "too dark"}).json
    assert done["images"][0]["changed"]
    by_page = book.read(CH01)
    assert server.post("/undo", {}).json["images"] == [
        {"id": A, "before": "rejected: too dark", "after": None, "refused": None}
    ]
    assert book.read(CH01) == before
    assert book.chargen("reject", A, "--note", "too dark").code == 0
    assert book.read(CH01) == by_page
    refused = server.post("/decide", {"command": "approve", "images": [C]}).json["images"][0]
    assert "no picture yet" in refused["refused"]
    gone = server.post("/decide", {"command": "approve", "images": ["chapters/ch01/nope"]})
    assert (gone.status, "no image" in gone.json["error"]) == (409, True)


def test_a_decision_is_on_the_file_as_it_is_now(server: Review, book: Project) -> None:
    """The author edits the file while the page is open: it is read again, and their edit stays."""
    server.get("/book")
    book.edit(CH01, "A cat.", "A dog.")
    assert server.post("/decide", {"command": "approve", "images": [A]}).json["images"][0]["changed"]
    assert "A dog." in book.read(CH01)
    book.write(CH01, "metadata: [")
    broken = server.post("/decide", {"command": "approve", "images": [A]})
    assert broken.status == 409


def test_a_version_comes_back(server: Review) -> None:
    """Without a call, and what stood there stays among the versions."""
    versions = server.get(f"/image/{A}").json["versions"]
    assert [version["where"] for version in versions] == ["history", "current"]
    done = server.post("/restore", {"image": A, "version": "1"}).json
    assert done["file_sha256"] == versions[0]["file_sha256"]
    assert server.get(f"/image/{A}").json["picture"] == versions[0]["file_sha256"]
    words = [(part["fate"], part["text"]) for part in server.get(f"/words/{A}?one=1&other=2").json]
    assert words == [("kept", "A "), ("removed", "lamp"), ("added", "lantern"), ("kept", ".")]


def test_a_rebuild_has_a_price_and_a_budget(server: Review, book: Project) -> None:
    """What will be sent is shown before; without a budget nothing begins; the build is one of its own."""
    plan = server.post("/price", {"images": [C]}).json
    assert ([image["id"] for image in plan["images"]], plan["cost_usd"]) == ([C], 0.0)
    assert server.post("/build", {"images": [C], "budget": ""}).status == 409
    assert server.post("/build", {"images": [C], "budget": "1.00"}).json == {"started": 1}
    wait_for(book.image(C).exists)


def test_a_picture_is_decided_on_that_was_seen(server: Review, book: Project) -> None:
    """A build or a painter replaced it while the page was open: it is looked at first, and nothing is written."""
    seen = {image["id"]: image["picture"] for image in server.get("/book").json["images"]}
    before = book.read(CH01)
    book.write(f"generated/{A}.png", book.image(B).read_bytes())
    for command in ("approve", "reject", "accept"):
        refused = server.post("/decide", {"command": command, "images": [B, A], "seen": seen})
        assert (refused.status, f"`{A}` has another picture" in refused.json["error"]) == (409, True)
    assert book.read(CH01) == before
    assert server.post("/decide", {"command": "approve", "images": [B], "seen": seen}).json["images"][0]["changed"]


def test_more_images_than_one_command_takes_are_told(book: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system limits the words of a command: five thousand long ids are more."""
    with closing(Desk(book.root)) as desk:
        monkeypatch.setattr(desk, "_only_ids", lambda _, names: tuple(names))
        with pytest.raises(StartError, match="can't start a build"):
            desk.build([f"chapters/ch01/{number:0200}" for number in range(9000)], "1.00")
    assert not book.image(C).exists()


def test_a_run_whose_process_died_does_not_go_on(book: Project) -> None:
    """The journal has no end of it; the page would say `building` until the next one."""
    book.edit("pyproject.toml", "[tool.chargen]", "[tool.chargen.providers.sketch]\nlatency = 60\n\n[tool.chargen]")
    build = book.start("chargen", "batch", "all")
    with closing(Desk(book.root)) as desk:
        wait_for(desk.run)
        build.kill()
        build.communicate()
        assert desk.run() is None


def test_two_pages_that_press_build_buy_once(server: Review, book: Project) -> None:
    """A build takes the project an instant after it was started: until then the second one is refused as well."""
    book.edit("pyproject.toml", "[tool.chargen]", "[tool.chargen.providers.sketch]\nlatency = 2\n\n[tool.chargen]")
    asked = {"images": [C], "budget": "1.00"}
    assert server.post("/build", asked).status == 200
    refused = server.post("/build", asked)
    assert (refused.status, "is building this project" in refused.json["error"]) == (409, True)
    wait_for(book.image(C).exists)
    wait_for(lambda: server.post("/build", {**asked, "images": [A]}).status == 200)
    wait_for(lambda: len(server.get(f"/image/{A}").json["versions"]) == 3)
    assert len(server.get(f"/image/{C}").json["versions"]) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_name_that_is_no_text_does_not_keep_the_book_from_being_shown(server: Review, book: Project) -> None:
    """A folder of an old archive, in another encoding than UTF-8: the rest of the book is there."""
    odd = os.fsdecode(b"imagery/chapters/caf\xe9")
    book.write(f"{odd}/imagery.yaml", book.read("imagery/chapters/ch02/imagery.yaml").replace("ch02", "ch03"))
    images = {image["id"]: image for image in server.get("/book").json["images"]}
    assert images["chapters/ch03/c"]["file"] == f"{odd}/imagery.yaml"
    assert server.get("/image/chapters/ch03/c").status == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/decide", b"{"),
        ("/decide", b"[]"),
        ("/decide", b'{"images": []}'),
        ("/decide", b'{"images": [1], "command": "approve"}'),
        ("/undo", b'{"number": "x"}'),
        ("/price", b"{}"),
        ("/build", b'{"images": "a"}'),
        ("/decide", b'{"images": ["a"], "command": ["approve"]}'),
        ("/decide", b'{"images": ["a\\ud800"], "command": "approve"}'),
        ("/retake", b'{"image": "chapters/ch01/a", "text": "\\ud800"}'),
        ("/undo", b'{"number": true}'),
    ],
)
def test_nonsense_is_refused(asked: tuple[Review, Project], path: str, body: bytes) -> None:
    """With a message, and the server goes on."""
    server, _ = asked
    answer = server.post(path, body)
    assert (answer.status, bool(answer.json["error"])) == (400, True)
    assert server.get("/book").status == 200


def test_two_pages_are_told_what_one_of_them_did(server: Review) -> None:
    """Both hear that the book may be another, and SIGTERM ends both streams at once."""
    streams = []
    for _ in range(2):
        host, port = server.origin.removeprefix("http://").split(":")
        stream = socket.create_connection((host, int(port)), timeout=30)
        stream.sendall(f"GET /events HTTP/1.1\r\nHost: {host}:{port}\r\nCookie: {server.cookie}\r\n\r\n".encode())
        streams.append(stream)
    for stream in streams:
        _until(stream, b"event: hello")
    server.post("/decide", {"command": "approve", "images": [A]})
    for stream in streams:
        _until(stream, b"event: book")
    began = time.monotonic()
    server.end()
    assert time.monotonic() - began < 5
    for stream in streams:
        stream.close()


def _until(stream: socket.socket, words: bytes) -> None:
    heard = b""
    while words not in heard:
        data = stream.recv(4096)
        assert data, f"the stream ended before {words!r}"
        heard += data


def test_a_port_that_is_taken_is_told(book: Project) -> None:
    """Nothing starts."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        run = book.chargen("review", "--no-open", "--port", str(taken.getsockname()[1]))
    assert (run.code, "can't listen on port" in run.err) == (3, True)


def test_the_server_is_there_again_with_all_that_was_decided(book: Project, forks: Forks) -> None:
    """A killed server loses nothing: the decision it made is taken back by the next one."""
    before = book.read(CH01)
    with review(book, forks) as first:
        first.post("/decide", {"command": "lock", "images": [A, B]})
        first.end(signal.SIGKILL)
    with review(book, forks) as second:
        assert second.get("/book").json["undo"]["command"] == "lock"
        assert not any(image["refused"] for image in second.post("/undo", {}).json["images"])
    assert book.read(CH01) == before


def test_the_page_as_plain_files(book: Project, tmp_path: Path) -> None:
    """Everything the page shows, no address in it, and a folder of somebody's own is left alone."""
    run = book.chargen("review", "--export", "shown")
    assert run.code == 0, run.all
    page = book.root / "shown"
    assert {path.name for path in page.iterdir()} == {
        "index.html",
        "chargen-review.txt",
        "static",
        "picture",
        "thumbnail",
    }
    texts = [path.read_text() for path in page.rglob("*") if path.suffix in {".html", ".js", ".css"}]
    assert not any("http:" in text or "https:" in text for text in texts)
    assert len(list((page / "picture").iterdir())) == 4
    assert book.chargen("review", "--export", "shown").code == 0
    book.write("mine/index.html", "mine")
    run = book.chargen("review", "--export", "mine")
    assert (run.code, "holds other files" in run.err) == (3, True)
    assert (tmp_path / "mine" / "index.html").read_text() == "mine"


@pytest.mark.parametrize(("size", "status"), [(1 << 20, 400), ((1 << 20) + 1, 413), (5 << 20, 413)])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_has_a_limit_however_it_comes(
    asked: tuple[Review, Project], size: int, status: int, *, chunked: bool
) -> None:
    """Also in pieces of which nobody said how many there are; at the limit it is read."""
    server, _ = asked
    parts = urlsplit(server.origin)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    connection.putrequest("POST", "/price")
    for name, value in (("Cookie", server.cookie), ("X-Token", server.token)):
        connection.putheader(name, value)
    connection.putheader("Origin", server.origin)
    connection.putheader("Transfer-Encoding", "chunked") if chunked else connection.putheader("Content-Length", size)
    connection.endheaders()
    with suppress(BrokenPipeError, ConnectionResetError):  # it need not read what is too much
        for start in range(0, size, 1 << 16):
            piece = b"[" * min(1 << 16, size - start)
            connection.send(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
        if chunked:
            connection.send(b"0\r\n\r\n")
    assert connection.getresponse().status == status
    connection.close()
    assert server.get("/book").status == 200
