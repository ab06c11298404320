"""Re-ranking what was found by a language model that reads it (RankGPT, Sun et al., arXiv:2304.09542).

The model is shown numbered passages and replies with their order. More passages than fit into one window are ranked
from the back to the front in windows that overlap, so that what is good climbs from window to window.

Retrievers call no model, so this is a flow round any of them: `reranked` stands wherever a method takes `look_up=`.

Departures from the paper and its published code:
- The windows reach the front whatever the number of passages; the code leaves out those that no full step reaches.
- A reply that names no passage is asked for again, and if it stays so the window keeps its order, which each hit says.
  The code keeps it without a word.
- The order is asked for as JSON, which a backend can enforce; `[2] > [1]`, lists, and numbers in prose are read too.
- There may be solved examples, of which the most difficult are shown. Choosing them by difficulty helped more than by
  likeness to the question (PaRaDe, Drozdov et al., arXiv:2310.14408). There, difficult is what the model finds
  unlikely, which takes log-probabilities; here it is how much of the retriever's order has to be turned round.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

from memagent.errors import ReplyError, UsageProblem
from memagent.flow import Flow, retrieve, tell
from memagent.methods.looking_up import LookUp
from memagent.methods.plain import SEARCH, numbered
from memagent.prompts import fill
from memagent.structured import Unreadable, ask, json_object
from memagent.types import Hit, Message

_SCHEMA = {
    "type": "object",
    "properties": {"order": {"type": "array", "items": {"type": "integer"}}},
    "required": ["order"],
    "additionalProperties": False,
}
_NUMBER = r"(?:(?:passage|document|doc|no\.?)[ ]?)?[#\[(【]?[ ]?(\d+)[ ]?[\])】]?"
_FIRST = re.compile(_NUMBER, re.IGNORECASE)
_NEXT = re.compile(rf"\s*(?:>=?|≻|→|->)\s*{_NUMBER}", re.IGNORECASE)
_LIST = re.compile(r"\[\s*\d+\s*(?:,\s*\d+\s*)+,?\s*\]")
_BRACKETED = re.compile(r"[\[【]\s*(\d+)\s*[\]】]")
_BARE = re.compile(r"[\d\s,;.>]+")
_MENTIONED = re.compile(r"\b(?:passage|document)\s*#?(\d+)\b", re.IGNORECASE)
_DIGITS = re.compile(r"\d+")
_LONGEST = 20_000  # characters of a reply that are looked at


@dataclass(frozen=True, slots=True)
class Demonstration:
    """A solved example: what was asked, what the retriever found, best first, and the order that is right.

    `order` has the numbers of passages, from 1, the most helpful first; those that it leaves out come after them.

    Raises:
        UsageProblem: `order` names a passage that is not there, or one twice.
    """

    question: str
    passages: tuple[str, ...]
    order: tuple[int, ...]

    def __post_init__(self) -> None:
        known = range(1, len(self.passages) + 1)
        if len(set(self.order)) < len(self.order) or any(number not in known for number in self.order):
            raise UsageProblem(
                f"order={self.order!r} is no order of {len(self.passages)} passages",
                hint="Give numbers from 1 to the number of passages, each at most once.",
            )

    @property
    def difficulty(self) -> float:
        """The share of the pairs of passages that stand in the wrong order as they were found, in [0, 1].

        It is Kendall's distance between the two orders: 0 where the retriever was right, 1 where it was the wrong way
        round throughout.
        """
        full = _completed(self.order, len(self.passages))
        pairs = list(combinations(full, 2))
        return sum(first > second for first, second in pairs) / len(pairs) if pairs else 0.0


@dataclass(frozen=True, slots=True)
class Order:
    """What a reply says of the order of passages: `named` numbers, best first, and `invented` ones, each once."""

    named: tuple[int, ...]
    invented: tuple[int, ...] = ()


def reranked(
    question: str,
    k: int = 5,
    *,
    using: str = "",
    look_up: LookUp | None = None,
    pool: int = 20,
    window: int = 20,
    step: int = 10,
    demonstrations: Sequence[Demonstration] = (),
    shots: int = 1,
    tries: int = 2,
    timeout: float | None = 60.0,
) -> Flow[list[Hit]]:
    """Find `pool` passages and return the `k` that a model finds most helpful; to be used as `look_up=` of a method.

    One search, and the calls of `rerank`: one, up to `tries`, where the pool fits into a window.

    Args:
        question: what is looked for.
        k: how many passages to return.
        using: the retriever that finds the pool.
        look_up: in its place, a flow that finds it.
        pool: how many passages the model chooses from; at least `k` are.
        window: how many passages a call is shown.
        step: how far the window moves.
        demonstrations: solved examples; the most difficult of them are shown.
        shots: how many of them.
        tries: how often a window is asked for.
        timeout: seconds for each call.
    """
    find = look_up or (lambda query, count: retrieve(query, count, using=using, timeout=SEARCH))
    hits = yield from find(question, max(k, pool))
    return (
        yield from rerank(
            question,
            hits,
            k,
            window=window,
            step=step,
            demonstrations=demonstrations,
            shots=shots,
            tries=tries,
            timeout=timeout,
        )
    )


def rerank(
    question: str,
    hits: Sequence[Hit],
    k: int | None = None,
    *,
    window: int = 20,
    step: int = 10,
    demonstrations: Sequence[Demonstration] = (),
    shots: int = 1,
    tries: int = 2,
    longest: int = 2000,
    timeout: float | None = 60.0,
) -> Flow[list[Hit]]:
    """Return the best `k` of `hits` in the order that a model puts them in; all of them where `k` is `None`.

    One call for each window, up to `tries` where replies are unreadable: `n` hits make one window where they fit into
    it, else 1 + ceil((n - window) / step). No call for fewer than two hits. Only the first `window` - `step` places
    are sure to hold what the model finds best of all.

    A number that is no passage is ignored, one that comes twice counts first, and passages that are not named follow
    the others as they stood. Each hit's `why` says from where to where it was moved, or why it was not; its score is 1
    for the first place and falls evenly, and is `parts["rerank"]` as well. Where no window could be ranked, order and
    scores are the retriever's.

    Args:
        question: what is asked.
        hits: what was found, best first.
        k: how many to return.
        window: how many passages a call is shown.
        step: how far the window moves.
        demonstrations: solved examples; the most difficult of them are shown.
        shots: how many of them.
        tries: how often a window is asked for.
        longest: how many characters of each passage are shown.
        timeout: seconds for each call.

    Raises:
        UsageProblem: a number is too small, or `step` is larger than `window`.
    """
    _check(k, window, step, shots, tries, longest)
    shown = _examples(hardest(demonstrations, shots), longest)
    order, told, problem, read = list(range(len(hits))), dict[int, str](), "", False
    for start, end in windows(len(hits), window, step):
        inside = order[start:end]
        messages = _prompt(question, [hits[at] for at in inside], shown, longest)
        try:
            reply = yield from _asked(messages, len(inside), tries, timeout)
        except ReplyError as error:
            problem = error.message
            told.update(dict.fromkeys(inside, problem))
            continue
        read = True
        order[start:end] = [inside[number - 1] for number in _completed(reply.named, len(inside))]
        told.update({at: "" if number in reply.named else _UNNAMED for number, at in enumerate(inside, 1)})
    if problem:
        yield from tell(f"Passages keep the order in which they were found: {problem}")
    return [_placed(hits[at], at, place, len(hits), told.get(at, ""), read) for place, at in enumerate(order)][:k]


def hardest(demonstrations: Sequence[Demonstration], count: int) -> list[Demonstration]:
    """Return the `count` most difficult demonstrations, the most difficult last: nearest to the question."""
    ranked = sorted(demonstrations, key=lambda one: -one.difficulty)[:count]
    return ranked[::-1]


def windows(count: int, window: int, step: int) -> Iterator[tuple[int, int]]:
    """Yield start and end of each window over `count` passages, from the back to the front; none for fewer than two.

    The last one begins at 0 and is as large as the others.
    """
    end = count
    while count > 1:
        if end <= window:
            yield 0, min(window, count)
            return
        yield end - window, end
        end -= step


def permutation(reply: str, count: int) -> Order:
    """Read the order of `count` passages from a reply, in whatever form the numbers come.

    Looked for, in this order: a JSON object with a list, a chain such as `[2] > [1]`, a list, numbers in brackets,
    passages by name, and a reply of nothing but numbers. What stands before `</think>` is left out.

    Raises:
        Unreadable: it names no passage, and does not say that there is none to name.
    """
    said = reply.rpartition("</think>")[2][:_LONGEST]
    numbers = _numbers(said)
    named = tuple(dict.fromkeys(number for number in numbers if 1 <= number <= count))
    if not named and numbers != []:
        raise Unreadable(f'it has no list "order" of the numbers from 1 to {count}')
    return Order(named, tuple(dict.fromkeys(number for number in numbers if not 1 <= number <= count)))


_UNNAMED = "not named by the model"


def _asked(messages: Sequence[Message], count: int, tries: int, timeout: float | None) -> Flow[Order]:
    return ask(
        messages,
        lambda reply: permutation(reply, count),
        label="rerank/order",
        schema=_SCHEMA,
        tries=tries,
        temperature=0.0,
        timeout=timeout,
    )


def _numbers(said: str) -> list[int]:
    """The numbers of a reply; none at all only where it says so by an empty list."""
    listed = _in_json(said) if "{" in said else None
    if listed is not None:
        return listed
    chain = max(_chains(said), key=len, default=[])
    if len(chain) > 1:
        return chain
    if lists := [_digits(one.group()) for one in _LIST.finditer(said)]:
        return max(lists, key=len)
    for pattern in (_BRACKETED, _MENTIONED):
        if found := [_value(one.group(1)) for one in pattern.finditer(said)]:
            return found
    if _BARE.fullmatch(said) and (bare := _digits(said)):
        return bare
    return [] if said.strip("`\n json") == "[]" else [-1]


def _in_json(said: str) -> list[int] | None:
    """The numbers of the first list in a JSON object, `order` before others; `None` where there is no such list."""
    try:
        found = json_object(said)
    except Unreadable:
        return None
    lists = [value for value in (found.get("order"), *found.values()) if isinstance(value, list)]
    if lists:
        return [number for item in lists[0] if (number := _number(item)) is not None]
    texts = [value for value in (found.get("order"), *found.values()) if isinstance(value, str)]
    return (_numbers(texts[0].replace("{", " ")) or None) if texts and _DIGITS.search(texts[0]) else None


def _number(item: Any) -> int | None:
    """The number that an item of a list is, or holds."""
    if isinstance(item, dict):
        item = next(iter(item.values()), None)
    if isinstance(item, bool) or not isinstance(item, int | float | str):
        return None
    found = _DIGITS.search(str(item)[:40])
    return _value(found.group()) if found else None


def _chains(said: str) -> Iterator[list[int]]:
    """Numbers with a sign for "better than" between them, each chain as far as it goes."""
    at = 0
    while first := _FIRST.search(said, at):
        chain, at = [_value(first.group(1))], first.end()
        while following := _NEXT.match(said, at):
            chain.append(_value(following.group(1)))
            at = following.end()
        yield chain


def _digits(text: str) -> list[int]:
    return [_value(number) for number in _DIGITS.findall(text)]


def _value(digits: str) -> int:
    """What digits say; of more than seven, which number no passage, the first."""
    return int(digits[:7])


def _completed(named: Sequence[int], count: int) -> list[int]:
    """The numbers that are named, then the others up to `count` in their order."""
    return list(dict.fromkeys([*named, *range(1, count + 1)]))


def _prompt(question: str, hits: Sequence[Hit], examples: Sequence[Message], longest: int) -> list[Message]:
    short = [replace(hit, text=_cut(hit.text, longest)) for hit in hits]
    system, user = fill("rerank/order", passages=numbered(short), question=question, count=str(len(hits)))
    return [system, *examples, user]


def _examples(demonstrations: Sequence[Demonstration], longest: int) -> list[Message]:
    """Demonstrations as turns of a conversation that has been had."""
    turns: list[Message] = []
    for one in demonstrations:
        hits = [Hit("", text, 0.0) for text in one.passages]
        asked = _prompt(one.question, hits, (), longest)[-1]
        order = ", ".join(map(str, _completed(one.order, len(hits))))
        turns += [asked, Message("assistant", f'{{"order": [{order}]}}')]
    return turns


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[:longest].rsplit(None, 1)[0]} …"


def _placed(hit: Hit, before: int, now: int, count: int, told: str, read: bool) -> Hit:
    """A hit at its place, with where it was before; both are counted from 0. `told` is what went wrong with it."""
    if told and told != _UNNAMED and before == now:
        ranked = f"not re-ranked: {told}"
    else:
        ranked = (
            f"re-ranked: moved from {before + 1} to {now + 1}" if before != now else f"re-ranked: stays at {now + 1}"
        )
        ranked += f" of {count}" + (f" ({told})" if told else "")
    why = "; ".join(part for part in (hit.why, ranked if count > 1 else "") if part)
    if not read:
        return replace(hit, why=why)
    score = 1 - now / count
    return replace(hit, score=score, parts={**hit.parts, "rerank": score}, why=why)


def _check(k: int | None, window: int, step: int, shots: int, tries: int, longest: int) -> None:
    if window < 2 or not 1 <= step <= window:
        raise UsageProblem(
            f"window={window}, step={step} would rank nothing",
            hint="Let the window be at least 2, and the step between 1 and the window.",
        )
    for name, value, least in (("k", k, 0), ("shots", shots, 0), ("tries", tries, 1), ("longest", longest, 1)):
        if value is not None and value < least:
            raise UsageProblem(f"{name}={value} is too small", hint=f"Give at least {least}.")
