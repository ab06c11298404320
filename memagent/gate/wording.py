"""Whether the parts of a triple are more than small words, in languages other than English; and where greetings count.

Articles, prepositions, conjunctions and particles say nothing by themselves (`y`, `à la`, `の`): a subject holds a
name, a noun or the speaker, and a relation a word that may be a predicate. French, Spanish, Italian, Portuguese,
Dutch, German, Russian, Chinese and Japanese.
"""

from __future__ import annotations

import re
from functools import lru_cache

from memagent.finite import closed_class, script_of
from memagent.gate.english import is_english
from memagent.types import Triple

_HERE = re.compile(
    r"(?i)\b(?:who|whose|here|there|hier|dort|ici|là|aquí|allí|qui|aqui|здесь|тут|там|daar)\b|ここ|そこ|这里|那里|这儿"
)


@lru_cache(maxsize=256)
def elsewhere(sentence: str) -> str:
    """Return the sentence with its greetings, where it points to them: `Hello from Turku, I have lived here ...`."""
    return sentence if _HERE.search(sentence) else ""


def says_nothing(triple: Triple, sentence: str) -> str:
    """Return why not, where a part of a triple from a sentence that is not English is small words alone.

    A subject holds a name, a noun or the speaker; a relation has a word that may be a predicate (the verb, a copula, a
    noun): `y`, `の` and `à` are none.
    """
    if not (script := _script(sentence)):
        return ""
    for name in ("subject", "relation", "object"):
        part = getattr(triple, name)
        if closed_class(part, script, predicate=name == "relation"):
            return f"its {name} {part!r} says nothing"
    return ""


@lru_cache(maxsize=256)
def _script(sentence: str) -> str:
    """The script of a sentence, or nothing where it is English."""
    return "" if is_english(sentence) else script_of(sentence)
