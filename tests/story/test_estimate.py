"""What is said before of the price counts what prompts show beside memory and paragraphs, and is near what is sent."""

from __future__ import annotations

import json
from pathlib import Path

from cli.commands import memagent
from test_canon import opening, reply

from memagent import Story
from memagent.story import estimate
from memagent.story.config import StoryConfig
from memagent.testing import FakeOpenAIServer, ScriptedLLM


def test_lore_and_canon_are_counted(tmp_path: Path) -> None:
    config = StoryConfig(select="first", canon_budget=0, lore_budget=900)
    story = Story.create(tmp_path / "lamp", "A lamp goes out.", config)
    bare = estimate.beside(story)
    (story.folder / "lore").mkdir(exist_ok=True)
    (story.folder / "lore" / "wren.md").write_text("+++\nalways = true\n+++\n" + "word " * 400)
    shown = estimate.beside(story)
    assert 380 <= shown - bare <= 520
    (story.folder / "lore" / "fox.md").write_text("word " * 4000)
    assert estimate.beside(story) - bare == 900  # no more than the budget
    (story.folder / "story.toml").write_text('select = "first"\ncanon_budget = 250\nlore_budget = 900\n')
    assert estimate.beside(Story(story.folder)) - bare == 1150
    with_it, without = (estimate.estimate(config, 10, have=3, beside=tokens) for tokens in (1150, 0))
    assert with_it.input_tokens - without.input_tokens == 11500


def test_the_guess_for_a_step_is_near_what_is_sent(tmp_path: Path) -> None:
    story = Story.create(tmp_path / "lamp", "A lamp goes out.", StoryConfig(select="first", sentences=20, recall=1))
    (story.folder / "lore").mkdir(exist_ok=True)
    (story.folder / "lore" / "wren.md").write_text("+++\nalways = true\n+++\n" + "a little bird " * 230)
    texts = [f"Number {at}. {'She went on along the quay to the lamp. ' * 38}" for at in range(5)]
    llm = ScriptedLLM([opening(*texts[:3]), reply(texts[3])])
    story.write(4, llm=llm)
    sent = sum(estimate.about(message.content) for message in llm.requests[1].messages)
    guess = estimate.estimate(story.config, 1, beside=estimate.beside(story)).input_tokens
    assert 0.6 * sent < guess < 1.9 * sent


def test_a_run_says_what_it_is_likely_to_cost_and_the_hint_keeps_a_limit(tmp_path: Path) -> None:
    prices = tmp_path / "prices.toml"
    prices.write_text("[models]\nfake = { input = 10.0, output = 50.0 }\n")
    folder = tmp_path / "lamp"
    Story.create(folder, "A lamp goes out.", StoryConfig(select="first"))
    with FakeOpenAIServer([opening("A.", "B.", "C.")]) as server:
        command = ("story", "write", folder, "-n", 300, "--auto", "-m", f"openai:fake@{server.url}", "--max-calls", 1)
        done = memagent(*command, MEMAGENT_PRICES=str(prices))
    assert done.returncode == 5
    said = " ".join(done.stderr.split())
    assert "300 paragraphs: ~102,000 words" in said and "about $" in said and "(a guess" in said
    assert f"memagent story write {folder} --max-calls 2" in said
    more = json.loads(memagent("story", "cost", folder, "--json").stdout)["more"]
    assert more["beside"] >= 300 and more["paragraphs"] == 10
