"""Names that drift: «Tomás» once where the book has «Tomas» 23 times.

Two spellings are one name when they differ by case or accents alone, when they sound alike (Jon and John, Catherine and
Katherine, Alexander and Aleksander), when two letters have changed places (Tobias and Tobais), or when one or two
letters are wrong in the middle of a long one, and one of the two is rare. Where the other half of the name is the same
(Ruth Amory and Ruth Amery), neither needs to be. Names that are both at home in the book are two people, and so are two
of one sentence, or two that come again and stand in one paragraph; so are names that differ in their last letter alone
(Mario and Maria), which says who is meant in many languages.

For scripts with capitals. Languages that decline names (Russian, Polish, Finnish ...) are compared without endings;
German, which capitalises every noun, by case and accents alone.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from memagent.story.finding import Finding
from memagent.story.manuscript import Manuscript, Place
from memagent.story.reading_rules import NO_NAME
from memagent.story.wording import folded, sentences
from memagent.terms import STOP_WORDS

RARE, COMMON, TIMES = 2, 4, 5
"""A spelling is rare up to so many times; another is common from so many times on, and so many times as common."""
SWAPPED = 2
"""Where two letters have changed places, so many times are common, and so many times as common."""
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_POSSESSIVE = re.compile(r"['’]s?$")
_BEFORE = re.compile(r"(?:^|[\"“”„«»‘’(\[—–:-])\s*$")
_OURS = frozenset({"English", "Chinese", "Japanese", "Korean", "French", "Spanish", "Italian", "Portuguese", "Dutch"})
_FULL = re.compile(r"(?<![^\W_])([^\W\d_a-z][^\W\d_]{2,})\s+([^\W\d_a-z][^\W\d_]{2,})(?!\s+[^\W\d_a-z])")
_BEGINNERS = STOP_WORDS | {word.lower() for word in NO_NAME}
_NOT_NAMES = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday january february march april may june july august "
    "september october november december english french german russian spanish italian irish scottish welsh god lord "
    "lady sir madam north south east west northern southern eastern western i".split()
)
_TITLES = frozenset(
    "mr mrs miss ms dr doctor captain aunt uncle "
    "father mother brother sister old young saint sergeant inspector".split()
)
_SOUNDS = (
    ("ph", "f"), ("x", "ks"), ("ck", "k"),
    ("th", "t"), ("sch", "s"), ("sh", "s"), ("c", "k"), ("q", "k"), ("y", "i"), ("z", "s"),
)  # fmt: skip


@dataclass
class _Name:
    """A spelling: how often it stands, in which sentences, where first, and whether it is a name for certain."""

    spelling: str
    at: list[tuple[int, Place]] = field(default_factory=list)
    certain: bool = False

    @property
    def likely(self) -> bool:
        """Whether it is a name as far as can be told; one that only ever begins sentences may be one too."""
        word = self.spelling.lower()
        return self.certain or not (word in _BEGINNERS or word.endswith("ly"))

    @property
    def count(self) -> int:
        return len(self.at)


def names(manuscript: Manuscript) -> list[Finding]:
    """Return a finding for every rare spelling of a name, at its first place."""
    spelt = _spellings(manuscript)
    language = manuscript.language.strip().title()
    findings = _full_names(manuscript) if language in _OURS else []
    told = {finding.key for finding in findings}
    for rare, usual in _pairs(spelt, language):
        if any(rare.spelling in key.split() and usual.spelling in key.split() for key in told):
            continue
        what = f"«{rare.spelling}» {rare.count}×, elsewhere «{usual.spelling}» {usual.count}×"
        key = f"{rare.spelling} = {usual.spelling}"
        places = tuple(dict.fromkeys(place for _, place in rare.at))
        findings.append(Finding("name", rare.at[0][1], what, usual.at[0][1], rare.spelling, key, places))
    return sorted(findings, key=lambda finding: finding.place)


def _spellings(manuscript: Manuscript) -> dict[str, _Name]:
    """All capitalised words that the book never writes small."""
    found: dict[str, _Name] = {}
    small: set[str] = set()
    number = 0
    for place, text in manuscript.paragraphs:
        for _, sentence in sentences(text):
            number += 1
            for word in _WORD.finditer(sentence):
                spelling = _POSSESSIVE.sub("", word.group())
                if not spelling[:1].isupper():
                    small.add(spelling)
                elif len(spelling) >= 3 and not spelling.isupper() and folded(spelling) not in _NOT_NAMES:
                    name = found.setdefault(spelling, _Name(spelling))
                    name.at.append((number, place))
                    name.certain |= not _BEFORE.search(sentence[: word.start()])
    return {spelling: name for spelling, name in found.items() if spelling.lower() not in small}


def _pairs(spelt: dict[str, _Name], language: str) -> Iterator[tuple[_Name, _Name]]:
    """Yield each drifted spelling with the one that it stands for, the most usual one that is near."""
    alike: dict[str, list[_Name]] = defaultdict(list)
    for name in spelt.values():
        alike[folded(name.spelling)].append(name)
    usual = sorted((name for name in spelt.values() if name.likely and name.count >= SWAPPED), key=lambda n: -n.count)
    endings = 1 if language in _OURS else 3
    for name in spelt.values():
        same = max(alike[folded(name.spelling)], key=lambda other: (other.count, other.spelling == name.spelling))
        if same is not name and same.count >= 2 and (same.certain or name.certain):
            yield name, same
        elif name.count <= RARE and language != "German" and name.likely:
            near = next((other for other in usual if other is not name and _drifted(name, other, endings)), None)
            if near:
                yield name, near


def _drifted(rare: _Name, usual: _Name, endings: int) -> bool:
    one, other = folded(rare.spelling), folded(usual.spelling)
    if abs(len(one) - len(other)) > 2 or usual.count < SWAPPED * rare.count:
        return False
    swapped = _swapped(one, other)
    if not swapped and (
        usual.count < max(COMMON, (TIMES - (len(one) > 5)) * rare.count) or not _near(one, other, endings)
    ):
        return False
    if not swapped and not (usual.certain or len(one) > 5):
        return False
    return not _together(rare, usual)


def _together(one: _Name, other: _Name) -> bool:
    """Say whether two stand in one sentence; or, where both come again, in one paragraph."""
    if {number for number, _ in one.at} & {number for number, _ in other.at}:
        return True
    return min(one.count, other.count) > 1 and bool({place for _, place in one.at} & {place for _, place in other.at})


def _swapped(one: str, other: str) -> bool:
    """Say whether two letters that stand side by side have changed places, in a name of five and more."""
    if len(one) != len(other) or len(one) < 5 or one == other or one[0] != other[0]:
        return False
    start = _shared(one, other)
    return one[start : start + 2] == other[start : start + 2][::-1] and one[start + 2 :] == other[start + 2 :]


def _full_names(manuscript: Manuscript) -> list[Finding]:
    """Somebody's two names, one of them spelt in two ways: the rarer one, or else the later."""
    where: dict[tuple[str, str], list[Place]] = defaultdict(list)
    for place, text in manuscript.paragraphs:
        for pair in _FULL.findall(text):
            if not {folded(word) for word in pair} & (_BEGINNERS | _NOT_NAMES | _TITLES):
                where[pair].append(place)
    alike: dict[tuple[int, str], list[tuple[str, str]]] = defaultdict(list)
    for pair in where:
        for half in (0, 1):
            alike[half, pair[half]].append(pair)
    words = Counter(word for pair, places in where.items() for word in pair for _ in places)
    findings = []
    for (half, _), pairs in alike.items():
        rank = {one: (len(where[one]), words[one[1 - half]], -at) for at, one in enumerate(pairs)}
        for pair in pairs:
            others = [other for other in pairs if other != pair and _one_person(pair[1 - half], other[1 - half], half)]
            usual = max(others, key=rank.__getitem__, default=pair)
            if rank[usual] > rank[pair] and not _both_at_home(where[pair], where[usual]):
                findings.append(_spelt(pair, usual, where))
    return findings


def _both_at_home(one: list[Place], other: list[Place]) -> bool:
    """Say whether two names stand in one paragraph, or often enough to be two people."""
    return bool(set(one) & set(other)) or (len(one) > RARE and len(other) < 2 * len(one))


def _spelt(pair: tuple[str, str], usual: tuple[str, str], where: dict[tuple[str, str], list[Place]]) -> Finding:
    spelt, known, places = " ".join(pair), " ".join(usual), tuple(dict.fromkeys(where[pair]))
    what = f"«{spelt}» {len(where[pair])}×, elsewhere «{known}» {len(where[usual])}×"
    return Finding("name", places[0], what, where[usual][0], spelt, f"{spelt} = {known}", places)


def _one_person(one: str, other: str, half: int) -> bool:
    """Say whether two first names (or last names, `half` 0) of the same other name are one name in two spellings."""
    one, other = folded(one), folded(other)
    if min(len(one), len(other)) < 5 or one == other or _plural(one, other) or (half and one[-1] != other[-1]):
        return False
    return _swapped(one, other) or _near(one, other, 1)


def _near(one: str, other: str, endings: int) -> bool:
    """Say whether two folded spellings are likely to be one name."""
    if one == other or _plural(one, other):
        return one == other
    if endings == 1 and _sound(one) == _sound(other):
        return True
    long = min(len(one), len(other))
    if long < 4 or one[0] != other[0]:
        return False
    start = _shared(one, other)
    end = _shared(one[start:][::-1], other[start:][::-1])
    left, right = one[start : len(one) - end], other[start : len(other) - end]
    if end < endings:
        return False
    if sorted(left) == sorted(right) and len(left) == 2:
        return True  # two letters changed places
    edits = max(len(left), len(right))
    return edits <= 1 and long >= 5 if long < 8 else edits <= 2


def _plural(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return long in (short + "s", short + "es")


def _shared(one: str, other: str) -> int:
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count


def _sound(name: str) -> str:
    """A name as it is heard, roughly, by the habits of English spelling."""
    for letters, sound in _SOUNDS:
        name = name.replace(letters, sound)
    name = name[:1] + name[1:].replace("h", "")
    name = "".join(letter for letter, before in zip(name, " " + name, strict=False) if letter != before)
    return name.removesuffix("e") if len(name) > 2 else name
