"""Checks that a backend keeps the contract of its kind. Plain functions: call them from any test runner.

Each takes `make`, which builds a fresh object, and returns a `Report`. What a backend does not offer is listed there as
skipped, with the reason; a broken promise raises `AssertionError`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from memagent.embedders.base import Embedder, Vectors
from memagent.errors import CapabilityError, NotFound
from memagent.llms.base import LLM, Ability
from memagent.llms.running import run
from memagent.retrievers.base import Retriever
from memagent.stores.base import Match, VectorStore
from memagent.types import Completion, Message, Note, Request, Scope, Token

T = TypeVar("T")
Check = Callable[[Callable[[], T]], None]

ALICE, BOB = Scope(user="alice"), Scope(user="bob")
PASSAGES = (
    Note("The lighthouse keeper feeds a grey cat.", title="Keeper"),
    Note("Rye bread needs a sour dough that is two days old.", title="Bread"),
    Note("The night train to Vienna leaves from platform nine.", title="Train"),
)
_ASKED = Request((Message("user", "Say hello to the reader."),))
_CASES: dict[Ability, Request] = {
    "logprobs": Request(_ASKED.messages, logprobs=True),
    "stop": Request(_ASKED.messages, stop=("zebra",)),
    "prefill": Request(_ASKED.messages, prefill="Hello"),
    "logit_bias": Request(_ASKED.messages, logit_bias={"yes": 1.0}),
}


class NotOffered(Exception):
    """Raised by a check for something that the backend says it does not offer."""


@dataclass(frozen=True)
class Report:
    """Names of the checks that passed, and of those that were skipped with the reason."""

    passed: tuple[str, ...]
    skipped: Mapping[str, str]


def check_llm(make: Callable[[], LLM]) -> Report:
    """Check the contract of `LLM`. Each model from `make` is asked at most twice, for a short text."""
    checks = [_llm_identity, _llm_complete, _llm_acomplete, _llm_stream, _llm_astream, _llm_inside_a_loop]
    named: list[tuple[str, Check[LLM]]] = [(check.__name__, check) for check in checks]
    named += [(f"_llm_{ability}", _ability_check(ability)) for ability in _CASES]
    return _report(named, make)


def check_embedder(make: Callable[[], Embedder]) -> Report:
    """Check the contract of `Embedder`: shapes, types, unit rows, order, repeatability."""
    checks = [_embedder_identity, _embedder_shapes, _embedder_unit_rows, _embedder_order, _embedder_kinds]
    return _report([(check.__name__, check) for check in checks], make)


def check_store(make: Callable[[], VectorStore], dim: int = 8) -> Report:
    """Check the contract of `VectorStore`, each time over a fresh database, with vectors (n, `dim`)."""
    checks = [
        _store_add_and_get,
        _store_same_note_once,
        _store_scopes,
        _store_nearest,
        _store_match,
        _store_replace,
        _store_retire,
    ]
    return _report([(check.__name__, _with_vectors(check, dim)) for check in checks], make)


def check_retriever(make: Callable[[Mapping[Scope, Sequence[Note]]], Retriever]) -> Report:
    """Check the contract of `Retriever`. `make` gets the notes of each scope and builds one that searches them."""
    checks = [_retriever_finds, _retriever_limits, _retriever_scopes, _retriever_empty]
    return _report([(check.__name__, check) for check in checks], lambda: make({ALICE: PASSAGES, BOB: PASSAGES[:1]}))


def _report(checks: Iterable[tuple[str, Check[T]]], make: Callable[[], T]) -> Report:
    passed, skipped = [], {}
    for name, check in checks:
        try:
            check(make)
        except NotOffered as reason:
            skipped[name.lstrip("_")] = str(reason)
        else:
            passed.append(name.lstrip("_"))
    return Report(tuple(passed), skipped)


def _llm_identity(make: Callable[[], LLM]) -> None:
    model = make()
    _expect(isinstance(model, LLM), f"{type(model).__name__} lacks a method or attribute of LLM")
    _expect(isinstance(model.name, str) and bool(model.name), "name must be a text that is not empty")
    _expect(isinstance(model.can, frozenset), "can must be a frozenset")


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
            _expect(bool(completion.tokens), "log-probabilities were asked for and no tokens came")
            _expect(all(t.logprob is None or t.logprob <= 0 for t in completion.tokens), "a logprob is above 0")
        if ability == "stop":
            _expect("zebra" not in completion.text, "a stop string is part of the text")

    return check


def _must_refuse(model: LLM, ability: Ability) -> None:
    try:
        model.complete(_CASES[ability])
    except CapabilityError:
        return
    raise AssertionError(f"{model.name} does not declare {ability!r} and took a request for it")


def _completion_is_sound(completion: Completion) -> None:
    _expect(isinstance(completion, Completion), f"got {type(completion).__name__} instead of a Completion")
    _expect(isinstance(completion.text, str), "text must be a str")
    _expect(completion.finish_reason in ("stop", "length", "filter", "unknown"), f"{completion.finish_reason!r}?")
    if completion.tokens:
        _expect("".join(token.text for token in completion.tokens) == completion.text, "tokens do not make the text")
    usage = completion.usage
    _expect(min(usage.calls, usage.input_tokens, usage.output_tokens) >= 0, f"counts below zero: {usage}")
    _expect(usage.cost is None or usage.cost >= 0, f"a cost below zero: {usage}")


def _stream_is_sound(items: list[Token | Completion]) -> None:
    _expect(bool(items), "the stream is empty; it must end with a Completion")
    *tokens, last = items
    _expect(all(isinstance(item, Token) for item in tokens), "only the last item may be a Completion")
    if not isinstance(last, Completion):
        raise AssertionError(f"the last item is {type(last).__name__} instead of a Completion")
    _completion_is_sound(last)
    joined = "".join(item.text for item in tokens if isinstance(item, Token))
    _expect(joined == last.text, f"the tokens make {joined!r}, the completion says {last.text!r}")


def _embedder_identity(make: Callable[[], Embedder]) -> None:
    embedder = make()
    _expect(isinstance(embedder.name, str) and bool(embedder.name), "name must be a text that is not empty")
    _expect(isinstance(embedder.dim, int) and embedder.dim > 0, "dim must be an int above 0")
    _expect(make().name == embedder.name, "two embedders made alike must have one name")


def _embedder_shapes(make: Callable[[], Embedder]) -> None:
    embedder = make()
    for texts in ([], ["one"], ["one", "two", "three"]):
        vectors = embedder.embed(texts)
        _expect(vectors.shape == (len(texts), embedder.dim), f"{len(texts)} texts gave the shape {vectors.shape}")
        _expect(vectors.dtype == np.float32, f"dtype is {vectors.dtype} instead of float32")


def _embedder_unit_rows(make: Callable[[], Embedder]) -> None:
    texts = [note.text for note in PASSAGES] + ["", " ", "日本語のテキスト", "x" * 5000]
    lengths = np.linalg.norm(make().embed(texts), axis=1)
    _expect(bool(np.allclose(lengths, 1.0, atol=1e-3)), f"row lengths are {lengths}, and must be 1 even for no words")


def _embedder_order(make: Callable[[], Embedder]) -> None:
    embedder = make()
    texts = [note.text for note in PASSAGES]
    together = embedder.embed(texts)
    alone = np.vstack([embedder.embed([text]) for text in texts])
    _expect(bool(np.allclose(together, alone, atol=2e-3)), "a text embeds differently in company")
    _expect(bool(np.allclose(together[::-1], embedder.embed(texts[::-1]), atol=2e-3)), "rows do not follow the texts")


def _embedder_kinds(make: Callable[[], Embedder]) -> None:
    embedder = make()
    queries = embedder.embed(["the cat of the lighthouse keeper"], kind="query")
    scores = embedder.embed([note.text for note in PASSAGES], kind="document") @ queries[0]
    _expect(int(np.argmax(scores)) == 0, f"the nearest passage of a plain query is not the right one: {scores}")


def _with_vectors(
    check: Callable[[VectorStore, Vectors], None], dim: int
) -> Callable[[Callable[[], VectorStore]], None]:
    def ready(make: Callable[[], VectorStore]) -> None:
        check(make(), np.eye(len(PASSAGES), dim, dtype=np.float32))

    return ready


def _store_add_and_get(store: VectorStore, vectors: Vectors) -> None:
    ids = store.add(ALICE, PASSAGES, vectors)
    _expect(sorted(store.known(ALICE, PASSAGES)) == list(range(len(PASSAGES))), "known() misses a note that was kept")
    _expect(len(set(ids)) == len(PASSAGES), f"{len(PASSAGES)} notes got the ids {ids}")
    back = store.get(ALICE, ids[::-1])
    _expect([passage.text for passage in back] == [note.text for note in PASSAGES][::-1], "get changed texts or order")
    _expect([passage.id for passage in store.passages(ALICE)] == ids, "passages() is not in the order of adding")
    _expect(store.count(ALICE) == len(PASSAGES), "count() is not the number of passages")


def _store_same_note_once(store: VectorStore, vectors: Vectors) -> None:
    first = store.add(ALICE, PASSAGES[:1], vectors[:1])
    _expect(store.add(ALICE, PASSAGES[:1], vectors[:1]) == first, "the same note got another id")
    _expect(store.count(ALICE) == 1, "the same note was kept twice")


def _store_scopes(store: VectorStore, vectors: Vectors) -> None:
    ids = store.add(ALICE, PASSAGES, vectors)
    _expect(store.count(BOB) == 0 and not list(store.passages(BOB)), "one user sees the passages of another")
    _expect(not store.nearest(BOB, vectors[0], 3), "nearest() crosses scopes")
    _expect(not store.match(BOB, "lighthouse", 3), "match() crosses scopes")
    _missing(store, BOB, ids[:1])


def _store_nearest(store: VectorStore, vectors: Vectors) -> None:
    ids = store.add(ALICE, PASSAGES, vectors)
    found = store.nearest(ALICE, vectors[1], 2)
    _expect(found[0].passage.id == ids[1] and abs(found[0].score - 1.0) < 1e-3, f"the same vector found {found}")
    _expect(len(found) == 2 and found[0].score >= found[1].score, "nearest() is not best first, or not up to k")


def _store_match(store: VectorStore, vectors: Vectors) -> None:
    ids = store.add(ALICE, PASSAGES, vectors)
    found = store.match(ALICE, 'Vienna? "night" OR (train', 3)
    _expect(_ids(found)[:1] == ids[2:3], f"the words of a passage found {found}")
    _expect(not store.match(ALICE, "", 3), "no words found something")


def _store_replace(store: VectorStore, vectors: Vectors) -> None:
    ids = store.add(ALICE, PASSAGES[:2], vectors[:2])
    store.replace(ALICE, ids[0], "A violin stands in the corner.", vectors[2])
    _expect(store.get(ALICE, ids[:1])[0].text == "A violin stands in the corner.", "replace() kept the old text")
    _expect(_ids(store.nearest(ALICE, vectors[2], 1)) == ids[:1], "replace() kept the old vector")
    _expect(not store.match(ALICE, "lighthouse", 3), "replace() kept the old words")


def _store_retire(store: VectorStore, vectors: Vectors) -> None:
    ids = store.add(ALICE, PASSAGES, vectors)
    _expect(store.retire(BOB, ids) == 0, "one user retired the passages of another")
    _expect(store.retire(ALICE, ids[:1]) == 1 and store.count(ALICE) == 2, "retire() did not hide one passage")
    _expect(ids[0] not in _ids(store.nearest(ALICE, vectors[0], 3)), "nearest() finds a retired passage")
    _expect(ids[0] not in _ids(store.match(ALICE, "lighthouse", 3)), "match() finds a retired passage")
    _missing(store, ALICE, ids[:1])
    _expect(store.restore(ALICE, ids[:1]) == 1 and store.count(ALICE) == 3, "restore() did not bring it back")
    _expect(_ids(store.nearest(ALICE, vectors[0], 1)) == ids[:1], "nearest() misses a restored passage")


def _ids(matches: Sequence[Match]) -> list[str]:
    return [match.passage.id for match in matches]


def _missing(store: VectorStore, scope: Scope, ids: list[str]) -> None:
    try:
        store.get(scope, ids)
    except NotFound:
        return
    raise AssertionError("get() must raise NotFound for an id that this scope cannot see")


def _retriever_finds(make: Callable[[], Retriever]) -> None:
    hits = make().retrieve("the cat of the lighthouse keeper", 3, ALICE)
    _expect(bool(hits) and hits[0].text == PASSAGES[0].text, f"a plain query found {[hit.text for hit in hits]}")
    _expect(all(0 <= hit.score <= 1 for hit in hits), f"scores leave [0, 1]: {[hit.score for hit in hits]}")
    _expect([hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True), "hits are not best first")
    _expect(len({hit.id for hit in hits}) == len(hits), "a passage was found twice")


def _retriever_limits(make: Callable[[], Retriever]) -> None:
    _expect(len(make().retrieve("the night train and the bread", 1, ALICE)) <= 1, "more than k hits came back")


def _retriever_scopes(make: Callable[[], Retriever]) -> None:
    hits = make().retrieve("rye bread", 3, BOB)
    _expect(all(hit.text == PASSAGES[0].text for hit in hits), "one user found a passage of another")
    _expect(not make().retrieve("rye bread", 3, Scope(user="carol")), "a user with no passages found some")


def _retriever_empty(make: Callable[[], Retriever]) -> None:
    _expect(not make().retrieve("", 3, ALICE), "an empty query found something")


def _expect(condition: Any, message: str) -> None:
    if not condition:
        raise AssertionError(message)
