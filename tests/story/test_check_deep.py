"""A model looks for contradictions: what it points at is told, an unchanged chapter costs nothing, a stop goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cli.commands import memagent
from test_canon import opening

from memagent import Budget, Controller, Story
from memagent.errors import BackendError, BudgetExceeded, ConfigError
from memagent.methods.recurrent_continuity import Checked, in_text, read_contradictions
from memagent.story.check_deep import deep_findings, look_deep, unlooked
from memagent.story.config import StoryConfig
from memagent.story.manuscript import Place
from memagent.story.waiving import findings, waive
from memagent.structured import Unreadable
from memagent.testing import FakeOpenAIServer, ScriptedLLM

CHAPTERS = (
    ("Mara's eyes were green.", "The fiddle was pawned in Salt Bay for nine crowns.", "Nobody had a boat."),
    ("Mara looked up with her “brown” eyes.", "She played the fiddle from Salt Bay that night.", "Fog came."),
    ("The fog stayed.", "It was quiet."),
)


def row(paragraph: str, quote: str, against: str, why: str = "It cannot be.") -> dict[str, str]:
    return {"paragraph": paragraph, "quote": quote, "against": against, "why": why}


def reply(*rows: dict[str, str]) -> str:
    return json.dumps({"contradictions": list(rows)})


@pytest.fixture
def story(tmp_path: Path) -> Story:
    story = Story.create(tmp_path / "lamp", "A lamp goes out.", StoryConfig(select="first"))
    story.write(3, llm=ScriptedLLM([opening(*CHAPTERS[0])]))
    edit(story, CHAPTERS)
    return story


def edit(story: Story, chapters: Any) -> None:
    for number, texts in enumerate(chapters, 1):
        head = "# The Lamp\n\n" * (number == 1) + f"## Part {number}\n\n"
        (story.folder / "chapters" / f"{number:02d}.md").write_text(head + "\n\n".join(texts) + "\n")
    with story.editing(adopt=False):
        story.sync()


def look(story: Story, *replies: Any, **limits: Any) -> tuple[ScriptedLLM, list[str]]:
    llm = ScriptedLLM(replies)
    with story.editing():
        controller = Controller(llm, story.memory, **limits)
        return llm, look_deep(story, controller, unlooked(story, llm))


def test_findings_are_told_with_place_and_quote_and_what_is_not_in_the_text_is_dropped(story: Story) -> None:
    fact = row("p1", 'with her "BROWN"   eyes', "k1")
    against_passage = row("p9", "She played the fiddle", "k3")  # a wrong number, and right words
    invented = [row("p1", "with her blue eyes", "k1"), row("p1", "", "k1"), row("p2", "She played", "k77")]
    llm, problems = look(story, reply(), reply(fact, against_passage, *invented), reply())
    assert problems == []
    prompt = llm.requests[1].messages[-1].content
    assert "<known>\nk1: Mara | eyes | green (ch.1 ¶1)\n" in prompt
    assert "\nk3: ch.1 ¶2: The fiddle was pawned" in prompt
    assert "p2: She played the fiddle from Salt Bay that night.\n\np3: Fog came.\n</passage>" in prompt
    assert [(one.place, one.other, one.quote) for one in deep_findings(story)] == [
        (Place(2, 1), Place(1, 1), "with her “brown” eyes"),
        (Place(2, 2), Place(1, 2), "She played the fiddle"),
    ]  # fmt: skip
    assert sum(story.record.looked.values()) == 3
    assert "pawned in Salt Bay for nine crowns" in deep_findings(story)[1].text


def test_an_unchanged_chapter_costs_nothing_and_a_changed_one_is_looked_at_again(story: Story) -> None:
    look(story, *[reply()] * 3)
    assert look(story)[0].requests == []
    assert look(Story(story.folder))[0].requests == []
    chapters = [*CHAPTERS[:2], ("The fog stayed.", "It was loud.")]
    edit(story, chapters)
    llm, _ = look(story, reply(row("p2", "It was loud", "p1")))
    assert len(llm.requests) == 1 and "It was loud." in llm.requests[0].messages[-1].content
    assert [one.place for one in deep_findings(story)] == [Place(3, 2)]
    edit(story, [*CHAPTERS[:2], ("The fog lifted.", "It was loud.")])  # what it contradicted stands no more
    assert deep_findings(story) == []


def test_a_finding_that_is_meant_is_told_no_more(story: Story) -> None:
    look(story, reply(), reply(row("p2", "She played the fiddle", "k2")), reply())
    (one,) = [one for one in findings(story, ["canon"]) if "fiddle" in one.quote]
    with story.editing():
        waive(story, one.id)
    assert one.id not in {other.id for other in findings(story)}
    assert one.id in {other.id for other in findings(story, all=True)}


def test_a_limit_a_failure_and_a_reply_that_cannot_be_read_lose_nothing(story: Story) -> None:
    with pytest.raises(BudgetExceeded):
        look(story, *[reply()] * 3, budget=Budget(calls=1))
    assert len(story.record.looked) == 1
    with pytest.raises(BackendError):
        look(story, reply(), BackendError("down"))
    assert len(story.record.looked) == 2
    llm, problems = look(story, *["nothing"] * 3)
    assert len(llm.requests) == 3 and "ch.3 ¶1-2 was not looked at" in problems[0]
    assert len(look(story, reply())[0].requests) == 1
    assert story.record.usage.calls == 1 + 1 + 1 + 3 + 1  # the opening, two parts, three that failed, one
    with pytest.raises(ConfigError, match="understands no text"), story.editing():
        unlooked(story, Controller("offline").llm)


def test_a_long_chapter_is_looked_at_in_parts_that_know_what_was_before(story: Story) -> None:
    long = [f"Number {at}. " + "So it went on and on. " * 120 for at in range(12)]
    edit(story, [("Mara's eyes were green.", *long, "Mara waited.")])
    for number in (2, 3):
        (story.folder / "chapters" / f"{number:02d}.md").unlink(missing_ok=True)
    with story.editing(adopt=False):
        story.sync()
    llm, _ = look(story, *[reply()] * 4)
    last = llm.requests[-1].messages[-1].content
    assert 2 <= len(llm.requests) <= 4
    assert "k1: Mara | eyes | green" in last and "Mara waited." in last


def test_quotes_are_looked_for_as_they_stand() -> None:
    assert in_text("the ‘old’ boat—gone", "It was the 'old'  boat-gone, she said.") == "the 'old' boat-gone"
    assert in_text("«Лодка ушла».", "Он сказал: «лодка\nушла», и всё.") == "лодка ушла"
    assert in_text("船不见了", "她说，船不见了。") == "船不见了"
    assert in_text("the boat", "Theboat.") == in_text("…", "a … b") == in_text("", "a") == ""


@pytest.mark.parametrize("text", ["{}", '{"contradictions": 3}', "no"])
def test_a_reply_without_a_list_is_asked_for_again(text: str) -> None:
    with pytest.raises(Unreadable):
        read_contradictions(text, ["A."], 1)


def test_rows_of_any_kind_are_read_or_counted() -> None:
    rows = [None, 3, {}, row("1", "A b", "K 1"), row("p2", "c d", "paragraph 1"), row("p1", "A b", "p1")]
    found = read_contradictions(json.dumps({"contradictions": rows}), ["A b.", "C d."], 1)
    assert [(one.paragraph, one.known, one.other) for one in found.found] == [(0, 0, None), (1, None, 0)]
    assert found.dropped == 4
    many = [row("p1", "A b", "k1", str(at)) for at in range(20)]
    assert read_contradictions(json.dumps({"contradictions": many}), ["A b."], 1).dropped == 8
    assert read_contradictions('{"contradictions": []}', [], 0) == Checked()


@pytest.fixture
def server() -> Iterator[FakeOpenAIServer]:
    with FakeOpenAIServer([reply(), reply(row("p2", "She played the fiddle", "k2")), reply()]) as server:
        yield server


def test_the_command_says_the_price_keeps_to_a_limit_and_goes_on(
    story: Story, server: FakeOpenAIServer, tmp_path: Path
) -> None:
    prices = tmp_path / "prices.toml"
    prices.write_text("[models]\nfake = { input = 1000.0, output = 1000.0 }\n")
    command = ("story", "check", story.folder, "--deep", "-m", f"openai:fake@{server.url}")
    refused = memagent(*command, MEMAGENT_PRICES=str(prices))
    assert refused.returncode == 2 and "--max-cost" in refused.stderr and server.requests == []
    assert "3 calls" in refused.stderr and "a guess" in refused.stderr and "about $" in refused.stderr
    stopped = memagent(*command, "--max-cost", 0.6, MEMAGENT_PRICES=str(prices))
    assert stopped.returncode == 5 and "goes on with a higher limit" in " ".join(stopped.stderr.split())
    assert 1 <= (paid := len(server.requests)) < 3
    done = memagent(*command, "--max-cost", 99, "--json", MEMAGENT_PRICES=str(prices))
    assert done.returncode == 6, done.stderr
    told = json.loads(done.stdout)
    assert (told["calls"], told["dropped"], told["problems"]) == (3 - paid, 0, [])
    assert ("ch.2 ¶2", "She played the fiddle") in {(one["place"], one["quote"]) for one in told["findings"]}
    again = memagent(*command, MEMAGENT_PRICES=str(prices))
    assert again.returncode == 6 and len(server.requests) == 3
    assert "0 model calls" in again.stdout and "no call" in again.stderr
    assert "checks" in memagent("story", "cost", story.folder).stdout
    assert max(map(len, again.stdout.splitlines())) <= 80


def test_replies_of_no_use_are_no_clean_bill_of_health(story: Story) -> None:
    with FakeOpenAIServer(["nothing"] * 9) as server:
        model = f"openai:fake@{server.url}"
        done = memagent("story", "check", story.folder, "--deep", "--canon", "-m", model, "-y")
    assert done.returncode == 4 and "not all of it was looked at" in done.stderr


def test_offline_says_that_it_cannot(story: Story) -> None:
    done = memagent("story", "check", story.folder, "--deep", "-m", "offline")
    assert done.returncode == 3
    assert "understands no text" in done.stderr and "Choose a model with -m" in done.stderr
