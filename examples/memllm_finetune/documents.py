"""Annotated documents in the JSON format of DocRED and Re-DocRED, as text with the places of all mentions in it.

A document is a JSON object: `title`; `sents`, its sentences as lists of tokens; `vertexSet`, its entities as lists of
mentions `{name, sent_id, pos, type}` with `pos` the first token and the one after the last; `labels`, its relations
`{h, t, r, evidence}` with the numbers of two entities, a relation id and the numbers of sentences. `evidence` may be
empty or missing. What a mention is called is what stands in the text; `name` is not read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from memagent.errors import UsageProblem

Spacing = Literal["blanks", "natural"]
Span = tuple[int, int]
Raw = Mapping[str, Any]

_CLOSING = frozenset([*".,;:!?)]}%", "...", "'s", "n't", "'"])
_OPENING = frozenset("([{$£€")


@dataclass(frozen=True, slots=True)
class Mention:
    """A mention: the number of its entity and of its sentence, where it stands in the text (characters), its text."""

    entity: int
    sentence: int
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation between two entities, by its name, and the sentences that state it; none if that is not known."""

    head: int
    name: str
    tail: int
    evidence: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A text, where its sentences are (characters), its mentions in order, and its relations as they were listed."""

    title: str
    text: str
    sentences: tuple[Span, ...]
    mentions: tuple[Mention, ...]
    relations: tuple[Relation, ...]

    def sentence(self, number: int) -> str:
        """Return the text of a sentence."""
        start, end = self.sentences[number]
        return self.text[start:end]

    def before(self, number: int, most: int) -> str:
        """Return up to `most` sentences that stand before a sentence."""
        first = max(0, number - most)
        return self.text[self.sentences[first][0] : self.sentences[number - 1][1]] if first < number else ""


def load(path: Path) -> list[dict[str, Any]]:
    """Return the documents of a file. Raises `UsageProblem` where it is no list of them."""
    return list(_json(path, list))


def load_names(path: Path) -> dict[str, str]:
    """Return the names of relations by id, as Re-DocRED's `rel_info.json` has them."""
    return dict(_json(path, dict))


def read_document(raw: Raw, names: Mapping[str, str], spacing: Spacing = "blanks") -> Document:
    """Return a document as text.

    Args:
        raw: the document in the format above.
        names: relation id -> name.
        spacing: `blanks` puts one between all tokens, as the paper's published code does; `natural` writes no blank
            before what closes and after what opens, as people do.

    Raises:
        UsageProblem: a part is missing or points to what is not there, or a relation has no name.
    """
    if spacing not in get_args(Spacing):
        raise UsageProblem(f"spacing={spacing!r} is not known", hint=f"Use {', '.join(get_args(Spacing))}.")
    title = str(raw.get("title", ""))
    try:
        text, tokens = _laid_out(raw["sents"], spacing)
        mentions = [
            _mention(number, mention, text, tokens)
            for number, entity in enumerate(raw["vertexSet"])
            for mention in entity
        ]
        relations = tuple(_relation(label, names, len(raw["vertexSet"]), len(tokens)) for label in raw["labels"])
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise UsageProblem(
            f"the document {title!r} is not in the format of Re-DocRED: {type(error).__name__}: {error}",
            hint="See documents.py for what it needs.",
        ) from error
    sentences = tuple((spans[0][0], spans[-1][1]) for spans in tokens)
    ordered = sorted(mentions, key=lambda mention: (mention.start, mention.entity))
    return Document(title, text, sentences, tuple(ordered), relations)


def _json(path: Path, kind: type) -> Any:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageProblem(f"{path} cannot be read: {error}", hint="Give a JSON file.") from error
    if not isinstance(found, kind):
        raise UsageProblem(f"{path} holds a {type(found).__name__}", hint=f"It must be a {kind.__name__}.")
    return found


def _mention(entity: int, raw: Raw, text: str, tokens: Sequence[Sequence[Span]]) -> Mention:
    sentence, (first, after) = int(raw["sent_id"]), raw["pos"]
    if not 0 <= sentence < len(tokens) or not 0 <= first < after <= len(tokens[sentence]):
        raise ValueError(f"no tokens {first} to {after} in sentence {sentence}")
    start, end = tokens[sentence][first][0], tokens[sentence][after - 1][1]
    return Mention(entity, sentence, start, end, text[start:end])


def _relation(raw: Raw, names: Mapping[str, str], entities: int, sentences: int) -> Relation:
    head, tail, name = int(raw["h"]), int(raw["t"]), raw["r"]
    if name not in names:
        raise ValueError(f"the relation {name!r} has no name")
    if not (0 <= head < entities and 0 <= tail < entities):
        raise ValueError(f"no entities {head} and {tail}")
    evidence = tuple(sorted({int(one) for one in raw.get("evidence") or ()}))
    if any(not 0 <= one < sentences for one in evidence):
        raise ValueError(f"no sentences {evidence}")
    return Relation(head, names[name], tail, evidence)


def _laid_out(sentences: Sequence[Sequence[str]], spacing: Spacing) -> tuple[str, list[list[Span]]]:
    """Return the text of sentences, and the span of each token."""
    text = ""
    spans: list[list[Span]] = []
    for tokens in sentences:
        if not tokens:
            raise ValueError("a sentence has no token")
        parted = bool(text)  # a blank parts sentences in any case
        quoted = False
        spans.append([])
        for token in tokens:
            closes = token in _CLOSING or (token == '"' and quoted)
            glued = spacing == "natural" and closes and bool(spans[-1])
            text += " " if parted and not glued else ""
            spans[-1].append((len(text), len(text) + len(token)))
            text += token
            quoted ^= token == '"'
            parted = not (spacing == "natural" and (token in _OPENING or (token == '"' and quoted)))
    return text, spans
