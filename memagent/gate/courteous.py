"""What a line says beside its courtesies: greetings, thanks, farewells and regards are a closed class in each language.

A clause that begins with such a word and has no verb behind it, or that is such a phrase, states nothing (`hope
all's well over in Aberdeen`, `привет Казани`, `besos a Nuria`). A clause beside it with a verb of its own does:
what is left of `Super, dankjewel! Trouwens, Coen is verhuisd` is that Coen moved. The words are in
`courteous.toml`: English, German, French, Spanish, Italian, Portuguese, Dutch, Russian, Chinese and Japanese, all
tried on each line, since who greets mixes them.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache, lru_cache
from pathlib import Path

from memagent.finite import has_verb
from memagent.gate.english import listed

_CLAUSES = re.compile(r"(?<!\d)[,.](?:\s+|$)|[;!¡?¿…！。，；、〜~\n]+\s*|\s[–—]\s")
_LEADS = r"^\W*(?:(?:ha(?:ha)*|und|et|y|e|en|и|ну|well|so|und noch|nog|nog een)\s+)?"
_JOINED = re.compile(r"(?i)\s(?:and|und|et|y|e|en|и)\s")
_LEFT = re.compile(r"(?i)^\W*(?:que|che|qu['’]|car|denn|want|weil|porque|perché|pois|потому|ведь|dass|dat)(?!\w)")
_EAST = ("zh", "ja")
_FEW = 4  # words, behind which no verb of an English clause stands that begins with a greeting


@lru_cache(maxsize=512)
def beside_courtesies(text: str) -> str:
    """Return the clauses of a line that are no courtesies, parted by commas; the line itself where it has none.

    Of a clause such as `que Murcia espera` nothing is left: it goes on with what was wished before it.
    """
    clauses = [clause for clause in _CLAUSES.split(text) if clause and re.search(r"\w", clause)]
    kept = [clause for clause in clauses if not _is_courtesy(clause)]
    if len(kept) == len(clauses):
        return text
    goes_on = any(map(_LEFT.match, kept)) and all(_LEFT.match(clause) or len(clause.split()) == 1 for clause in kept)
    return "" if goes_on else ", ".join(kept)


def _is_courtesy(clause: str) -> bool:
    """Whether a clause is one, or each part that an `and` joins is: `gracias por todo y que tenga un feliz día`."""
    if _is_one(clause):
        return True
    parts = _JOINED.split(clause)
    return len(parts) > 1 and all(map(_is_one, parts))


def _is_one(clause: str) -> bool:
    if _phrases().match(clause) or _inside(False).search(clause):
        return True
    if not clause.isascii() and _inside(True).search(clause):
        return True
    begun = _begun().match(clause)
    if begun is None or has_verb(behind := clause[begun.end() :]):
        return False
    return not any(word in _english() for word in behind.lower().split()[:_FEW])


@cache
def _english() -> frozenset[str]:
    return listed("finite") | listed("pasts")


@cache
def _begun() -> re.Pattern[str]:
    found = "|".join(lists["words"] for lists in _lists().values() if "words" in lists)
    return re.compile(rf"(?i){_LEADS}(?:{found})(?![\w'’-])")


@cache
def _phrases() -> re.Pattern[str]:
    latin = "|".join(lists["phrases"] for language, lists in _lists().items() if language not in _EAST)
    east = "|".join(_lists()[language]["phrases"] for language in _EAST)
    return re.compile(rf"(?i)(?:{_LEADS}(?:{latin})(?!\w)|^\W*(?:{east}))")


@cache
def _inside(east: bool) -> re.Pattern[str]:
    lists = [one["anywhere"] for language, one in _lists().items() if one["anywhere"] and (language in _EAST) == east]
    return re.compile("|".join(lists) if east else rf"(?i)\b(?:{'|'.join(lists)})(?!\w)")


@cache
def _lists() -> dict[str, dict[str, str]]:
    return tomllib.loads(Path(__file__).with_name("courteous.toml").read_text(encoding="utf-8"))
