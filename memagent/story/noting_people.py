"""What a story says plainly of its people that nothing can contradict: marks, kin without a name, what they hold.

English narration, in which pronouns have been read (see `pronouns`), one sentence at a time. Read are, for somebody X
with a name, and a thing Z of those that stories keep their eye on:

- marks: "X had a scar that ran from ...", "X, with a tattoo of an anchor on his wrist,";
- kin who has no name there: "X's brother", whatever else is said of him; "X's mother had been dead for three years";
- what somebody holds: "X was waiting with the key in her hand", "X held the lamp", "X carried the letter".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from memagent.story.english import NOT_SO, UNREAL
from memagent.story.reading_rules import KIN, NAME

Noted = tuple[str, str, str]
"""Subject, relation, object."""

MARK, HAS, IS, WHEREABOUTS = "mark", "has", "is", "whereabouts"
SORT = (
    r"(?:letter|key|map|book|diary|photograph|ring|locket|ledger|chart|knife|sword|gun|pistol|purse|watch|compass|lantern|"
    r"lamp|coin|crown|necklace|box|parcel|envelope|will|deed)s?"
)
"""A thing that stories keep their eye on, as a pattern."""
THING = rf"(?:the|his|her|their)\s+(?P<z>(?:[a-z]+\s+)?{SORT})\b"
"""Such a thing as one knows which it is; its group is `z`."""
_LONGEST = 100  # characters of a mark
_X, _S = rf"(?P<x>{NAME})", r"(?:['’]s|(?<=s)['’])"
_SIGN = r"(?:scar|birthmark|tattoo|limp|mole|burn\s+mark)"
_MARK = re.compile(
    rf"{_X}(?:,\s+with|\s+(?:had|has|bore|wore)(?:\s+[^.,;!?]{{1,40}}\s+and)?)\s+"
    rf"(?P<v>an?\s+(?:[a-z-]+,?\s+){{0,3}}?{_SIGN}\b[^.,;!?]*)"
)
_KIN = re.compile(
    rf"(?<!was )(?<!were )(?<!is )(?<!, ){_X}{_S}\s+"
    r"(?:late\s+|dead\s+|own\s+|(?:older|younger|elder|little|twin|only)\s+)?"
    rf"(?P<v>{'|'.join(KIN)})\b(?!-)(?!,?\s+{NAME})"
)
_DEAD = re.compile(
    rf"{_X}{_S}\s+(?P<v>{'|'.join(KIN)})\s+(?:had\s+(?:died|drowned)|died|drowned|was\s+dead|had\s+been\s+dead|"
    r"(?:was|had\s+been)\s+killed)(?=\s*(?:[.,;:!—–]|$)|\s+(?:in|at|on|for|before|when|of|since|that|the|last|long|\w+\s+years?)\b)"
)
_WHERE = r"(?:hands?|arms?|fist|lap|pocket|belt|neck|knees?|shoulder)"
_HOLDING = (
    re.compile(
        rf"(?:^|[;,]\s+(?:and\s+)?){_X}\s+[^,;.!?]{{0,60}}?\bwith\s+{THING}\s+(?:in|under|on|round|around|at)\s+"
        rf"(?:{NAME}{_S}|his|her|their)\s+(?:\w+\s+)?{_WHERE}\b"
    ),
    re.compile(
        rf"{_X}\s+(?:held|carried|clutched|gripped|still\s+had|had)\s+{THING}"
        r"(?=\s*[.,;]|\s+(?:in|on|under|up|to|with|close|tight)\b)"
    ),
)
OF_PEOPLE = rf"\b(?:{_SIGN}|{'|'.join(KIN)}|held|carried|clutched|gripped|{SORT})\b"
"""What a sentence needs for any of these rules; one look for all of them is fast."""
_FORMER = re.compile(r"\b(?:once|used to|no longer|former|ex-)\b", re.IGNORECASE)


def of_people(sentence: str) -> Iterator[Noted]:
    """Yield marks and kin that a sentence says, and with whom a thing is, as its `whereabouts`."""
    if UNREAL.search(sentence):
        return
    for found in _KIN.finditer(sentence):
        if not _FORMER.search(sentence):
            yield found["x"], HAS, f"a{'n' * (found['v'][0] in 'aeiou')} {found['v']}"
    if NOT_SO.search(sentence):
        return
    for found in _MARK.finditer(sentence):
        yield found["x"], MARK, " ".join(found["v"].split())[:_LONGEST].strip()
    for found in _DEAD.finditer(sentence):
        yield f"{found['x']}'s {found['v']}", IS, "dead"
    for rule in _HOLDING:
        for found in rule.finditer(sentence):
            yield found["z"], WHEREABOUTS, f"with {found['x']}"
