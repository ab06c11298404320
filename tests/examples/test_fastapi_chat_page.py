"""The page of the chat example in a real browser: what a person does there, and what it looks like."""

from __future__ import annotations

import importlib.util
import shutil
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from chat_site import Site, answer, serving

from memagent.errors import BackendError
from memagent.testing import ScriptedLLM

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
MARKUP = "My cat is <img src=x onerror=\"document.title='taken'\"><b>Tom</b>."

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("playwright") is None, reason="not installed: playwright"),
    pytest.mark.skipif(BROWSER is None, reason="not installed: chromium"),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serving(tmp_path_factory.mktemp("page") / "chat.db") as running, running.client("alice") as alice:
        answer(alice, "I moved to Lisbon last week.", "monday")
        answer(alice, "I am allergic to peanuts.", "monday")
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield opened
        opened.close()


@contextmanager
def opened(browser: Any, site: Site) -> Iterator[Any]:
    """The page after a login. Anything in the browser's console at the end is a failure."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page, told = context.new_page(), []
    page.set_default_timeout(15_000)
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.goto(site.url)
    page.get_by_label("Name").fill("alice")
    page.get_by_label("Password").fill("wonderland")
    page.keyboard.press("Enter")
    page.get_by_label("Message").wait_for()
    yield page
    context.close()
    assert told == []


@pytest.fixture
def page(site: Site, browser: Any) -> Iterator[Any]:
    with opened(browser, site) as shown:
        yield shown


def ask(page: Any, text: str) -> Any:
    """Send a message by keyboard and return its answer when it is whole."""
    count = page.locator("details.why").count()
    page.get_by_label("Message").fill(text)
    page.keyboard.press("Enter")
    page.locator("details.why").nth(count).wait_for()
    return page.locator(".turn.assistant").last


def test_a_person_talks_sees_why_edits_and_forgets_and_it_is_so_after_a_reload(page: Any, site: Site) -> None:
    page.get_by_role("button", name="New conversation").click()
    assert "kept" in ask(page, MARKUP).locator("> .words").inner_text()
    told = ask(page, "Which city have I moved to?")
    assert "Lisbon" in told.locator("> .words").inner_text()
    told.get_by_text("recalled").click()
    evidence = told.locator(".why li", has_text="I moved to Lisbon last week.").first.inner_text()
    assert all(part in evidence for part in ("said or noted", "score", "said by alice", "words")), evidence
    assert page.locator("#log img, #log b, #memories img").count() == 0 and page.title() == "memagent chat"
    assert page.locator(".turn.user > .words").first.inner_text() == MARKUP
    assert page.locator(".turn > .who > time").count() == 4  # both questions and both answers, without a reload

    panel = page.get_by_role("complementary", name="Memory")
    moved = panel.locator("#memories > li", has_text="I moved to Lisbon last week.")
    moved.get_by_role("button", name="Edit").click()
    panel.get_by_label("Text of this memory").fill("I moved to Porto last week.")
    panel.get_by_role("button", name="Save").click()
    panel.get_by_text("Saved.").wait_for()

    peanuts = panel.locator("#memories > li", has_text="I am allergic to peanuts.")
    for button in ("Cancel", "Forget"):
        peanuts.get_by_role("button", name="Forget").click()
        asked = page.get_by_role("dialog").inner_text()
        assert "2 messages or notes" in asked and "goes too: " in asked  # what was answered to it
        page.get_by_role("dialog").get_by_role("button", name=button).click()
    panel.get_by_text("Forgotten: 2 messages or notes").wait_for()
    assert peanuts.count() == 0

    page.reload()
    panel.get_by_label("Search the memory").fill("moved peanuts Porto")
    panel.get_by_role("button", name="Search").click()
    panel.locator("#memories > li", has_text="I moved to Porto last week.").get_by_text("score").wait_for()
    assert peanuts.count() == 0 and panel.get_by_text("Lisbon last week").count() == 0
    assert "Porto" in ask(page, "Which city am I in?").locator("> .words").inner_text()

    panel.get_by_label("Show").select_option("Forgotten")
    peanuts.get_by_role("button", name="Restore").click()
    panel.get_by_text("Restored: 2 messages or notes").wait_for()
    panel.get_by_label("Show").select_option("What was said")
    peanuts.wait_for()


def test_the_page_is_there_to_see_in_light_and_dark_and_fits_a_telephone(page: Any) -> None:
    page.get_by_role("button", name="New conversation").click()
    ask(page, "Where do I live?").get_by_text("recalled").click()
    seen = set()
    for scheme, width, height in (("light", 1280, 800), ("dark", 1280, 800), ("dark", 360, 740), ("light", 360, 740)):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": height})
        if width == 360 and page.get_by_role("button", name="Memory").get_attribute("aria-expanded") == "true":
            page.get_by_label("Search the memory").press("Escape")
        for role, name in (("button", "Send"), ("button", "Memory"), ("textbox", "Message"), ("log", "Conversation")):
            assert page.get_by_role(role, name=name, exact=True).is_visible(), name
        assert page.evaluate("document.documentElement.scrollWidth") == width
        rows = picture(page.screenshot())
        assert len(rows) == height and len(set(rows)) > 100
        seen.add(rows[height // 2])
        ground, ink = (brightness(page.evaluate(f"getComputedStyle(document.body).{one}")) for one in COLOURS)
        assert (ground - ink if scheme == "light" else ink - ground) > 150
    assert len(seen) == 4


COLOURS = ("backgroundColor", "color")


def test_a_problem_is_shown_with_its_hint_and_what_was_said_can_be_sent_again(browser: Any, tmp_path: Path) -> None:
    model = ScriptedLLM([BackendError("the model is away", hint="Start it first."), "Here I am."])
    with serving(tmp_path / "chat.db", model) as site, opened(browser, site) as page:
        page.get_by_label("Message").fill("Are you there?")
        page.keyboard.press("Enter")
        page.get_by_text("the model is away Start it first.").wait_for()
        page.get_by_role("button", name="Send again").click()
        page.locator(".turn.assistant", has_text="Here I am.").wait_for()
        with site.client("alice") as alice:
            [session] = alice.get("/api/sessions").json()
            turns = alice.get("/api/turns", params={"session": session["session"]}).json()
        assert [turn["text"] for turn in turns] == ["Are you there?", "Here I am."]
        assert page.locator(".turn").count() == 2


def picture(png: bytes) -> list[bytes]:
    """Return the rows of a PNG as they are packed; those of one colour are alike."""
    place, width, height, data = 8, 0, 0, b""
    while place < len(png):
        size, kind = struct.unpack(">I4s", png[place : place + 8])
        body = png[place + 8 : place + 8 + size]
        if kind == b"IHDR":
            width, height = struct.unpack(">II", body[:8])
        if kind == b"IDAT":
            data += body
        place += size + 12
    raw = zlib.decompress(data)
    size = len(raw) // height
    assert size > width
    return [raw[row * size : (row + 1) * size] for row in range(height)]


def brightness(colour: str) -> float:
    """Return the mean of red, green and blue of `rgb(1, 2, 3)`, from 0 to 255."""
    return sum(float(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(",")) / 3
