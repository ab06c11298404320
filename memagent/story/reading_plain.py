"""What else a story says plainly of people and things, read by rule: homes, marks, counts, who has what, who never did.

English narration, in which pronouns have been read (see `pronouns`). For somebody X, a street P, a town T, a thing Z:

- homes: "X lived on P", "X had rooms in P", "X walked home to the house in P"; streets alone are compared;
- birthplaces: "X had never been to T", and "X had grown up in T", "X was born in T";
- marks: "X had a scar on X's left cheek", "the burn on X's right hand";
- counts: "X had two brothers", "all three of X's sons", "X had no sister"; "there were two Z", "the three Z";
- who has what: "X had the silver watch", until the thing is spoken of as handed on;
- who married: "X had never married", "X's husband".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from memagent.story.english import NOT_SO, NUMBER, OTHER_TIME, UNREAL, number
from memagent.story.reading_rules import NAME

Plain = tuple[str, str, str, bool]
"""Subject, name, value, and whether it is a change; an empty value says that it is otherwise from here on."""

HOME, MARRIED, BEEN, HOLDER, NUMBER_OF = "home", "married", "ever in ", "who has it", "number of "
COUNT = f"{NUMBER_OF}these"
"""Of things, where somebody's brothers are `number of brothers`."""
ONE_VALUE = (HOME, MARRIED, BEEN, HOLDER, NUMBER_OF, "side of ")
"""Beginnings of the names of attributes that have one value at a time; another one contradicts it."""
COMPARED = (*ONE_VALUE, "any ")
"""Beginnings of the names of attributes that are only compared: they become no facts of a memory, which has its own."""

_S = r"(?:['’]s|(?<=s)['’])"
_X = rf"(?P<x>{NAME})"
_STREET = (
    r"(?P<p>(?:[A-Z][\w'’]+\s+){1,2}(?:Street|Lane|Road|Row|Square|Alley|Terrace|Court|Avenue|Crescent|Wynd|Close|Gardens|"
    r"Place|Quay|Mews)|[A-Z][a-z]+gate)\b"
)
_PLACE = rf"(?P<p>{NAME})"
_AT_HOME = (
    r"(?:lived|lives|lodged|was\s+living|was\s+lodging|had\s+(?:a\s+(?:room|house|flat|cottage)|rooms|lodgings)|kept\s+house|"
    rf"had\s+(?:{NAME}{_S}|his|her)\s+(?:lodgings|rooms|house)|rented\s+(?:a\s+room|rooms|a\s+house))"
)
_OF_HOME = rf"(?:{NAME}{_S}|his|her|the|a)\s+(?:own\s+)?(?:house|home|rooms?|lodgings|flat|cottage|door|gate)"
_SIDE = r"(?P<v>left|right)"
_BODY = (
    r"(?P<part>cheek|hand|arm|forearm|wrist|leg|knee|eyebrow|temple|shoulder|thumb|palm|ear|foot|ankle|"
    r"thigh|jaw|brow|"
    r"eyelid)"
)
_MARK = r"(?P<mark>scar|birthmark|tattoo|mole|burn)"
_GAP = r"\s+(?:[a-z]+,?\s+){0,5}?"
_KINDS = r"(?P<k>brothers?|sisters?|sons?|daughters?|uncles?|aunts?|cousins?)"
_HAVE = rf"(?:has|had)\s+(?:got\s+)?(?:only\s+)?(?P<n>{NUMBER})\s+(?:(?:older|younger|elder|grown|little|small)\s+)?"
_NO_NOUN = (
    r"(?!(?:men|women|people|persons|days?|nights?|weeks?|months?|years?|hours?|minutes?|seconds?|miles?|children|boys|girls|"
    r"others?|times|things|words|steps|paces|feet|yards|inches|pounds|shillings|of|or|and|friends|brothers|sisters|sons|"
    r"daughters|cousins|uncles|aunts|kinds|sides|ways|hands|eyes|legs|arms|more|hundred|thousand|dozen|families|"
    r"figures|strangers|ladies|gentlemen|sailors|soldiers|policemen|cities|parts|halves|o['’]clock|to|in|last|first)\b)"
)
_NOUN = rf"{_NO_NOUN}(?P<z>[a-z]{{3,}}s)\b"
_COUNTED = rf"(?P<n>{NUMBER})\s+{_NOUN}"
_WHERE = re.compile(
    r"\s+(?:(?P<by>in|on|from|inside)\s+the\s+(?P<box>[a-z]+)\b|(?:in|on|from|to|at|by|near|under|behind|with|beside|above|below|"
    r"between|for|across|along|round|around|inside|outside|against|over|here|there|most|nearest|\w+ing|\w+ed)\b)"
)
"""Where counted things are: "in the album"; such may be some of them."""
_HELD = (
    r"(?P<z>(?:[a-z]+\s+)(?:watch|key|ring|locket|knife|pistol|letter|map|book|diary|necklace|brooch|compass|purse|sword|"
    r"lantern|violin|fiddle|cup|coin|deed|ledger|bracelet|pen))\b"
)
_RULES = tuple(
    (kind, re.compile(rule))
    for kind, rule in (
        ("home", rf"{_X},?\s+(?:who\s+)?{_AT_HOME}\s+(?:on|in|at)\s+(?:the\s+corner\s+of\s+)?{_STREET}"),
        ("home", rf"{_X}\s+\w+\s+(?:\w+\s+)?home\s+to\s+(?:{_OF_HOME}\s+)?(?:on|in|at)?\s*{_STREET}"),
        ("home", rf"{_X}{_S}\s+(?:house|home|rooms?|lodgings|flat|cottage)\s+(?:on|in|at)\s+{_STREET}"),
        ("moved", rf"{_X}\s+(?:had\s+)?(?:moved|removed|flitted)\s+(?:\w+\s+)?(?:to|into)\s+{_STREET}"),
        ("left", rf"{_X}\s+(?:had\s+)?(?:(?:moved|removed|flitted)\b|(?:left|sold|gave\s+up|let)\s+(?:(?:his|"
            rf"her|the|{NAME}{_S})\s+(?:house|rooms?|lodgings|flat|home|cottage)\b|{_STREET.replace('?P<p>', '?:')}))"),
        ("native", rf"{_X}\s+(?:had\s+)?(?:grew|grown)\s+up\s+(?:in|on|at)\s+{_PLACE}"),
        ("native", rf"{_X}\s+(?:was|had\s+been)\s+born\s+(?:and\s+(?:bred|raised|brought\s+up)\s+)?(?:in|on|at)"
                   rf"\s+{_PLACE}"),
        ("native", rf"{_X}\s+(?:had\s+)?spent\s+(?:{NAME}{_S}|his|her)\s+(?:whole\s+)?(?:boyhood|girlhood|"
                   rf"childhood|youth)\s+(?:in|on|at)\s+{_PLACE}"),
        ("mark", rf"\b{_MARK}\b{_GAP}(?:on|across|down|over|along|above|under|crossed|ran\s+down|split|on\s+the"
                 rf"\s+back\s+of)\s+{_X}{_S}\s+{_SIDE}\s+{_BODY}\b"),
        ("mark", rf"{_X}\s+(?:had|has|wore|bore)\s+(?:an?|the)\s+(?:[a-z]+,?\s+){{0,3}}?{_MARK}{_GAP}(?:his|her|"
                 rf"the)\s+{_SIDE}\s+{_BODY}\b"),
        ("kin", rf"{_X}\s+{_HAVE}{_KINDS}\b"),
        ("kin", rf"{_X}{_S}\s+(?P<n>{NUMBER})\s+(?:\w+\s+)?{_KINDS}\b"),
        ("kin", rf"\b[Aa]ll\s+(?P<n>{NUMBER})\s+of\s+{_X}{_S}\s+{_KINDS}\b"),
        ("there", rf"\b(?:[Tt]here\s+were|(?:held|contained)|inside\s+were)\s+{_COUNTED}\s+(?:in|on)\s+the\b"),
        ("there", rf"\b[Tt]he\s+(?:box|case|trunk|chest|drawer|safe|bag|basket|album|suitcase|parcel|purse|"
                  rf"cupboard)\s+(?:held|contained)\s+{_COUNTED}"),
        ("the", rf"\b(?:[Tt]he|[Aa]ll|these)\s+{_COUNTED}(?!\s+(?:that|which|who|they|he|she|it|I|we|you|were"
                rf"\s+left|left|had\s+been|of)\b|,\s+(?:that|which))"),
        ("has", rf"{_X}\s+had\s+the\s+{_HELD}(?=\s*(?:[.,;]|$)|\s+(?:in|on|with|now|still)\b)"),
        ("husband", rf"{_X}{_S}\s+(?:late\s+)?(?:husband|wife)\b"),
    )
)  # fmt: skip
_DENIED = tuple(
    (kind, re.compile(rule))
    for kind, rule in (
        ("never", rf"{_X}\s+(?:had|has)\s+never\s+(?:(?:once|yet|even)\s+)?(?:been\s+(?:to|in)|set\s+foot"
                  rf"\s+(?:in|on)|visited|seen|left\s+home\s+for)\s+{_PLACE}(?!\s+(?:so|as|like)\b|{_S})"),
        ("none", rf"{_X}\s+(?:had|has)\s+(?:never\s+had\s+an?|no)\s+(?P<k>brothers?|sisters?)\b"),
        ("single", rf"{_X}\s+(?:had|has)\s+never\s+married\b"),
    )
)  # fmt: skip
_SOME = re.compile(rf"(?<!the )(?<!The )(?<!all )(?<!All )(?<!these )\b(?:{NUMBER})\s+{_NOUN.replace('?P<z>', '')}")
_THERE = re.compile(r"\b(?:[Tt]here\s+were|held|contained|inside\s+were)\b")
_MOVES_ON = re.compile(
    r"\b(?:gave|given|giv\w+|took|taken|tak\w+|hand\w+|pass\w+|stole\w*|sold|lent|lend\w*|borrow\w*|found|left|put|dropped|"
    r"lost|pawn\w*|return\w*|bought|sent|brought|carried|pick\w*|leav\w*|won|swapp\w*|exchang\w*)\b",
    re.IGNORECASE,
)
_COUNT_CHANGES = re.compile(
    r"\b(?:another|more|fewer|one of|two of|some of|half|most of|sold|broke\w*|lost|gave|burn\w*|ate|added|"
    r"missing|first|last|"
    r"remaining|other|left|new|took|stole\w*|gone|only|both|bought|drank|found|counted|threw)\b",
    re.IGNORECASE,
)
_BORN_OR_DEAD = re.compile(r"\b(?:born|birth|died|dead|death|killed|drowned|buried|lost|widow\w*|funeral)\b")
_WEDS = re.compile(r"\b(?:marri\w+|marry\w*|wed\w*|bride\w*|divorc\w*|engaged)\b", re.IGNORECASE)
_AGAIN = re.compile(
    r"\b(?:another|second|other|new|twin|matching|too|as well|also|both|each|mirror\w*|reflect\w*)\b", re.IGNORECASE
)
_NO = re.compile(r"\b(?:not|never|no|nor|\w+n['’]t)\b", re.IGNORECASE)
_ANY = re.compile(
    rf"\b(?:lived?s?|lodg\w+|living|rooms?|house|home|rented|moved|flitted|grew|grown|born|spent|{_MARK[9:-1]}|{NUMBER}|"
    r"had the|husband|wife|never|brothers?|sisters?|sons?|daughters?|marri\w+|wed\w*|died|killed|sold|left|removed)\b"
)


def read_plain(sentence: str) -> list[Plain]:
    """Return what the rules read in one sentence of narration, changes last."""
    if not _ANY.search(sentence):
        return []
    found = list(_denied(sentence))
    doubtful, unreal = NOT_SO.search(sentence), UNREAL.search(sentence) or _NO.search(sentence)
    for kind, rule in _RULES:
        if not (unreal if kind in ("there", "the", "mark", "kin") else doubtful):
            for match in rule.finditer(sentence):
                found += _read(kind, match, sentence)
    return [*dict.fromkeys(found), *_changes(sentence, found)]


def _denied(sentence: str) -> Iterator[Plain]:
    for kind, rule in _DENIED:
        for match in rule.finditer(sentence):
            x = match["x"]
            if NOT_SO.search(sentence[: match.start()]):
                continue
            if kind == "never":
                yield x, BEEN + match["p"], "never", False
            elif kind == "none":
                yield x, f"any {match['k'].rstrip('s')}", "no", False
            elif not _WEDS.search(sentence[match.end() :]):
                yield x, MARRIED, "never", False


def _read(kind: str, match: re.Match[str], sentence: str) -> Iterator[Plain]:
    x = match.groupdict().get("x") or ""
    if kind == "moved":
        yield x, HOME, match["p"], True
    elif kind == "left":
        yield x, HOME, "", True
    elif kind == "native":
        yield x, BEEN + match["p"], "from there", False
    elif kind == "husband":
        yield x, MARRIED, "yes", False
    elif kind in ("there", "the"):
        if not OTHER_TIME.search(sentence[: match.start()]) and number(match["n"]) > 1:
            yield match["z"], COUNT, _counted(kind, match, sentence), False
    elif not _earlier(kind, match, sentence):
        yield from _now(kind, x, match, sentence)


def _now(kind: str, x: str, match: re.Match[str], sentence: str) -> Iterator[Plain]:
    """What holds at the time that is told of."""
    if kind == "home":
        yield x, HOME, match["p"], False
    elif kind == "mark":
        again = _AGAIN.search(sentence) is not None
        yield x, f"side of {match['mark']} on the {match['part']}", "" if again else match["v"], again
    elif kind == "kin":
        yield x, f"{NUMBER_OF}{match['k'].rstrip('s')}s", str(number(match["n"])), False
        yield x, f"any {match['k'].rstrip('s')}", "yes", False
    elif kind == "has":
        yield match["z"], HOLDER, x, False


def _earlier(kind: str, match: re.Match[str], sentence: str) -> bool:
    """Say whether a sentence may tell of another time; "had" may be said of what somebody has."""
    told = sentence[: match.end()]
    has = kind in ("has", "kin", "mark") or (kind == "home" and " had " in match[0])
    return OTHER_TIME.search(told.replace(" had ", " ") if has else told) is not None


def _counted(kind: str, match: re.Match[str], sentence: str) -> str:
    """The number of some things, "the" before it where they are known, and behind it where they are."""
    where = _WHERE.match(sentence, match.end("z"))
    rest = f" {where['by']} the {where['box']}" if where and where["box"] else " of them" if where else ""
    return f"{'the ' * (kind == 'the')}{number(match['n'])}{rest}"


def _changes(sentence: str, found: list[Plain]) -> Iterator[Plain]:
    """What may be otherwise from here on: things handed on, counts of what was taken, families, the married."""
    done = {(subject, name) for subject, name, _, _ in found}
    if _WEDS.search(sentence) and not any(name == MARRIED for _, name in done):
        yield from ((name, MARRIED, "", True) for name in re.findall(NAME, sentence))
    if _BORN_OR_DEAD.search(sentence):
        for name in re.findall(NAME, sentence):
            yield from ((name, f"{NUMBER_OF}{kin}s", "", True) for kin in ("brother", "sister", "son", "daughter"))


def handed_on(sentence: str) -> Iterator[Plain]:
    """What of the things that somebody may have is spoken of as going from hand to hand, and what is counted anew."""
    if _MOVES_ON.search(sentence):
        for thing in re.findall(r"\b(?:the|his|her|their|a)\s+([a-z]+\s+[a-z]+)\b", sentence):
            yield thing, HOLDER, "", True
    if _COUNT_CHANGES.search(sentence):
        for thing in re.findall(r"\b([a-z]{3,}s)\b", sentence):
            yield thing, COUNT, "", True
    elif not _THERE.search(sentence):
        for thing in _SOME.findall(sentence):
            yield thing, COUNT, "", True
