"""Checks that a backend keeps the contract of its kind. Plain functions: call them from any test runner.

Each takes `make`, which builds a fresh object, and returns a `Report`. What a backend does not offer is listed there as
skipped, with the reason; a broken promise raises `AssertionError`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from memagent.embedders.base import Embedder
from memagent.errors import CapabilityError
from memagent.llms.base import LLM, Ability, Priced
from memagent.llms.running import run
from memagent.retrievers.base import Retriever
from memagent.testing.report import ALICE, BOB, ONE, PASSAGES, TWO, Check, NotOffered, Report, expect, run_checks
from memagent.types import Completion, Message, Note, Request, Scope, Token, Tool

_ASKED = Request((Message("user", "Say hello to the reader."),))
_CASES: dict[Ability, Request] = {
    "logprobs": Request(_ASKED.messages, logprobs=True),
    "stop": Request(_ASKED.messages, stop=("zebra",)),
    "prefill": Request(_ASKED.messages, prefill="Hello"),
    "logit_bias": Request(_ASKED.messages, logit_bias={"yes": 1.0}),
    "tools": Request(_ASKED.messages, tools=(Tool("wave", "Waves.", {"type": "object", "properties": {}}),)),
}


def check_llm(make: Callable[[], LLM]) -> Report:
    """Check the contract of `LLM`. Each model from `make` is asked at most twice, for a short text."""
    checks = [_llm_identity, _llm_price, _llm_complete, _llm_acomplete, _llm_stream, _llm_astream, _llm_inside_a_loop]
    named: list[tuple[str, Check[LLM]]] = [(check.__name__, check) for check in checks]
    named += [(f"_llm_{ability}", _ability_check(ability)) for ability in _CASES]
    return run_checks(named, make)


def check_embedder(make: Callable[[], Embedder]) -> Report:
    """Check the contract of `Embedder`: shapes, types, unit rows, order, repeatability."""
    checks = [_embedder_identity, _embedder_shapes, _embedder_unit_rows, _embedder_order, _embedder_kinds]
    return run_checks([(check.__name__, check) for check in checks], make)


def check_retriever(make: Callable[[Mapping[Scope, Sequence[Note]]], Retriever]) -> Report:
    """Check the contract of `Retriever`. `make` gets the notes of each scope and builds one that searches them."""
    checks = [_retriever_finds, _retriever_limits, _retriever_users, _retriever_sessions, _retriever_empty]
    kept = {ALICE: PASSAGES, BOB: PASSAGES[:1], ONE: PASSAGES[:1], TWO: PASSAGES[1:2]}
    return run_checks([(check.__name__, check) for check in checks], lambda: make(kept))


def _llm_identity(make: Callable[[], LLM]) -> None:
    model = make()
    expect(isinstance(model, LLM), f"{type(model).__name__} lacks a method or attribute of LLM")
    expect(isinstance(model.name, str) and bool(model.name), "name must be a text that is not empty")
    expect(isinstance(model.can, frozenset), "can must be a frozenset")


def _llm_price(make: Callable[[], LLM]) -> None:
    price = getattr(make(), "price", None)
    if price is None:
        return
    expect(isinstance(price, Priced), f"price must be None or have cost(), and is a {type(price).__name__}")
    cost = price.cost(1000, 1000)
    expect(isinstance(cost, int | float) and cost >= 0, f"cost() must be a number of dollars, and is {cost!r}")


def _llm_complete(make: Callable[[], LLM]) -> None:
    _completion_is_sound(make().complete(_ASKED))


def _llm_acomplete(make: Callable[[], LLM]) -> None:
    model = make()
    _completion_is_sound(run(model.acomplete(_ASKED)))


def _llm_stream(make: Callable[[], LLM]) -> None:
    _stream_is_sound(list(make().stream(_ASKED)))


def _llm_astream(make: Callable[[], LLM]) -> None:
    model = make()

    async def collect() -> list[Token | Completion]:
        return [item async for item in model.astream(_ASKED)]

    _stream_is_sound(run(collect()))


def _llm_inside_a_loop(make: Callable[[], LLM]) -> None:
    model = make()

    async def call() -> Completion:
        await asyncio.sleep(0)
        return model.complete(_ASKED)  # a notebook does this: its cells run inside a loop

    _completion_is_sound(run(call()))


def _ability_check(ability: Ability) -> Callable[[Callable[[], LLM]], None]:
    def check(make: Callable[[], LLM]) -> None:
        model = make()
        if ability not in model.can:
            _must_refuse(model, ability)
            raise NotOffered(f"{model.name} does not declare {ability!r}, and refuses it")
        completion = model.complete(_CASES[ability])
        _completion_is_sound(completion)
        if ability == "logprobs":
            expect(bool(completion.tokens), "log-probabilities were asked for and no tokens came")
            expect(all(t.logprob is None or t.logprob <= 0 for t in completion.tokens), "a logprob is above 0")
        if ability == "stop":
            expect("zebra" not in completion.text, "a stop string is part of the text")

    return check


def _must_refuse(model: LLM, ability: Ability) -> None:
    try:
        model.complete(_CASES[ability])
    except CapabilityError:
        return
    raise AssertionError(f"{model.name} does not declare {ability!r} and took a request for it")


def _completion_is_sound(completion: Completion) -> None:
    expect(isinstance(completion, Completion), f"got {type(completion).__name__} instead of a Completion")
    expect(isinstance(completion.text, str), "text must be a str")
    expect(completion.finish_reason in ("stop", "length", "filter", "unknown"), f"{completion.finish_reason!r}?")
    if completion.tokens:
        expect("".join(token.text for token in completion.tokens) == completion.text, "tokens do not make the text")
    usage = completion.usage
    expect(min(usage.calls, usage.input_tokens, usage.output_tokens) >= 0, f"counts below zero: {usage}")
    expect(usage.cost is None or usage.cost >= 0, f"a cost below zero: {usage}")


def _stream_is_sound(items: list[Token | Completion]) -> None:
    expect(bool(items), "the stream is empty; it must end with a Completion")
    *tokens, last = items
    expect(all(isinstance(item, Token) for item in tokens), "only the last item may be a Completion")
    if not isinstance(last, Completion):
        raise AssertionError(f"the last item is {type(last).__name__} instead of a Completion")
    _completion_is_sound(last)
    joined = "".join(item.text for item in tokens if isinstance(item, Token))
    expect(joined == last.text, f"the tokens make {joined!r}, the completion says {last.text!r}")


def _embedder_identity(make: Callable[[], Embedder]) -> None:
    embedder = make()
    expect(isinstance(embedder.name, str) and bool(embedder.name), "name must be a text that is not empty")
    expect(isinstance(embedder.dim, int) and embedder.dim > 0, "dim must be an int above 0")
    expect(make().name == embedder.name, "two embedders made alike must have one name")


def _embedder_shapes(make: Callable[[], Embedder]) -> None:
    embedder = make()
    for texts in ([], ["one"], ["one", "two", "three"]):
        vectors = embedder.embed(texts)
        expect(vectors.shape == (len(texts), embedder.dim), f"{len(texts)} texts gave the shape {vectors.shape}")
        expect(vectors.dtype == np.float32, f"dtype is {vectors.dtype} instead of float32")


def _embedder_unit_rows(make: Callable[[], Embedder]) -> None:
    texts = [note.text for note in PASSAGES] + ["", " ", "日本語のテキスト", "x" * 5000]
    lengths = np.linalg.norm(make().embed(texts), axis=1)
    expect(bool(np.allclose(lengths, 1.0, atol=1e-3)), f"row lengths are {lengths}, and must be 1 even for no words")


def _embedder_order(make: Callable[[], Embedder]) -> None:
    embedder = make()
    texts = [note.text for note in PASSAGES]
    together = embedder.embed(texts)
    alone = np.vstack([embedder.embed([text]) for text in texts])
    expect(bool(np.allclose(together, alone, atol=2e-3)), "a text embeds differently in company")
    expect(bool(np.allclose(together[::-1], embedder.embed(texts[::-1]), atol=2e-3)), "rows do not follow the texts")


def _embedder_kinds(make: Callable[[], Embedder]) -> None:
    embedder = make()
    queries = embedder.embed(["the cat of the lighthouse keeper"], kind="query")
    scores = embedder.embed([note.text for note in PASSAGES], kind="document") @ queries[0]
    expect(int(np.argmax(scores)) == 0, f"the nearest passage of a plain query is not the right one: {scores}")


def _retriever_finds(make: Callable[[], Retriever]) -> None:
    hits = make().retrieve("the cat of the lighthouse keeper", 3, ALICE)
    expect(bool(hits) and hits[0].text == PASSAGES[0].text, f"a plain query found {[hit.text for hit in hits]}")
    expect(all(0 <= hit.score <= 1 for hit in hits), f"scores leave [0, 1]: {[hit.score for hit in hits]}")
    expect([hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True), "hits are not best first")
    expect(len({hit.id for hit in hits}) == len(hits), "a passage was found twice")


def _retriever_limits(make: Callable[[], Retriever]) -> None:
    expect(len(make().retrieve("the night train and the bread", 1, ALICE)) <= 1, "more than k hits came back")


def _retriever_users(make: Callable[[], Retriever]) -> None:
    hits = make().retrieve("rye bread", 3, BOB)
    expect(all(hit.text == PASSAGES[0].text for hit in hits), "one user found a passage of another")
    expect(not make().retrieve("rye bread", 3, Scope(user="carol")), "a user with no passages found some")


def _retriever_sessions(make: Callable[[], Retriever]) -> None:
    retriever, query = make(), "the cat of the keeper and the rye bread"
    for scope, note in ((ONE, PASSAGES[0]), (TWO, PASSAGES[1])):
        found = [hit.text for hit in retriever.retrieve(query, 3, scope)]
        expect(set(found) <= {note.text}, "one session found a passage of another")
        expect(found, "a session did not find its own passage")
    whole = {hit.text for hit in retriever.retrieve(query, 3, Scope(user=ONE.user))}
    expect(whole == {PASSAGES[0].text, PASSAGES[1].text}, "a user did not find the passages of all sessions")


def _retriever_empty(make: Callable[[], Retriever]) -> None:
    expect(not make().retrieve("", 3, ALICE), "an empty query found something")
