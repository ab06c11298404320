"""`memagent ask --method ... --explain` as its users run it: on a real server, without a model, with limits."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from commands import memagent

from memagent.cli.explaining import explained
from memagent.cli.word_diff import word_diff_line
from memagent.errors import UnknownName
from memagent.methods.names import METHODS, method
from memagent.testing import FakeOpenAIServer
from memagent.types import Answer, Part, Token

QUESTION = "In which country is the lighthouse that Mara keeps?"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mara.md").write_text("Mara keeps the lighthouse at Gull Point.\n")
    (tmp_path / "notes" / "gull.md").write_text("Gull Point is a cape in Norway.\n")
    memagent("add", "notes")
    return tmp_path


@pytest.mark.parametrize("name", METHODS)
def test_every_method_answers_on_the_command_line(place: Path, name: str) -> None:
    done = memagent("ask", QUESTION, "--method", name, "-m", "offline", "--json")
    assert done.returncode == 0, done.stderr
    data = json.loads(done.stdout)
    assert data["answer"]
    assert sum(step["kind"] == "generate" for step in data["trace"]) == data["usage"]["calls"] > 0
    assert (name in ("alone", "memllm")) == (not any(step["kind"] == "retrieve" for step in data["trace"]))


def test_explain_tells_confidence_query_passages_and_what_changed(place: Path) -> None:
    with FakeOpenAIServer(
        ["Mara keeps a lighthouse. It", "It is in Denmark. So", "It is in Norway. So", "So the answer is: Norway."],
        logprob=lambda word: math.log(0.3 if "Denmark" in word else 0.95),
    ) as server:
        arguments = ("ask", QUESTION, "--method", "flare", "-m", f"openai:fake@{server.url}")
        done = memagent(*arguments, "--explain")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "Mara keeps a lighthouse. It is in Norway. So the answer is: Norway."
    told = "\n".join(lines)
    assert "1. Mara keeps a lighthouse.\n   first: confidence 0.95; the first sentence is written with what the" in told
    assert "   least likely: 'Denmark.'\n   draft: It is in Denmark." in told  # its number stands in the line before
    assert "2. It is in Norway.\n   retrieved: its least likely token has 0.30 < 0.8" in told
    assert "   draft: It is in Denmark.\n   looked up: It is in" in told
    assert "   passages: [" in told
    assert "3. So the answer is: Norway.\n   accepted: each of its tokens has at least 0.95" in told
    assert "note: continued by a prompt" in told


def test_without_log_probabilities_the_fallback_is_said_on_stderr(place: Path) -> None:
    with FakeOpenAIServer(lambda payload: "So the answer is: Norway.", logprob=None) as server:
        done = memagent("ask", QUESTION, "--method", "flare", "-m", f"openai:fake@{server.url}")
        quiet = memagent("ask", QUESTION, "--method", "flare", "-m", f"openai:fake@{server.url}", "-q")
    assert done.stdout.startswith("So the answer is: Norway.")
    assert done.stderr.count("This model gives no log-probabilities") == 1
    assert quiet.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--method", "oracle"], 2, "oracle"),
        (["--method", "plain", "--theta", "0.5"], 2, "--theta means nothing to plain"),
        (["--method", "once", "--theta", "0.5", "--gate", "doubt"], 2, "--theta and --gate mean nothing to once"),
        (["--method", "rat", "--theta", "0.5"], 2, "--theta means nothing to rat without --gate"),
        (["--method", "rat", "--beta", "0.5"], 2, "--beta means nothing to rat"),
        (["--method", "rat", "--gate", "surely"], 2, "surely"),
        (["--method", "flare", "--theta", "1.5"], 2, "1.5"),
        (["--method", "alone", "-k", "3"], 2, "looks nothing up"),
        (["--method", "flare", "--confidence", "guess"], 2, "guess"),
        (["--method", "flare", "--using", "hybird"], 2, "hybrid"),
        (["--method", "flare", "-m", "openai:gpt-5-mini"], 3, "OPENAI_API_KEY"),
        (["--method", "flare", "-m", "openai:x@http://127.0.0.1:1/v1"], 4, "127.0.0.1"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_printed(place: Path, arguments: list[str], code: int, words: str) -> None:
    done = memagent("ask", QUESTION, *arguments)
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert done.stdout.strip() == ""
    assert "Traceback" not in done.stderr


def test_a_limit_ends_it_with_the_best_so_far(place: Path) -> None:
    class Slow:
        asked = 0

        def __call__(self, payload: Any) -> str:
            self.asked += 1
            if self.asked > 1:
                server.stopping.wait(20)
            return "Mara keeps a lighthouse. It"

    with FakeOpenAIServer(Slow()) as server:
        arguments = ("ask", QUESTION, "--method", "flare", "-m", f"openai:fake@{server.url}", "--max-seconds", 4)
        done = memagent(*arguments)
        server.stopping.set()
    assert done.returncode == 5, done.stderr
    assert done.stdout.startswith("Mara keeps a lighthouse.")
    assert "time limit" in done.stderr


def test_rat_is_told_how_to_go_about_it(place: Path) -> None:
    arguments = ("ask", QUESTION, "--method", "rat", "-m", "offline", "--json")
    done = memagent(*arguments, "--gate", "logprobs", "--theta", "0", "--scope", "step", "--query", "step")
    sure = json.loads(done.stdout)
    assert {part["decision"] for part in sure["parts"]} == {"accepted"}, done.stderr
    done = memagent(*arguments, "--gate", "logprobs", "--theta", "1", "--scope", "step", "--query", "draft")
    unsure = json.loads(done.stdout)
    asked = [step["step"] for step in unsure["trace"] if step["kind"] == "generate"]
    labels = [step.get("request", step)["label"] for step in asked]
    assert "rat/query" not in labels and "rat/revise_prefix" not in labels, done.stderr
    assert any(part["queries"] for part in unsure["parts"])
    plan = json.loads(memagent(*arguments, "--domain", "planning").stdout)
    assert plan["answer"].startswith("STEP 1")


def test_an_error_that_has_the_answer_so_far_shows_it(place: Path) -> None:
    draft = "Mara keeps the lighthouse at Gull Point.\n\nGull Point is a cape in Norway."

    def reply(payload: dict[str, Any]) -> str:
        return draft if "<step>" not in payload["messages"][-1]["content"] else "Gull Point"

    with FakeOpenAIServer(reply, logprob=None) as server:
        arguments = ("ask", QUESTION, "--method", "rat", "-m", f"openai:fake@{server.url}")
        done = memagent(*arguments, "--using", "nonsense")
    assert done.returncode == 2 and "nonsense" in done.stderr
    assert "Gull Point is a cape in Norway." in done.stdout


def test_methods_have_names() -> None:
    assert all(callable(method(name)) for name in METHODS)
    with pytest.raises(UnknownName, match="Did you mean flare"):
        method("flair")


@pytest.mark.parametrize("decision", ["first", "retrieved", "accepted", "kept", "revised"])
def test_no_part_is_left_without_a_reason(decision: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    [_, line] = explained(Answer("It is.", parts=(Part("It is.", "It is.", decision),)))
    assert line.strip().startswith(f"{decision}: ") and len(line.split()) > 3


@pytest.mark.parametrize(
    ("logprobs", "told"),
    [
        ([-0.1, -2.0, None], "   least likely: 'is' with 0.14"),
        ([-0.1, math.nan, -2.0], "   least likely: 'is' with 0.00"),
        ([0.0, 0.0, 0.0], ""),
        ([None, None, None], ""),
    ],
)
def test_the_least_likely_token_is_named(
    logprobs: list[float | None], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    tokens = tuple(Token(text, logprob) for text, logprob in zip(["It", " is", "."], logprobs, strict=True))
    lines = list(explained(Answer("It is.", parts=(Part("It is.", "It is.", "accepted", "so", 0.14, tokens),))))
    assert lines[2:] == ([told] if told else [])


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("It is in Denmark.", "It is in Norway.", "It is in [-Denmark.-] {+Norway.+}"),
        ("", "It is.", "{+It is.+}"),
        ("It is.", "It is.", "It is."),
        ("a b c", "a c", "a [-b-] c"),
    ],
)
def test_word_differences(before: str, after: str, told: str) -> None:
    assert word_diff_line(before, after) == told
