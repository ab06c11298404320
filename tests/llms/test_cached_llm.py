"""The cache around language models."""

import asyncio
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from memagent.embedders.cached import Cached as CachedEmbedder
from memagent.embedders.hashing import Hashing
from memagent.errors import StorageError
from memagent.llms.cached import Cached
from memagent.llms.prices import Price
from memagent.memory import Memory
from memagent.testing import ScriptedLLM, check_llm
from memagent.types import Completion, Message, Request, Token, Usage

ASKED = Request((Message("user", "Grüße 日本"),), temperature=0.0)


def collect(model, request):
    async def run():
        return [item async for item in model.astream(request)]

    return asyncio.run(run())


def test_the_second_time_costs_nothing(tmp_path):
    inner = ScriptedLLM(["one"])
    model = Cached(inner, tmp_path / "deep" / "cache.db")
    assert model.complete(ASKED).usage.calls == 1
    again = model.complete(ASKED)
    assert (again.text, again.usage, len(inner.requests)) == ("one", Usage(), 1)
    assert Cached(ScriptedLLM(), tmp_path / "deep" / "cache.db").complete(ASKED) == again, "another object"


def test_all_four_calls_share_it(tmp_path):
    inner = ScriptedLLM(["one two"])
    model = Cached(inner, tmp_path / "c.db")
    assert [item.text for item in model.stream(ASKED)] == ["one", " two", "one two"]
    assert [item.text for item in model.stream(ASKED)] == ["one two", "one two"]
    assert [item.text for item in collect(model, ASKED)] == ["one two", "one two"]
    assert asyncio.run(model.acomplete(ASKED)).text == model.complete(ASKED).text == "one two"
    assert len(inner.requests) == 1


@pytest.mark.parametrize(
    "other",
    [
        Request((Message("user", "else"),), temperature=0.0),
        Request((Message("system", "Grüße 日本"),), temperature=0.0),
        Request(ASKED.messages, temperature=0.0, stop=("x",)),
        Request(ASKED.messages, temperature=0.0, schema={"type": "object"}),
        Request(ASKED.messages, temperature=0.0, seed=1),
        Request(ASKED.messages, temperature=0.0, max_tokens=5),
    ],
)
def test_another_request_is_another_answer(tmp_path, other):
    model = Cached(ScriptedLLM(["one", "two"]), tmp_path / "c.db")
    assert [model.complete(ASKED).text, model.complete(other).text] == ["one", "two"]


def test_the_label_and_the_patience_make_no_difference(tmp_path):
    model = Cached(ScriptedLLM(["one"]), tmp_path / "c.db")
    model.complete(ASKED)
    assert model.complete(Request(ASKED.messages, temperature=0.0, timeout=5, label="x")).text == "one"


def test_a_fresh_answer_is_not_kept(tmp_path):
    model = Cached(ScriptedLLM(["one", "two", "three"]), tmp_path / "c.db")
    warm = Request(ASKED.messages, temperature=0.7)
    assert [model.complete(request).text for request in (warm, warm, Request(ASKED.messages))] == [
        "one",
        "two",
        "three",
    ]
    assert not (tmp_path / "c.db").exists()


def test_a_seed_makes_it_repeatable(tmp_path):
    model = Cached(ScriptedLLM(["one"]), tmp_path / "c.db")
    warm = Request(ASKED.messages, temperature=0.7, seed=1)
    assert [model.complete(warm).text for _ in range(2)] == ["one", "one"]


def test_two_models_do_not_share_answers(tmp_path):
    for name in ("one", "two"):
        assert Cached(ScriptedLLM([name], name=name), tmp_path / "c.db").complete(ASKED).text == name


def test_tokens_and_reasons_come_back(tmp_path):
    given = Completion("é", (Token("é", -0.25),), "length", model="m")
    request = Request(ASKED.messages, temperature=0.0, logprobs=True)
    model = Cached(ScriptedLLM([given], can=["logprobs"]), tmp_path / "c.db")
    model.complete(request)
    assert model.complete(request) == given


def test_a_filtered_answer_is_not_kept(tmp_path):
    model = Cached(ScriptedLLM([Completion("", finish_reason="filter"), "two"]), tmp_path / "c.db")
    assert [model.complete(ASKED).text for _ in range(2)] == ["", "two"]


def test_an_empty_answer_is_kept(tmp_path):
    model = Cached(ScriptedLLM([""]), tmp_path / "c.db")
    assert [model.complete(ASKED).text for _ in range(2)] == ["", ""]


def test_a_file_that_is_no_cache(tmp_path):
    (tmp_path / "c.db").write_text("something else entirely, and long enough to be looked at " * 50)
    with pytest.raises(StorageError, match=r"c\.db"):
        Cached(ScriptedLLM(["one"]), tmp_path / "c.db").complete(ASKED)


def test_the_price_is_that_of_the_model_inside(tmp_path):
    model = ScriptedLLM()
    assert not hasattr(Cached(model, tmp_path / "c.db"), "price")
    model.price = Price(1.0, 2.0)
    assert Cached(model, tmp_path / "c.db").price is model.price
    model.price = None
    assert Cached(model, tmp_path / "c.db").price is None


def test_a_memory_is_no_cache_and_a_cache_is_no_memory(tmp_path):
    with Memory(tmp_path / "notes.db", embedder="hashing:16", single_user=True) as memory:
        memory.add("fog")
        before = listing(tmp_path)
        model = Cached(ScriptedLLM(["one"] * 2), tmp_path / "notes.db")
        with pytest.raises(StorageError, match="not touched"):
            model.complete(ASKED)
        assert listing(tmp_path) == before
    Cached(ScriptedLLM(["one"]), tmp_path / "c.db").complete(ASKED)
    before = listing(tmp_path)
    with pytest.raises(StorageError, match="another program"):
        Memory(tmp_path / "c.db")
    assert listing(tmp_path) == before


def test_a_database_of_another_program_is_not_touched(tmp_path):
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE completions (key TEXT PRIMARY KEY, value BLOB)")
        other.commit()
    before = listing(tmp_path)
    with pytest.raises(StorageError, match=r"other\.db"):
        Cached(ScriptedLLM(["one"]), tmp_path / "other.db").complete(ASKED)
    assert listing(tmp_path) == before


def test_both_caches_may_share_a_file(tmp_path):
    texts, path = ["a", "b"], tmp_path / "both.db"
    vectors = CachedEmbedder(Hashing(16), path).embed(texts)
    assert Cached(ScriptedLLM(["one"]), path).complete(ASKED) and Cached(ScriptedLLM(), path).complete(ASKED)
    assert (CachedEmbedder(Hashing(16), path).embed(texts) == vectors).all()


def listing(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_conformance(tmp_path):
    check_llm(lambda: Cached(ScriptedLLM(["hello"] * 2), tmp_path / "c.db"))


WRITER = """
import sys
from memagent.llms.cached import Cached
from memagent.testing import ScriptedLLM
from memagent.types import Message, Request
model = Cached(ScriptedLLM([str(n) for n in range(60)]), sys.argv[1])
for number in range(60):
    model.complete(Request((Message("user", f"{sys.argv[2]}-{number}"),), temperature=0.0))
"""


def test_two_processes_write_at_once(tmp_path):
    path = str(tmp_path / "c.db")
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, path, name]) for name in ("a", "b")]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    reader = Cached(ScriptedLLM(), path)
    for name in ("a", "b"):
        for number in range(60):
            asked = Request((Message("user", f"{name}-{number}"),), temperature=0.0)
            assert reader.complete(asked).text == str(number)
