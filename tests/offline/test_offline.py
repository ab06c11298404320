"""The offline backend as a backend: what it accepts, what it refuses, how it cuts, streams and counts."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from memagent.errors import CapabilityError
from memagent.llms.base import LLM
from memagent.llms.offline import Offline
from memagent.prompts import fill
from memagent.types import Completion, Message, Request, Token

OFFLINE = Offline()
BEGIN = fill(
    "recurrent/begin",
    before="",
    after="",
    language="English",
    premise="A lighthouse keeper finds her brother missing after a storm.",
    genre="mystery",
    sentences="10",
    memory_words="300",
)


def reply(messages, **options):
    return OFFLINE.complete(Request(tuple(messages), **options))


def test_it_is_a_language_model():
    assert isinstance(OFFLINE, LLM)
    assert OFFLINE.name == "offline"
    assert {"logprobs", "stop", "seed", "schema"} == OFFLINE.can


def test_usage_counts_its_own_tokens_and_costs_nothing():
    done = reply(BEGIN)
    assert done.usage.calls == 1
    assert done.usage.output_tokens == len(done.tokens)
    assert done.usage.input_tokens > len(BEGIN[1].content.split())
    assert done.usage.cost == 0.0
    assert not done.usage.estimated
    assert done.finish_reason == "stop"


def test_tokens_join_to_the_text():
    done = reply(BEGIN)
    assert "".join(token.text for token in done.tokens) == done.text
    assert len(done.tokens) > 200
    assert all(len(token.text.split()) <= 1 for token in done.tokens)


def test_streaming_yields_the_tokens_and_last_the_completion():
    items = list(OFFLINE.stream(Request(BEGIN)))
    assert isinstance(items[-1], Completion)
    assert all(isinstance(item, Token) for item in items[:-1])
    assert "".join(item.text for item in items[:-1]) == items[-1].text == reply(BEGIN).text


def test_the_asynchronous_calls_give_the_same_reply():
    async def run():
        whole = await OFFLINE.acomplete(Request(BEGIN))
        items = [item async for item in OFFLINE.astream(Request(BEGIN))]
        return whole, items

    whole, items = asyncio.run(run())
    assert whole == items[-1] == reply(BEGIN)


def test_max_tokens_cuts_and_says_so():
    done = reply(BEGIN, max_tokens=7)
    assert len(done.tokens) == 7
    assert done.finish_reason == "length"
    assert reply(BEGIN).text.startswith(done.text)


def test_a_stop_string_ends_the_text_and_is_not_part_of_it():
    done = reply(BEGIN, stop=('"paragraphs"', "never there"))
    assert done.text.endswith(", ")
    assert '"outline"' in done.text
    assert done.finish_reason == "stop"


@pytest.mark.parametrize("options", [{"prefill": "Once"}, {"logit_bias": {"Once": 1.0}}])
def test_what_it_cannot_do_is_refused(options):
    with pytest.raises(CapabilityError, match=f"offline cannot do {next(iter(options))}"):
        reply(BEGIN, **options)


def test_another_task_gets_an_honest_reply():
    text = reply([Message("user", "Translate this into French: good morning")]).text
    assert "only tells stories and answers questions from passages" in text
    assert all(word in text for word in ("MEMAGENT_LLM", "openai:MODEL", "ollama:MODEL"))


def test_a_schema_of_another_task_is_refused_with_its_fields():
    schema = {"type": "object", "properties": {"triples": {"type": "array"}}}
    with pytest.raises(CapabilityError, match="triples"):
        reply([Message("user", "Extract triples.")], schema=schema)


def test_a_schema_names_the_task_where_the_prompt_does_not():
    schema = {"type": "object", "properties": {"memory": {"type": "string"}}}
    text = reply([Message("user", "<memory>\nMara is a nurse.\n</memory>\nShorten it.")], schema=schema).text
    assert json.loads(text) == {"memory": "Mara is a nurse."}


def test_a_second_asking_still_sees_the_sections_of_the_first():
    again = [
        *BEGIN,
        Message("assistant", "no json"),
        Message("user", "That reply could not be used: x\n\nReply again."),
    ]
    assert len(json.loads(reply(again).text)["paragraphs"]) == 3


def test_a_seed_changes_the_story_and_the_same_seed_does_not():
    assert reply(BEGIN, seed=1).text == reply(BEGIN, seed=1).text
    assert reply(BEGIN, seed=1).text != reply(BEGIN, seed=2).text


def test_another_process_with_another_hash_seed_writes_the_same():
    code = (
        "import sys; from memagent.llms.offline import Offline; from memagent.types import Message, Request;"
        "sys.stdout.buffer.write(Offline().complete(Request((Message('user', sys.stdin.read()),))).text.encode())"
    )
    root = Path(__file__).resolve().parents[2]
    asked = BEGIN[1].content
    texts = set()
    for seed in ("0", "12345"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            input=asked.encode(),
            capture_output=True,
            check=True,
            cwd=root,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        texts.add(done.stdout.decode())
    assert texts == {reply([Message("user", asked)]).text}
