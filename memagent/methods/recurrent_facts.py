"""What a paragraph of a story says that later ones have to keep to, and what it contradicts, by the model. One call.

The paper keeps a story together by its summary alone; facts that are written down can be looked up and checked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from memagent.flow import Flow
from memagent.methods.recurrent import Settings, ask_for
from memagent.prompts import fill
from memagent.structured import Unreadable, json_object

MOST = 12
"""Facts of one paragraph that are kept."""
KINDS = ("character", "place", "object", "promise", "time")
_LONGEST = 200  # characters of a part of a fact, and of a quote


@dataclass(frozen=True, slots=True)
class Told:
    """One fact that a paragraph tells; `kind` is one of `KINDS`."""

    kind: str
    subject: str
    relation: str
    object: str


@dataclass(frozen=True, slots=True)
class Clash:
    """A known fact, by its place in the list that was shown, the words that contradict it, and why."""

    fact: int
    quote: str
    why: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What a model read in a paragraph."""

    told: tuple[Told, ...] = ()
    clashes: tuple[Clash, ...] = ()


def read_paragraph_facts(
    paragraph: str,
    known: Sequence[str],
    *,
    number: int = 0,
    settings: Settings = Settings(),  # noqa: B008
) -> Flow[Facts]:
    """Return what a paragraph tells, and which of the known facts it contradicts. One call.

    Args:
        paragraph: its text, in any language that the model reads.
        known: what was told before, a line each.
        number: its number in the story; another one has another seed.
        settings: how often is asked, and with which seed.

    Raises:
        ReplyError: no reply could be read.
    """
    lines = "\n".join(f"{at}. {' '.join(fact.split())}" for at, fact in enumerate(known, 1))
    messages = fill("recurrent/facts", paragraph=paragraph, facts=lines or "(nothing yet)")
    found: Facts = yield from ask_for(messages, lambda text: read_facts(text, len(known)), "facts", settings, number)
    return found


def read_facts(text: str, known: int) -> Facts:
    """Read a reply. Facts that lack a part are left out, and clashes with a fact that was not shown.

    Raises `Unreadable` where there is no list of facts.
    """
    fields = json_object(text)
    facts, clashes = fields.get("facts"), fields.get("contradictions", [])
    if not isinstance(facts, list):
        raise Unreadable('it has no list "facts"')
    told = dict.fromkeys(_told(fact) for fact in facts if isinstance(fact, Mapping))
    found = dict.fromkeys(_clash(clash, known) for clash in _list(clashes) if isinstance(clash, Mapping))
    return Facts(tuple(one for one in told if one)[:MOST], tuple(one for one in found if one))


def _told(fact: Mapping[str, Any]) -> Told | None:
    kind = one_line(fact.get("kind")).lower()
    parts = [one_line(fact.get(name)) for name in ("subject", "relation", "object")]
    return Told(kind if kind in KINDS else "object", *parts) if all(parts) else None


def _clash(clash: Mapping[str, Any], known: int) -> Clash | None:
    number = one_line(clash.get("fact"))
    if not number.isdecimal() or not 1 <= int(number) <= known:
        return None
    return Clash(int(number) - 1, one_line(clash.get("quote")), one_line(clash.get("why")))


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def one_line(value: object) -> str:
    """Return a text or a number of a reply on one line, cut where it is long; nothing for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    line = " ".join(str(value).encode("utf-8", "ignore").decode().split())
    return "".join(letter for letter in line if letter.isprintable())[:_LONGEST].strip()
