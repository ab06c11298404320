"""What a story says of places, promises, things that change hands and time, read by rule; nothing of it contradicts.

English narration alone is read, as in `reading`: sentences that may say what is not so are passed over, and what people
say to each other too. Read are, for somebody X and Y with a name, a place P, and a thing Z of those that stories keep
their eye on (letter, key, map, ring ...):

- homes: "X lived in P", "X was born in P", "X came from P", "X moved to P";
- places: "P was a village";
- promises: "X promised (Y) to ...", "X promised (Y) that ...", "X gave Y her word that ...", "X kept his promise";
- things: "X gave Y the Z", "X took the Z", "X hid the Z under the stairs";
- time: "It was Tuesday", "The year was 1848"; see `check_timeline`;
- marks, kin without a name, what somebody holds: see `noting_people`.

"She" and "his" are read where they can mean only one, see `pronouns`.
"""

from __future__ import annotations

import re

from memagent.story.check_timeline import named_times
from memagent.story.english import NOT_SO
from memagent.story.noting_people import OF_PEOPLE, THING, WHEREABOUTS, Noted, of_people
from memagent.story.pronouns import Known, resolved
from memagent.story.reading_rules import NAME
from memagent.story.wording import narration, sentences

STORY = "the story"
"""The subject of what time it is."""
TIMES = ("day", "month", "season", "year")
HOME, BORN, FROM, KIND = "lives in", "was born in", "comes from", "is a"
PROMISED, KEPT, BROKE = "promised", "kept the promise", "broke the promise"
ONE_AT_A_TIME = (HOME, BORN, FROM, WHEREABOUTS, *TIMES)
"""Relations of which a subject has one value at a time."""

_LONGEST = 160  # characters of a promise
_X, _Y = rf"(?P<x>{NAME})", rf"(?P<y>{NAME})"
_PLACE = (
    rf"(?P<p>{NAME}|the\s+[a-z]+(?:\s+(?:of\s+(?:the\s+)?)?(?:{NAME}|house|hill|quay|harbour|point|road|street|inn))?)"
)
_WHAT = r"\s+(?:to|that)\s+[^.;!?]+"
_SORT = (
    r"village|town|city|island|harbour|harbor|port|inn|tavern|river|mountain|forest|castle|farm|kingdom|country|street|"
    r"lighthouse|monastery|school|hospital|prison|ship|boat|sloop|schooner"
)
_JOINS = "of|in|on|at|by|near|with|where|that|which|when|and|or|but|from|under|between|to|upon"
_ENDS = rf"(?=\s*(?:[.,;:!?)—–]|$)|\s+(?:{_JOINS})\b)"
"""Behind a noun that is not the beginning of another one: a lighthouse, and no lighthouse keeper."""
_RULES = tuple(
    (kind, re.compile(rule))
    for kind, rule in (
        (HOME, rf"{_X}\s+(?:lived|lives|was\s+living|moved)\s+(?:in|at|on|to)\s+{_PLACE}"),
        (BORN, rf"{_X}\s+(?:was|had\s+been)\s+born\s+(?:in|at|on)\s+{_PLACE}"),
        (FROM, rf"{_X}\s+(?:came|comes|hailed)\s+from\s+(?P<p>{NAME})(?=[.,;])"),
        (KIND, rf"{_X}\s+(?:was|is)\s+an?\s+(?P<v>(?:[a-z]+\s+)?(?:{_SORT}))\b{_ENDS}"),
        (PROMISED, rf"{_X}\s+(?:had\s+)?(?:promised|vowed|swore|pledged)(?P<v>(?:\s+{NAME})?{_WHAT})"),
        (PROMISED, rf"{_X}\s+(?:gave|had\s+given)\s+(?P<v>{NAME}\s+(?:his|her|their)\s+word{_WHAT})"),
        (KEPT, rf"{_X}\s+(?:had\s+)?kept\s+(?:his|her|their|the)\s+(?:promise|word|vow)(?P<v>\s+to\s+[^.,;!?]+)?"),
        (BROKE, rf"{_X}\s+(?:had\s+)?broken?\s+(?:his|her|their|the)\s+(?:promise|word|vow)(?P<v>\s+to\s+[^.,;!?]+)?"),
        ("given", rf"{_X}\s+(?:gave|handed|passed)\s+{_Y}\s+{THING}"),
        ("given", rf"{_X}\s+(?:gave|handed|passed)\s+{THING}\s+to\s+{_Y}"),
        ("taken", rf"{_X}\s+(?:took|pocketed|stole|picked\s+up|kept)\s+{THING}(?!\s+(?:to|from\s+Y)\b)"),
        (
            "put",
            rf"{_X}\s+(?:hid|left|buried|locked)\s+{THING}\s+(?P<v>(?:in|under|behind|beneath|inside|on|beside)\s+(?:the|a|his|her)"
            r"\s+(?:[a-z]+\s+)?[a-z]+)",
        ),
    )
)  # fmt: skip
_ANY = re.compile(
    rf"\b(?:lived?s?|living|moved|born|came from|comes from|hailed|promised?|vow(?:ed)?|swore|pledged|word|broken?|"
    rf"{_SORT})\b|{OF_PEOPLE}"
)
_NO_PROMISE = re.compile(
    r"\b(?:if|as though|not|never|nor|\w+n['’]t|dream\w*|pretend\w*|lied|wonder\w*|perhaps|maybe|almost|nearly)\b|\?",
    re.IGNORECASE,
)
"""Words before a promise that may make it none; behind it, they are a part of what is promised."""


def noted(paragraph: str, known: Known = ()) -> list[Noted]:
    """Return what the rules read in one paragraph, in order, each once; `known` is as for `reading.read`."""
    found: list[Noted] = []
    told = narration(paragraph)
    for start, written in sentences(told):
        if _ANY.search(written):
            sentence = resolved(written, told[:start], known)
            found += _sentence(sentence)
            found += of_people(sentence)
    found += [(STORY, kind, word) for kind, word in named_times(paragraph)]
    return list(dict.fromkeys(found))


def _sentence(sentence: str) -> list[Noted]:
    found: list[Noted] = []
    for kind, rule in _RULES:
        for match in rule.finditer(sentence):
            promise = kind in (PROMISED, KEPT, BROKE)
            if (_NO_PROMISE.search(sentence[: match.end("x")]) if promise else NOT_SO.search(sentence)) is None:
                found.append(_read(kind, match))
    return found


def _read(kind: str, match: re.Match[str]) -> Noted:
    groups = {name: " ".join((text or "").split()) for name, text in match.groupdict().items()}
    if kind in ("given", "taken"):
        return groups["z"], WHEREABOUTS, f"with {groups['y' if kind == 'given' else 'x']}"
    if kind == "put":
        return groups["z"], WHEREABOUTS, groups["v"]
    value = groups.get("p") or groups.get("v") or "not said which"
    return groups["x"], kind, value[:_LONGEST].strip(" ,")
