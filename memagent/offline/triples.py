"""What `offline` asks of a memory of triples and takes from a sentence, by names and by the words of relations.

A question is the names in it and the listed relations that share a word with it; where none does, its other words stand
for one. Facts are those that `openie` finds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from memagent.finite import is_covered
from memagent.offline.foreign import foreign_facts
from memagent.offline.openie import mentions, triples
from memagent.offline.own_facts import own_facts
from memagent.offline.persons import is_own
from memagent.offline.reader import terms

NOT_SAID = "The memory does not say."
_EMPTY = frozenset({"the", "a", "an", "and", "or", "is with", "связан с", "相关"})  # relations that say nothing
_MOST = 3
_FOUND = re.compile(r"-->(.*)\}\)", re.DOTALL)
_ESCAPED = re.compile(r"[\\;>{}]|(?<=-)-")
_SENTENCE = re.compile(r"\(\{USER_ST\}\)(.*)\(\{USER_END\}\)", re.DOTALL)


def asking(question: str, relations: str, found: str, note: str) -> str:
    """Return a call that reads, or the answer where one has found something or was dropped."""
    if values := _FOUND.search(found):
        said = [re.sub(r"\\(.)", r"\1", value).strip() for value in re.split(r"(?<!\\);", values[1])]
        return f"{', '.join(filter(None, said))}."
    names, wanted = _names(question), _relations(question, relations)
    if note or not names or not wanted:
        return NOT_SAID
    queries = [
        query
        for name in names[:_MOST]
        for relation in wanted[:_MOST]
        for query in (f"{_escaped(name)}>>{_escaped(relation)}>>", f">>{_escaped(relation)}>>{_escaped(name)}")
    ]
    return f"({{MEM_READ({';'.join(queries)})-->"


def writing(sentence: str, context: str) -> str:
    """Return a call that writes what a sentence states."""
    marked = _SENTENCE.search(sentence)
    text = (marked[1] if marked else sentence).strip()
    before = [name.text for name in mentions(context)] if context != "(none)" else []
    if is_covered(text):
        return _write(foreign_facts(text))
    found = own_facts(text) or triples(text) or triples(text, before[-1] if before and not is_own(text) else "")
    return _write([triple for triple in found if triple[1].lower() not in _EMPTY])


def _write(found: Sequence[tuple[str, str, str]]) -> str:
    return f"({{MEM_WRITE-->{';'.join('>>'.join(map(_escaped, triple)) for triple in found)}}})"


def routing(question: str, relations: str) -> str:
    """Return the name that a question begins with and the listed relations in it, the nearest to the name first."""
    names = _names(question)
    name = names[-1] if names else ""
    at = question.find(name)
    wanted = [relation for relation in relations.splitlines() if terms(relation) & terms(question)]
    near = sorted(wanted, key=lambda relation: abs(_place(question, relation) - at))
    return json.dumps({"subject": name, "relations": near}, ensure_ascii=False)


def _names(question: str) -> list[str]:
    return list(dict.fromkeys(mention.text for mention in mentions(question)))


def _relations(question: str, listed: str) -> list[str]:
    asked = terms(question)
    known = [] if listed.startswith("(") else re.split(r",\s|\n", listed)
    shared = [relation for relation in known if terms(relation) & asked]
    if shared:
        return sorted(shared, key=lambda relation: -len(terms(relation) & asked))
    names = {word for name in _names(question) for word in terms(name)}
    return [" ".join(sorted(asked - names))] if asked - names else []


def _place(question: str, relation: str) -> int:
    """Where in a question a word of a relation stands, by the word's first letters."""
    places = [question.lower().find(term[:4]) for term in terms(relation) & terms(question)]
    return max(places, default=0)


def _escaped(text: str) -> str:
    return _ESCAPED.sub(lambda found: f"\\{found.group()}", text.strip())
