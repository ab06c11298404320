"""From `Mara burns the letter and sails for Lisbon` to `Mara burned the letter and sailed for Lisbon`.

A sentence is turned only if every finite verb in it is recognised; otherwise `None` says that it has to be quoted instead.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache

from memagent.llms.offline_lists import role_nouns, table

_IRREGULAR = (
    "become became begin began bend bent bind bound bite bit bleed bled blow blew break broke bring brought build built buy "
    "bought catch caught choose chose cling clung come came creep crept deal dealt dig dug draw drew dream dreamed drink "
    "drank drive drove eat ate fall fell feed fed feel felt fight fought find found flee fled fling flung fly flew forbid "
    "forbade forget forgot forgive forgave freeze froze get got give gave go went grind ground grow grew hang hung hear "
    "heard hide hid hold held keep kept kneel knelt know knew lay laid lead led leave left lend lent lie lay light lit lose "
    "lost make made mean meant meet met overhear overheard pay paid ride rode ring rang rise rose run ran say said see saw "
    "seek sought sell sold send sent sew sewed shake shook shine shone shoot shot show showed sing sang sink sank sit sat "
    "sleep slept slide slid speak spoke spend spent spin spun stand stood steal stole stick stuck sting stung strike struck "
    "swear swore sweep swept swim swam swing swung take took teach taught tear tore tell told think thought throw threw "
    "understand understood undo undid wake woke wear wore weave wove weep wept win won wind wound withdraw withdrew write "
    "wrote overcome overcame retell retold rebuild rebuilt mistake mistook"
).split()
_SAME = "bet burst cast cost cut hit hurt let put quit rid set shed shut split spread thrust read".split()
_REGULAR = (
    "abandon accept accuse admit agree allow announce appear apologise apologize approach argue arrange arrive ask attack "
    "avoid awaken bargain beg believe belong betray betrothe blame board borrow burn bury call carry challenge change chase "
    "check claim climb close collect compare confess confide confront consider continue convince cook count crash crawl "
    "create cross cry dance dare decide declare decline defend deliver demand deny depart descend deserve destroy discover "
    "disappear dismantle doubt drag drop drown earn empty encounter end enter escape examine exchange explain explore expose "
    "face fail faint fear fill finish fish flood follow force gather glimpse grab greet guard guess happen hate haunt help "
    "hesitate hire hope hunt hurry identify ignore imagine inherit inspect insist invite join journey jump kidnap kill kiss "
    "knock land laugh leap learn lift listen live load lock look love lower march marry mend miss move murder need notice "
    "obey offer open order overlook overtake owe own pack paint pass persuade pick plan plant play plead plot point pour "
    "practise pray prepare press pretend promise prove pull punish push question race reach realise realize receive "
    "recognise recognize recover refuse regret remain remember remind remove repair repeat reply rescue rest return reveal "
    "rob row rush sail save search seem settle share shout sign slam slip smash smell smile smuggle solve sound spy start "
    "startle stay step stop store struggle study stumble succeed suffer suggest summon suspect swap talk taste test thank "
    "threaten touch trace track trade translate trap travel try turn uncover unlock unpack use vanish visit vow wait walk "
    "wander want warn wash waste watch wave welcome whisper wish witness wonder work worry yell yield love dream fix "
    "hand toss trick rent fetch trust bribe choke wrap unwrap shelter gamble hitch paddle drift"
).split()
_AUX = {
    "is": "was", "are": "were", "has": "had", "does": "did", "will": "would", "can": "could", "may": "might",
    "isn't": "wasn't", "aren't": "weren't", "hasn't": "hadn't", "haven't": "hadn't", "doesn't": "didn't", "don't": "didn't",
    "won't": "would not", "can't": "could not", "cannot": "could not", "must": "had to", "shall": "would",
}  # fmt: skip
_STRONG = frozenset("she he it who that which somebody nobody someone everyone one everybody nothing something".split())
_LINK = frozenset("and then but or never always also still only soon now finally suddenly again once first".split())
_KEEP = frozenset(
    "to will would can could may might must shall should not let lets make makes help helps did does".split()
)
_PIECE = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|[\W_]+")
_OUTSIDE = re.compile(r"(\"[^\"]*\"|“[^”]*”|«[^»]*»)")
_PERSONS = frozenset("i you we us me my your our mine yours".split())


@lru_cache(maxsize=1)
def _verbs() -> dict[str, str]:
    """Base form -> past form."""
    found = dict(zip(_IRREGULAR[::2], _IRREGULAR[1::2], strict=True))
    found.update({base: base for base in _SAME})
    for base in _REGULAR:
        found.setdefault(base, _regular(base))
    return {**found, "have": "had", "do": "did"}


_DOUBLE = frozenset(
    "admit beg chat drag drop grab hug map nod pat plan plot rob rub row skip slam slip step stop trap tug".split()
)


def _regular(base: str) -> str:
    if base.endswith("e"):
        return base + "d"
    if base.endswith("y") and base[-2] not in "aeiou":
        return base[:-1] + "ied"
    return base + (base[-1] if base in _DOUBLE - {"row"} else "") + "ed"


@lru_cache(maxsize=1)
def _thirds() -> dict[str, str]:
    """Form with -s -> past form."""
    return {_third(base): past for base, past in _verbs().items()}


def _third(base: str) -> str:
    if base in {"have", "do", "go"}:
        return {"have": "has", "do": "does", "go": "goes"}[base]
    if base.endswith("y") and base[-2] not in "aeiou":
        return base[:-1] + "ies"
    return base + ("es" if base.endswith(("s", "sh", "ch", "x", "z", "o")) else "s")


@lru_cache(maxsize=1)
def _pasts() -> frozenset[str]:
    return frozenset(_verbs().values()) | {"was", "were", "had", "did", "could", "would"}


@lru_cache(maxsize=1)
def _nouns() -> frozenset[str]:
    things = table("words")["things"]
    return frozenset(role_nouns()) | frozenset(things["places"]) | frozenset(things["objects"])


def is_verb(word: str) -> bool:
    """Whether `word` is the base form, the form with -s or the past of a known verb."""
    word = word.lower()
    return word in _verbs() or word in _thirds() or word in _pasts() or word in _AUX


def past_of(word: str) -> str:
    """Return the past of a known verb in its base form, or nothing."""
    return _verbs().get(word.lower(), "")


def is_third(word: str) -> bool:
    """Whether `word` is the form with -s of a known verb."""
    return word.lower() in _thirds()


def is_base(word: str) -> bool:
    """Whether `word` is the base form of a known verb."""
    return word.lower() in _verbs()


def past_sentence(sentence: str, names: Collection[str] = (), *, imperative: bool = False) -> str | None:
    """Return `sentence` in the past tense, or `None` when not every finite verb could be told.

    Args:
        sentence: one sentence in the present tense, third person; one in the past comes back as it is.
        names: words that are names, so that what follows one can be a verb.
        imperative: base forms after `and` and after a name are finite too (`Mara burn the letter and sail`).
    """
    parts = _OUTSIDE.split(sentence)
    turned: list[str] = []
    total = 0
    for at, part in enumerate(parts):
        if at % 2:
            turned.append(part)
            continue
        result = _Turning(part, frozenset(names), imperative, started=total > 0).run()
        if result is None:
            return None
        turned.append(result[0])
        total += result[1]
    return "".join(turned) if total else None


class _Turning:
    """One pass over the words of a sentence."""

    def __init__(self, text: str, names: frozenset[str], imperative: bool, *, started: bool) -> None:
        self.pieces = _PIECE.findall(text)
        self.names, self.imperative = names, imperative
        self.before: list[str] = []
        self.turned = int(started)
        self.count = 0

    def run(self) -> tuple[str, int] | None:
        """Return the text and how many finite verbs it has, or nothing for a first or second person."""
        out: list[str] = []
        for piece in self.pieces:
            if not piece[0].isalnum():
                out.append(piece)
                if piece.strip() in {",", ";", ":", "."}:
                    self.before.append(",")
                continue
            if piece.lower() in _PERSONS:
                return None
            out.append(self._word(piece))
            self.before.append(piece)
        return "".join(out), self.count

    def _word(self, word: str) -> str:
        lower = word.lower()
        if self._kept():
            return word
        new = _AUX.get(lower)
        if new is None and (lower == "have" or lower == "do") and not self._noun_like():
            new = "had" if lower == "have" else "did"
        if new is None and lower in _thirds() and self._finite():
            new = _thirds()[lower]
        if new is None and lower in _verbs() and self._plural():
            new = _verbs()[lower]
        if new is None:
            self.count += lower in _pasts() or (lower.endswith("ed") and len(lower) > 4)
            return word
        self.turned += 1
        self.count += 1
        return new

    def _last(self, back: int = 1) -> str:
        return self.before[-back] if len(self.before) >= back else ""

    def _kept(self) -> bool:
        return self._last().lower() in _KEEP

    def _noun_like(self) -> bool:
        return self._last().lower() in {"the", "a", "an", "to"}

    def _finite(self) -> bool:
        """Whether a form with -s at this point is a verb: after a name, a pronoun, a known noun or a link."""
        last = self._last()
        lower = last.lower()
        if last in self.names or lower in _STRONG or lower in _nouns():
            return True
        if lower == "," and not self.turned:
            return any(each in self.names or each.lower() in _nouns() for each in self.before)
        if lower in _LINK or lower == "," or lower.endswith("ly"):
            return self.turned > 0 or lower.endswith("ly")
        return False

    def _plural(self) -> bool:
        """Whether a base form at this point is a verb: after `they`, two names, or in a command."""
        last = self._last()
        lower = last.lower()
        pair = last in self.names and self._last(2).lower() == "and" and self._last(3) in self.names
        if lower == "they" or pair:
            return True
        link = lower in _LINK or lower == ","
        return self.imperative and (last in self.names or (link and self.turned > 0))
