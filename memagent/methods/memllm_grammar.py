r"""The calls of MemLLM (arXiv:2404.11672, figure 1) as text: what a model writes to read and to write triples.

    ({MEM_READ(Ida>>lives in>>;>>lives in>>Oslo)-->Oslo;Mara})
    ({MEM_WRITE-->Ida>>lives in>>Oslo;Oslo>>capital of>>Norway})

`>>` parts the places of a triple, `;` one from the next. A query has a relation and exactly one of subject and object.
Blanks round a place do not count.

Departures from the published code, which cuts replies at fixed places and drops a call at the first error: a backslash
takes its meaning from the character after it, so that `\;`, `\>`, `\{`, `\}`, `\-` and `\\` stand for themselves and
`\n` for a line break, and every text can be written; a query with a third place filled or with none is refused and the
others of the call are asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from memagent.errors import quoted
from memagent.structured import Unreadable
from memagent.triples import Query

T = TypeVar("T")

OPEN, RESULTS, CLOSE = "({", "-->", "})"
"""What begins a call, comes before its results, and ends it."""

READ, WRITE = "MEM_READ", "MEM_WRITE"
Words = tuple[str, str, str]
Span = tuple[int, int]

_TOKEN = re.compile(r"\\.|\(\{|\}\)|-->|>>|;|[^\\({})\->;]+|.", re.DOTALL)
_READ = re.compile(r"\(\{\s*MEM_READ\s*\(?", re.IGNORECASE)
_WRITE = re.compile(r"\(\{\s*MEM_WRITE\b", re.IGNORECASE)
_ESCAPED = re.compile(r"[\\;>{}]|(?<=-)-")
_BLOCK = re.compile(r"\(\{\s*MEM_\w+")
_BEGINS = re.compile(r"\(\{(?=\s*(?:MEM_|(?:M(?:EM?)?)?\Z))", re.IGNORECASE)
_HALF = re.compile("[\ud800-\udfff]")  # of a character that takes two units in UTF-16
_LONGEST = 1000  # characters of one place; what is longer is no name


class BadQuery(Unreadable):
    """A query or a triple of a call is not in the form that it must have. `text` is what it says."""

    def __init__(self, text: str, why: str) -> None:
        super().__init__(f"{quoted(text, 80)} {why}")
        self.text = text


class Problem(NamedTuple):
    """What of a call could not be read, and why."""

    text: str
    why: str


@dataclass(frozen=True, slots=True)
class ReadCall:
    """A call that reads: its queries, and what of it is none. `results` are the values that stand in it already."""

    queries: tuple[Query, ...]
    problems: tuple[Problem, ...] = ()
    results: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WriteCall:
    """A call that writes: its triples, what of it is none, and how sure the model is of those of which that is known.

    A confidence is in (0, 1]; a triple that has none in `confidences` came without.
    """

    triples: tuple[Words, ...]
    problems: tuple[Problem, ...] = ()
    confidences: Mapping[Words, float] = field(default_factory=dict)


class Opened(NamedTuple):
    """A call in a text: where it begins, where it ends if it does, and its queries as they are written."""

    start: int
    end: int
    body: str


def find_read(text: str, *, bare: bool = False) -> Opened | None:
    """Return the first call that reads in a text, or the place of one that does not; `None` where there is neither.

    A call is what begins with `({MEM_`, or with as much of it as the text ends with; with `bare`, every `({` begins
    one, as with a model that has it as a token of its own: others write it in code as well. It ends with `-->` or,
    without results, with `})`; one that was cut off ends with the text.
    """
    start = _opening(text, bare)
    if start is None:
        return None
    head = _READ.match(text, start)
    if head is None:
        return Opened(start, min(len(text), start + len(OPEN)), "")
    at = head.end()
    for token in _TOKEN.finditer(text, at):
        if token.group() in (RESULTS, CLOSE):
            return Opened(start, token.end(), text[at : token.start()])
        if token.group() == OPEN:
            return Opened(start, token.start(), text[at : token.start()])
    return Opened(start, len(text), text[at:])


def parse_read(text: str) -> ReadCall:
    """Return the queries of a call that reads, with the results in it; of a text without one, none and a problem."""
    opened = find_read(text)
    if opened is None or not opened.body.strip():
        return ReadCall((), (Problem(text[:200], "has no query"),))
    body = opened.body.rstrip()
    queries, problems = _parsed(body.removesuffix(")"), parse_query)
    shown = text[opened.end :] if text[: opened.end].endswith(RESULTS) else ""
    return ReadCall(tuple(queries), tuple(problems), tuple(_values(shown)))


def parse_query(text: str) -> Query:
    """Return one query such as `Ida>>lives in>>`. Raises `BadQuery` where it is none."""
    subject, relation, object = _three(text)
    if not relation:
        raise BadQuery(text, "has no relation")
    if bool(subject) == bool(object):
        raise BadQuery(text, "must leave exactly one of subject and object empty")
    return Query(subject or None, relation, object or None)


def is_text(place: str) -> bool:
    """Say whether a place holds no lone surrogate, half of a character such as an emoji, which no memory can keep."""
    return _HALF.search(place) is None


def parse_write(text: str) -> WriteCall:
    """Return the triples of a call that writes: what stands between its last `-->` and `})`, or the end if cut off."""
    body = _body(text)
    if isinstance(body, Problem):
        return WriteCall((), (body,))
    found, problems = _parsed(text[body[0] : body[1]], parse_triple)
    return WriteCall(tuple(dict.fromkeys(found)), tuple(problems))


def written_places(text: str) -> Iterator[tuple[Words, tuple[Span, Span, Span]]]:
    """Yield the triples that `parse_write` finds, each time that they stand there, and where their places do.

    A place is [from, to) in characters, up to and with the `>>` that ends it.
    """
    body = _body(text)
    for start, end in () if isinstance(body, Problem) else _items(text, *body):
        ends = [token.end() for token in _TOKEN.finditer(text, start, end) if token.group() == ">>"]
        try:
            words = parse_triple(text[start:end])
        except BadQuery:
            continue
        first, second = ends
        yield words, ((start, first), (first, second), (second, end))


def closes(text: str) -> int | None:
    """Return where the first `})` of a text begins, or `None`."""
    return next((token.start() for token in _TOKEN.finditer(text) if token.group() == CLOSE), None)


def whole_triples(text: str) -> int:
    """Return how much of a call that writes is left without its last triple, where that may be half of one.

    That is all of it where the call is closed.
    """
    body = _body(text)
    if isinstance(body, Problem) or body[1] < len(text):
        return len(text)
    return max([start for start, _ in _items(text, *body)])


def parse_triple(text: str) -> Words:
    """Return one triple such as `Ida>>lives in>>Oslo`. Raises `BadQuery` where it is none."""
    three = _three(text)
    if not all(three):
        raise BadQuery(text, "has an empty place")
    return three


def print_query(query: Query) -> str:
    """Return a query as a call has it."""
    return ">>".join(escaped(part or "") for part in (query.subject, query.relation, query.object))


def print_read(queries: Iterable[Query], results: Sequence[str] | None = None) -> str:
    """Return a call that reads, up to and with `-->`; with results, the whole block."""
    call = f"{OPEN}{READ}({';'.join(map(print_query, queries))}){RESULTS}"
    return call if results is None else f"{call}{';'.join(map(escaped, results))}{CLOSE}"


def print_write(triples: Iterable[Words]) -> str:
    """Return a call that writes."""
    return f"{OPEN}{WRITE}{RESULTS}{';'.join('>>'.join(map(escaped, triple)) for triple in triples)}{CLOSE}"


def escaped(text: str) -> str:
    """Return a text as one place of a call, without the blanks round it."""
    return _ESCAPED.sub(lambda found: f"\\{found.group()}", text.strip()).replace("\n", "\\n")


def without_calls(text: str, *, bare: bool = False) -> str:
    """Return a text with everything from its first call on cut off, and no half of one at its end; see `find_read`."""
    at = _opening(text, bare)
    if at is not None:
        return text[:at]
    return text.removesuffix("(") if text.endswith(" (") else text


def blocks(text: str) -> int:
    """Return how many calls a text holds."""
    return len(_BLOCK.findall(text))


def _opening(text: str, bare: bool) -> int | None:
    """Where the first call begins."""
    if bare:
        at = text.find(OPEN)
        return None if at < 0 else at
    found = _BEGINS.search(text)
    return found.start() if found else None


def _body(text: str) -> Span | Problem:
    """Where the list of a call that writes stands."""
    head = _WRITE.search(text)
    if head is None:
        return Problem(text[:200], "has no MEM_WRITE")
    tokens = list(_TOKEN.finditer(text, head.end()))
    places = [at for at, token in enumerate(tokens) if token.group() == RESULTS]
    if not places:
        return Problem(text[:200], "has no -->")
    last = next((token.start() for token in tokens[places[-1] + 1 :] if token.group() == CLOSE), len(text))
    return tokens[places[-1]].end(), last


def _items(text: str, start: int, end: int) -> Iterator[Span]:
    """Where the items of a list stand, which `;` parts."""
    for token in _TOKEN.finditer(text, start, end):
        if token.group() == ";":
            yield start, token.start()
            start = token.end()
    yield start, end


def _parsed(text: str, parse: Callable[[str], T]) -> tuple[list[T], list[Problem]]:
    found: list[T] = []
    problems: list[Problem] = []
    for item in _split(text, ";"):
        if not item.strip():
            continue
        try:
            found.append(parse(item))
        except BadQuery as error:
            problems.append(Problem(error.text.strip()[:200], str(error)))
    return found, problems


def _three(text: str) -> Words:
    places = [_plain(part) for part in _split(text, ">>")]
    if len(places) != 3:
        raise BadQuery(text, f"has {len(places)} places, not 3")
    if any(len(place) > _LONGEST for place in places):
        raise BadQuery(text, f"has a place of more than {_LONGEST} characters")
    if not all(map(is_text, places)):
        raise BadQuery(text, "is not valid Unicode")
    return places[0], places[1], places[2]


def _values(text: str) -> Iterator[str]:
    end = closes(text)
    end = len(text) if end is None else end
    return (value for part in _split(text[:end], ";") if (value := _plain(part)))


def _split(text: str, separator: str) -> list[str]:
    ends = [token.span() for token in _TOKEN.finditer(text) if token.group() == separator]
    starts = [0, *(end for _, end in ends)]
    return [text[start:end] for start, end in zip(starts, [*(start for start, _ in ends), len(text)], strict=True)]


def _plain(text: str) -> str:
    said = re.sub(r"\\(.)", lambda found: "\n" if found.group(1) == "n" else found.group(1), text.strip(), flags=re.S)
    return said.strip()
