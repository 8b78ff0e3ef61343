"""The page in a real browser, by keys: review, compare, reject, undo, restore, a live build, the exported page."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from servers.google_server import GoogleServer
from support.forks import Forks
from support.inside import build
from support.project import REPOSITORY, Project
from support.review import Review, review

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the path (Debian: apt-get install chromium)"),
]

A, B, C = "chapters/ch01/a", "chapters/ch01/b", "chapters/ch02/c"
PORTRAIT = "characters/alice/alice-portrait"
CH01 = "imagery/chapters/ch01/imagery.yaml"
CH02 = "imagery/chapters/ch02/imagery.yaml"
ALICE = "imagery/characters/alice/imagery.yaml"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One headless Chromium for all tests here."""
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def page(browser: Any, server: Review) -> Iterator[Any]:
    """The served page, which says nothing to the console that is an error."""
    tab = browser.new_page(viewport={"width": 1280, "height": 900})
    told: list[str] = []
    tab.on("console", lambda message: told.append(message.text) if message.type == "error" else None)
    tab.on("pageerror", lambda failure: told.append(str(failure)))
    tab.goto(server.address)
    tab.wait_for_selector("body[data-ready]")
    yield tab
    # A picture that was replaced this instant has other bytes than those asked for: asked for anew. 409 is a refusal.
    assert [text for text in told if not re.search("404|409|ERR_FAILED", text)] == []
    tab.close()


def cell(page: Any, name: str) -> Any:
    """Return an image's cell."""
    return page.locator(f'[id="cell {name}"]')


def said(page: Any, words: str) -> None:
    """Wait until the page says something."""
    page.wait_for_function("words => document.getElementById('said').textContent.includes(words)", arg=words)


def focused(page: Any) -> str:
    """Return the image of the cell with the focus."""
    return str(page.evaluate("document.activeElement.parentNode.id")).removeprefix("cell ")


class Held:
    """Requests for addresses of a pattern, which wait until they are let go."""

    def __init__(self, page: Any, pattern: str) -> None:
        self._waiting: list[Any] | None = []
        page.route(pattern, self._asked)

    def _asked(self, route: Any) -> None:
        if self._waiting is None:
            route.continue_()
        else:
            self._waiting.append(route)

    def let_go(self) -> None:
        """Let them go on, and hold nothing more."""
        waiting, self._waiting = self._waiting or [], None
        for route in waiting:
            route.continue_()


def press(page: Any, *keys: str) -> None:
    """Press keys, one after the other."""
    for key in keys:
        page.keyboard.press(key)


def status(book: Project, name: str) -> str:
    """Return what the file says of an image."""
    entry = book.read(CH01).split(f'custom_id: "{name[-1]}"')[1].split("custom_id")[0]
    return next((line.split(":")[1].strip(' "') for line in entry.splitlines() if "status:" in line), "")


def test_a_chapter_is_reviewed_by_keys(page: Any, book: Project) -> None:
    """It opens on what is not reviewed; what is decided leaves it; a rejection has a note; undo brings both back."""
    before = book.read(CH01)
    assert page.locator("#counts").inner_text() == "4 images, 3 to review"
    assert page.locator("#grid li").count() == 3
    assert page.evaluate("document.activeElement.parentNode.id") == f"cell {A}"
    press(page, "a")
    said(page, "approve: 1 image")
    assert status(book, A) == "approved"
    cell(page, A).wait_for(state="detached")
    cell(page, B).locator("a").focus()
    press(page, "x")
    page.locator("dialog textarea").fill("the ears")
    page.get_by_role("button", name="reject", exact=True).click()
    said(page, "reject: 1 image")
    assert (status(book, B), 'review_note: "the ears"' in book.read(CH01)) == ("rejected", True)
    press(page, "u")
    said(page, f"undone: reject of {B}")
    press(page, "u")
    said(page, f"undone: approve of {A}")
    assert book.read(CH01) == before
    page.wait_for_function("() => document.querySelectorAll('#grid li').length === 3")


def test_many_are_decided_at_once_and_are_one_decision(page: Any, book: Project) -> None:
    """The count is shown, the selection is cleared, and what is out of sight is not touched."""
    before = book.read(CH01)
    cell(page, A).locator("a").focus()
    press(page, " ", "ArrowRight", " ")
    assert "2 selected" in page.locator("#counts").inner_text()
    press(page, "l")
    assert page.locator("#dialog-title").inner_text() == "lock 2 images?"
    page.get_by_role("button", name="lock", exact=True).click()
    said(page, "lock: 2 images")
    assert (status(book, A), status(book, B)) == ("locked", "locked")
    assert "selected" not in page.locator("#counts").inner_text()
    press(page, "u")
    said(page, "undone: lock of")
    assert book.read(CH01) == before
    cell(page, A).locator("a").focus()
    press(page, " ")
    page.locator("input[name=text]").fill("alice-portrait")
    cell(page, PORTRAIT).locator("a").focus()
    press(page, "a")
    said(page, "approve: 1 image")
    assert status(book, A) == ""


def test_an_image_in_full(page: Any) -> None:
    """The picture, its prompt with the source of each part, references; arrows go on; a hostile title is text."""
    cell(page, B).locator("a").focus()
    press(page, "Enter")
    page.wait_for_selector("#view .frame img")
    assert "onerror=alert(1)" in page.locator("#view h2").inner_text()
    assert "A cat." in page.locator("#view .prompt").first.inner_text()
    assert page.locator("#view .pictures").first.inner_text().startswith("alice")
    page.get_by_text("where each part comes from").click()
    assert f"{CH01}:" in page.locator("#view details details").inner_text()
    press(page, "z")
    assert "scale(3)" in page.locator("#view .frame img").get_attribute("style")
    press(page, "z", "ArrowLeft")
    page.wait_for_function("id => document.querySelector('#view h2 small').textContent === id", arg=A)
    press(page, "Escape")
    page.wait_for_selector("#view", state="hidden")
    assert page.evaluate("document.activeElement.parentNode.id") == f"cell {A}"


def test_a_picture_is_in_sight_before_a_key_can_be_for_it(page: Any) -> None:
    """All else of an image may come late; what was drawn of the picture stays, its zoom too."""
    cell(page, B).locator("a").focus()
    press(page, "Enter")
    page.wait_for_selector("#view .prompt")
    late = Held(page, "**/image/**")
    press(page, "ArrowLeft")
    assert page.locator("#view h2 small").inner_text() == A
    shown = page.locator("#view .frame img").get_attribute("src")
    assert shown == page.evaluate("id => `picture/${desk.book.images.find((image) => image.id === id).picture}`", A)
    assert page.locator("#view .prompt").count() == 0
    press(page, "z")
    late.let_go()
    page.wait_for_selector("#view .prompt")
    assert "scale(3)" in page.locator("#view .frame img").get_attribute("style")


def test_an_id_may_hold_what_means_something_in_an_address(page: Any, book: Project) -> None:
    """A number sign ends an address, a percent sign escapes in it."""
    book.chapter("ch03", {"a#1": "A key.", "b%231": "A ring."})
    for name in ("chapters/ch03/a#1", "chapters/ch03/b%231"):
        page.evaluate("id => { location.hash = `#image/${encodeURI(id)}`; }", name)
        page.locator("#view h2 small").get_by_text(name, exact=True).wait_for(timeout=20_000)


def test_two_versions_are_compared_and_one_comes_back(page: Any, book: Project) -> None:
    """Side by side, bound together; one over the other; the words of their prompts; then the former is back."""
    cell(page, A).locator("a").focus()
    press(page, "c")
    page.wait_for_selector(".panes img")
    assert [item.inner_text() for item in page.locator("figcaption").all()] == ["version 1", "version 2"]
    page.wait_for_selector("#view del")
    assert (page.locator("#view del").inner_text(), page.locator("#view ins").inner_text()) == ("lamp", "lantern")
    press(page, "z")
    styles = {item.get_attribute("style") for item in page.locator(".panes img").all()}
    assert len(styles) == 1
    assert "scale(3)" in styles.pop()
    press(page, "o")
    assert "over" in page.locator(".panes").get_attribute("class")
    before = book.image(A).read_bytes()
    press(page, "Escape")
    page.get_by_role("button", name="bring back").click()
    said(page, "version 1 is back")
    assert book.image(A).read_bytes() != before


def test_one_of_three_variants_is_picked(page: Any, book: Project) -> None:
    """A survey of all, by keys: one put aside, two compared, one left and picked; the picture stays a version; undo."""
    before, entry = book.image(PORTRAIT).read_bytes(), book.read(ALICE)
    assert book.chargen("batch", "characters", "--variants", "3", PORTRAIT).code == 0
    cell(page, PORTRAIT).locator("a").focus()
    press(page, "Shift+N")
    page.wait_for_selector(".survey .frame img")
    frames = page.locator(".survey .frame")
    assert [frame.get_attribute("aria-label") for frame in frames.all()] == [
        "version 1 (current)",
        "version 2",
        "version 3",
    ]
    assert len({frame.get_attribute("src") for frame in page.locator(".survey img").all()}) == 3
    press(page, "ArrowRight", "x")
    page.wait_for_function("() => document.querySelectorAll('.survey .frame').length === 2")
    press(page, "c")
    page.wait_for_selector(".panes img")
    assert [item.inner_text() for item in page.locator("figcaption").all()] == ["version 1", "version 3 pick (p)"]
    page.get_by_text("Their prompts have the same words.").wait_for()
    press(page, "Escape", "Shift+N")
    page.wait_for_function("() => document.querySelectorAll('.survey .frame').length === 2")
    press(page, "x")
    said(page, "version 3 is left: p picks it")
    press(page, "p")
    said(
        page,
        "version 3 is the current one now · 2 images that show it will be built anew: chapters/ch01/a, chapters/ch01/b",
    )
    assert book.image(PORTRAIT).read_bytes() != before
    assert book.chargen("batch", "characters", "--dry-run").out.splitlines()[-1] == "nothing to send"
    press(page, "r")
    page.get_by_label("version 3 (current)").wait_for()
    press(page, "u")
    said(page, f"undone: pick of {PORTRAIT}")
    assert (book.image(PORTRAIT).read_bytes(), book.read(ALICE)) == (before, entry)


def test_a_picture_is_asked_anew_with_a_mask(page: Any, book: Project) -> None:
    """Words, version and mask; what does not fit is told beside them; the price; then it is in the file, and undone."""
    before = book.read(CH01)
    for name, size in (("mask.png", (128, 96)), ("small.png", (8, 8))):
        Image.new("RGBA", size).save(book.root / name)
    cell(page, A).locator("a").focus()
    press(page, "Enter")
    page.wait_for_selector("#view .frame img")
    press(page, "t")
    page.get_by_label("What is to be different").fill("Put the lamp out.")
    page.get_by_label("of version").select_option("1")
    page.get_by_label("only where").fill("small.png")
    page.get_by_role("button", name="price").click()
    page.get_by_text("mask `small.png` is 8x8, and the picture 128x96").wait_for()
    assert page.get_by_label("What is to be different").input_value() == "Put the lamp out."
    assert book.read(CH01) == before
    page.get_by_label("only where").fill("mask.png")
    page.get_by_role("button", name="price").click()
    page.get_by_text("The next build makes it, $0.00 by estimate.").wait_for()
    assert book.read(CH01) == before
    page.get_by_role("button", name="ask", exact=True).click()
    said(page, f"asked anew: {A}, from version 1")
    page.get_by_text("Asked anew: “Put the lamp out.”").wait_for()
    assert 'mask: "mask.png"' in book.read(CH01)
    assert book.doit().code == 0
    page.get_by_text("3 versions").wait_for()
    press(page, "u")
    said(page, "undone: retake of")
    assert "retake:" not in book.read(CH01)


def test_the_page_follows_a_build(page: Any, book: Project) -> None:
    """What another process builds, and what an editor saves, is there without a reload."""
    page.locator("input[name=unreviewed]").uncheck()
    assert cell(page, C).locator(".badge").text_content() == "missing"
    assert book.chargen("batch", "all").code == 0
    page.wait_for_function("id => document.getElementById(id).textContent.includes('fresh')", arg=f"cell {C}")
    cell(page, C).locator("img").wait_for()
    book.edit(CH01, "A cat.", "A dog.")
    page.wait_for_function("id => document.getElementById(id).textContent.includes('stale')", arg=f"cell {B}")


def test_many_tabs_of_one_page_are_open(browser: Any, server: Review) -> None:
    """A browser has six connections for one server: those in the background let go of theirs, and come back later."""
    context = browser.new_context()
    hide = "is => { Object.defineProperty(document, 'hidden', {value: is, configurable: true}); desk.listen(); }"
    tabs = []
    for _ in range(8):
        tabs.append(context.new_page())
        tabs[-1].goto(server.address)
        tabs[-1].wait_for_selector("body[data-ready]")
        tabs[-1].evaluate(hide.replace("desk.listen()", "document.dispatchEvent(new Event('visibilitychange'))"), True)
    server.post("/decide", {"command": "approve", "images": [A]})
    assert "3 to review" in tabs[0].locator("#counts").inner_text()
    tabs[0].evaluate(hide, False)
    tabs[0].wait_for_function("() => document.getElementById('counts').textContent.includes('2 to review')")
    context.close()


def test_what_is_looked_at_stays_while_other_images_change(page: Any, book: Project) -> None:
    """A build goes on, the author has opened what they read: nothing is drawn anew of an image that is as it was."""
    cell(page, A).locator("a").focus()
    press(page, "Enter")
    page.locator("#view details details summary").click()
    opened = "() => document.querySelector('#view details details').open"
    book.edit("imagery/chapters/ch02/imagery.yaml", '"c"\n', '"c"\n    title: Gate\n')
    page.wait_for_function("() => desk.book.images.some((image) => image.title === 'Gate') && !desk.looking")
    assert page.evaluate(opened)
    book.edit(CH01, "A lantern.", "A lamp at sea.")
    page.wait_for_function("() => view.image.verdict !== 'fresh' && !desk.looking")
    assert not page.evaluate(opened)


def test_a_file_that_can_not_be_read_is_told(page: Any, book: Project) -> None:
    """Its images are not in the grid, and nobody need wonder why."""
    assert page.locator("#problems").is_hidden()
    whole = book.read(CH01)
    book.write(CH01, whole.replace("images:", "images: ["))
    page.locator("#problems summary").click()
    assert CH01 in page.locator("#problems li").first.inner_text()
    book.write(CH01, whole)
    page.locator("#problems").wait_for(state="hidden")


def test_the_focus_is_on_the_next_card_when_the_decided_one_leaves(page: Any, book: Project) -> None:
    """At once, before there is an answer, and after it; one that is refused is back, and moves the focus nowhere."""
    made = Held(page, "**/decide")
    press(page, "a")
    assert (focused(page), cell(page, A).count()) == (B, 0)
    press(page, "a")
    assert (focused(page), page.locator("#grid li").count()) == (PORTRAIT, 1)
    assert (status(book, A), status(book, B)) == ("", "")
    made.let_go()
    page.wait_for_function("() => document.getElementById('counts').textContent.includes('1 to review')")
    assert (status(book, A), status(book, B), focused(page)) == ("approved", "approved", PORTRAIT)
    press(page, "u")
    cell(page, B).wait_for()
    assert focused(page) == PORTRAIT
    press(page, "a")
    assert focused(page) == B
    said(page, "approve: 1 image")
    book.write(f"generated/{B}.png", book.image(A).read_bytes())
    page.route("**/decide", lambda route: route.fulfill(status=409, json={"error": "nobody knows", "problems": []}))
    press(page, "l")
    said(page, "Not done: nobody knows")
    cell(page, B).wait_for()
    assert status(book, B) == ""


def test_a_card_that_others_take_away_hands_on_the_focus(page: Any, server: Review) -> None:
    """A decision of the command line, or of another page, is no reason to lose the place; nor is a question."""
    server.post("/decide", {"command": "approve", "images": [A]})
    cell(page, A).wait_for(state="detached")
    assert focused(page) == B
    press(page, "x")
    server.post("/decide", {"command": "approve", "images": [B]})
    cell(page, B).wait_for(state="detached")
    press(page, "Escape")
    page.wait_for_selector("dialog", state="hidden")
    page.wait_for_function("id => document.activeElement.parentNode.id === `cell ${id}`", arg=PORTRAIT)
    server.post("/decide", {"command": "approve", "images": [PORTRAIT]})
    page.get_by_text("No image is left by these filters.").wait_for()
    press(page, "a")
    said(page, "No image has the focus")


def test_going_on_is_in_the_order_of_the_page_and_at_once(page: Any, book: Project) -> None:
    """The plan has a portrait before what shows it, the page in its section; a key is for what is in sight."""
    page.locator("input[name=unreviewed]").uncheck()
    assert page.evaluate("desk.book.images.map((image) => image.id)") == [A, B, C, PORTRAIT]
    cell(page, A).locator("a").focus()
    press(page, "n")
    assert focused(page) == B
    cell(page, A).locator("a").focus()
    press(page, "Enter")
    page.wait_for_selector("#view .prompt")
    made = Held(page, "**/decide")
    for name in (B, PORTRAIT):
        press(page, "Shift+A")
        assert page.locator("#view h2 small").inner_text() == name
    made.let_go()
    page.wait_for_function("() => document.getElementById('counts').textContent.includes('1 to review')")
    assert (status(book, A), status(book, B)) == ("approved", "approved")
    assert "approved" not in book.read(ALICE)


def test_who_comes_back_from_a_decided_image_stands_on_the_next_card(page: Any) -> None:
    """And not on the first of the book."""
    cell(page, B).locator("a").focus()
    press(page, "Enter")
    page.wait_for_selector("#view .prompt")
    press(page, "a", "Escape")
    page.wait_for_selector("#view", state="hidden")
    assert focused(page) == PORTRAIT


def test_a_decision_is_asked_about_once(page: Any) -> None:
    """The book once and the image once, although the change of the file is told too."""
    cell(page, A).locator("a").focus()
    press(page, "Enter")
    page.wait_for_selector("#view .prompt")
    page.wait_for_timeout(1500)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.rsplit("/", 3)[-3:][-1]))
    press(page, "a")
    page.locator("#view .status.approved").wait_for()
    page.wait_for_timeout(2500)
    assert sorted(asked) == ["a", "book", "decide"]


def test_no_decision_is_on_a_card_out_of_sight(page: Any, book: Project) -> None:
    """It is shown first, and the key is to be pressed again."""
    page.locator("input[name=unreviewed]").uncheck()
    page.set_viewport_size({"width": 300, "height": 400})
    cell(page, A).locator("a").focus()
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    press(page, "l")
    said(page, "was out of sight")
    assert status(book, A) == ""
    press(page, "l")
    said(page, "lock: 1 image")
    assert status(book, A) == "locked"


def test_a_file_that_can_not_be_read_has_its_section(page: Any, book: Project) -> None:
    """What is wrong stands where its images were; who looks at one of them is told why nothing can be decided."""
    cell(page, A).locator("a").focus()
    press(page, "Enter")
    page.wait_for_selector("#view .prompt")
    whole = book.read(CH01)
    book.write(CH01, whole.replace("images:", "images: ["))
    page.wait_for_function("() => desk.book.images.length === 2")
    press(page, "a")
    said(page, f"`{A}` is in {CH01}, which can't be read")
    press(page, "Escape")
    sections = page.locator("#grid section")
    assert sections.first.get_attribute("aria-label") == CH01
    assert f"{CH01}:" in sections.first.locator(".error").text_content()  # a section out of sight has no rendered text
    assert sections.first.locator("li").count() == 0
    book.write(CH01, whole)
    cell(page, A).wait_for()
    assert page.locator("#grid .error").count() == 0


def test_typed_words_stay_until_they_are_written(page: Any, book: Project) -> None:
    """A slip of a key, or a server that is gone, takes nothing that was typed; Ctrl-Enter sends it."""
    press(page, "x")
    page.locator("dialog textarea").fill("the ears")
    press(page, "Escape")
    page.wait_for_selector("dialog", state="hidden")
    page.route("**/decide", lambda route: route.abort())
    press(page, "x")
    assert page.locator("dialog textarea").input_value() == "the ears"
    page.locator("dialog textarea").fill("the ears, too long")
    press(page, "Control+Enter")
    said(page, "Not done")
    page.unroute("**/decide")
    cell(page, A).locator("a").focus()
    press(page, "x")
    assert page.locator("dialog textarea").input_value() == "the ears, too long"
    press(page, "Control+Enter")
    said(page, "reject: 1 image")
    assert 'review_note: "the ears, too long"' in book.read(CH01)
    press(page, "u")
    said(page, "undone: reject of")
    cell(page, A).locator("a").focus()
    press(page, "x")
    assert page.locator("dialog textarea").input_value() == ""
    press(page, "Escape", "t")
    page.get_by_label("What is to be different").fill("Put the lamp out.")
    press(page, "Escape")
    page.wait_for_selector("dialog", state="hidden")
    press(page, "t")
    assert page.get_by_label("What is to be different").input_value() == "Put the lamp out."
    press(page, "Escape")


def test_one_section_is_looked_at(page: Any) -> None:
    """Chosen by its name; a card with a title of its own has its id too, for titles repeat."""
    page.get_by_label("section").select_option("chapter ch01")
    assert [item.get_attribute("id") for item in page.locator("#grid li").all()] == [f"cell {A}", f"cell {B}"]
    assert cell(page, B).locator("small").text_content() == "b"
    assert cell(page, A).locator(".title").text_content() == "a"
    page.get_by_label("section").select_option("character alice")
    assert [item.get_attribute("id") for item in page.locator("#grid li").all()] == [f"cell {PORTRAIT}"]


def test_what_was_not_seen_is_not_decided_on(page: Any, book: Project) -> None:
    """The page was not told of another picture yet: it is shown, and the key is to be pressed again."""
    page.evaluate("desk.events.close()")
    book.write(f"generated/{A}.png", book.image(B).read_bytes())
    cell(page, A).locator("a").focus()
    press(page, "a")
    said(page, "has another picture by now")
    assert status(book, A) in ("", "null")
    page.wait_for_function("() => !desk.looking")
    press(page, "l")
    said(page, "lock: 1 image")


def test_a_question_stays_until_it_is_answered(page: Any) -> None:
    """An answer of the server that comes late does not take the words of a note away."""
    cell(page, A).locator("a").focus()
    press(page, "x")
    page.locator("dialog textarea").fill("too dark")
    page.evaluate("decide.list()")
    assert page.locator("dialog textarea").input_value() == "too dark"
    press(page, "Escape")


def test_a_rebuild_is_queued_priced_and_built(page: Any, book: Project) -> None:
    """The price stands in the question; the build is one of its own."""
    page.locator("input[name=unreviewed]").uncheck()
    cell(page, C).locator("a").focus()
    press(page, "b")
    page.get_by_role("button", name="price and build").click()
    page.wait_for_selector("dialog[open]")
    assert page.locator("#dialog-title").inner_text() == "Send 1 request for $0.00?"
    page.get_by_role("button", name="build", exact=True).click()
    page.wait_for_function("id => document.getElementById(id).textContent.includes('fresh')", arg=f"cell {C}")
    assert book.image(C).exists()


def test_what_is_offered_is_enough_and_what_a_build_said_is_told(browser: Any, book: Project, forks: Forks) -> None:
    """The estimate, and the most, which is what a budget sets aside: with less than that nothing would leave."""
    with GoogleServer() as google:
        book.env |= google.environ
        book.edit(CH02, "provider: sketch, model: sketch", "provider: google, model: gemini-nano-banana-2.1")
        with review(book, forks) as running:
            tab = browser.new_page()
            tab.goto(running.address)
            tab.wait_for_selector("body[data-ready]")
            tab.locator("input[name=unreviewed]").uncheck()
            cell(tab, C).locator("a").focus()
            left_out = f"left out: {C}: over budget: $0.034 and at most $0."
            for offered, said_by_build in (("0.04", left_out), (None, "built 1")):
                press(tab, "b")
                tab.get_by_role("button", name="price and build").click()
                tab.wait_for_selector("dialog[open]")
                title = tab.locator("#dialog-title").inner_text()
                most = tab.locator("dialog input").input_value()
                assert title == f"Send 1 request for $0.0336 by estimate, ${most} at most?"
                assert float(most) > 0.3
                if offered is not None:
                    tab.locator("dialog input").fill(offered)
                tab.get_by_role("button", name="build", exact=True).click()
                told = tab.locator("#ended pre", has_text=said_by_build)
                told.wait_for()
                assert len(google.requests) == (0 if offered else 1)
                tab.get_by_role("button", name="close", exact=True).click()
                told.wait_for(state="hidden")
            tab.close()
    assert book.image(C).exists()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible(browser: Any, server: Review, book: Project, scheme: str) -> None:
    """Axe finds nothing in the grid, the full view, comparison, survey and the list of keys; nothing is cut at 390."""
    assert book.chargen("batch", "all", "--variants", "2", A).code == 0
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    tab = browser.new_page(viewport={"width": 390, "height": 800}, color_scheme=scheme)
    tab.goto(server.address)
    tab.wait_for_selector("body[data-ready]")
    tab.add_init_script(path=Path(__import__("axe_playwright_python").__file__).parent / "axe.min.js")
    for keys in ((), ("Enter",), ("t",), ("Escape", "c"), ("Escape", "Shift+N"), ("Escape", "?")):
        press(tab, *keys)
        tab.wait_for_timeout(300)
        found = axe.run(tab)
        assert found.violations_count == 0, found.generate_report()
        assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    tab.close()


def test_what_is_taller_than_the_window_is_read_from_its_beginning(page: Any) -> None:
    """The focus is on the button below the list, and the list begins at its top."""
    page.set_viewport_size({"width": 375, "height": 600})
    press(page, "?")
    assert page.evaluate("document.activeElement.textContent") == "close"
    assert page.evaluate("dialog => dialog.scrollHeight > dialog.clientHeight", page.query_selector("#dialog"))
    assert page.evaluate("document.getElementById('dialog').scrollTop") == 0


def test_the_exported_page_needs_no_server(browser: Any, book: Project) -> None:
    """From plain files: grid, full view, comparison with words; nothing in it decides."""
    assert book.chargen("review", "--export", "shown").code == 0
    tab = browser.new_page()
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto((book.root / "shown" / "index.html").as_uri())
    tab.wait_for_selector("body[data-ready]")
    cell(tab, A).locator("a").focus()
    press(tab, "a", "u", "b", "c")
    tab.wait_for_selector(".panes img")
    tab.wait_for_selector("#view ins")
    assert tab.evaluate("[...document.images].every((image) => image.complete && image.naturalWidth > 0)")
    assert tab.get_by_role("button", name="approve").count() == 0
    assert all(url.startswith("file:") for url in asked)
    tab.close()


@pytest.fixture
def party(tmp_path: Path) -> Project:
    """One chapter of the example book with its cast and place, one image of it built twice."""
    made = Project(tmp_path / "always-six")
    for name in ("chapters/ch07-always-six", "locations/tea-garden", *map("characters/{}".format, CAST)):
        shutil.copytree(REPOSITORY / "imagery" / name, made.root / "imagery" / name)
    shutil.copytree(REPOSITORY / "prompts", made.root / "prompts", dirs_exist_ok=True)
    assert build(made) == 0
    made.edit("imagery/chapters/ch07-always-six/imagery.yaml", "low\n      orange lamp", "last\n      orange lamp")
    assert build(made) == 0
    return made


CAST = ("alice", "hatter", "march-hare")
ALL_IN_SIGHT_ARE_DRAWN = """() => [...document.images].every((image) => {
    const box = image.getBoundingClientRect();
    const out = !image.offsetParent || box.top > innerHeight || box.bottom < 0;
    return out || (image.complete && image.naturalWidth > 0);
})"""
TABLE = "chapters/ch07/img-01"


@pytest.mark.long
def test_screenshots_for_the_docs(browser: Any, party: Project, forks: Forks) -> None:
    """Kept where `CHARGEN_SCREENSHOTS` names a folder; else only that there is something to see."""
    folder = os.environ.get("CHARGEN_SCREENSHOTS")
    with review(party, forks) as server:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(server.address)
        page.wait_for_selector("body[data-ready]")
        cell(page, TABLE).locator("a").focus()
        steps = {
            "grid": ("#grid section img", ()),
            "image": ("#view .prompt", ("Enter",)),
            "retake": ("dialog[open] textarea", ("t",)),
            "compare": ("#view del", ("Escape", "c")),
            "survey": (".survey .frame img", ("Escape", "Shift+N")),
        }
        for name, (seen, keys) in steps.items():
            if name == "survey":
                assert party.chargen("batch", "all", "--variants", "3", TABLE).code == 0
            press(page, *keys)
            page.wait_for_selector(seen)
            page.wait_for_function(ALL_IN_SIGHT_ARE_DRAWN)
            if name == "retake":
                page.get_by_label("What is to be different").fill("Take the dormouse out of the cups, and let it sit.")
            picture = page.screenshot()
            assert len(picture) > 10_000
            if folder is not None:
                (Path(folder) / f"review-{name}.png").write_bytes(picture)
        page.close()
