"""Whose name is told, and whose thing: `my dog Rex` is not what who asks is called, and `her dog` is not theirs.

English, and how one says one's own name in German, French, Spanish, Russian and Chinese.
"""

from __future__ import annotations

import re

from memagent.offline import sorts
from memagent.offline.asking import Asked
from memagent.offline.reader import terms

_CAP = r"[^\W\d_a-zа-я][\w'’-]*"
TITLED = rf"(?:(?:Mr|Mrs|Ms|Dr|Prof|St)\.?\s+)?{_CAP}(?:\s+(?:(?:of|de|van|von|der|da|la|the)\s+)?{_CAP})*"
_MY_NAME = re.compile(
    rf"\b(?i:my (?:\w+ )?name(?:['’]s| is)|i am called|i['’]m called|(?:people|everybody|friends|they|you can"
    rf"|please)? ?call me"
    rf"|ich hei(?:ß|ss)e|mein name ist|je m['’]appelle|mon nom est|me llamo|mi nombre es|меня зовут)\s+({TITLED})"
    rf"|(?:我叫|我的名字是|我的名字叫)([^，。！,.!]+)"
)
_I_AM = re.compile(rf"^(?:(?i:hi|hello|hey)\W+)?I(?:['’]m| am) ({_CAP}(?: {_CAP})?)\W*$")
_PEOPLES = re.compile(r"(?:ish|ese|ch|ian|ican|ean|man|Dutch|Greek|Swiss|Thai|Muslim|Catholic|Sikh)$")
_OWNS = r"(?:has|have|had|owns?|bought|got|adopted|keeps?)"
_WHOSE = re.compile(
    r"(?i)\b(?:my|our|of my|of our)\s+(?:(?:new|old|current|first|last"
    r"|favou?rite)\s+)?([\w-]+)(?P<of>['’]s?\s+(?P<what>[\w-]+))?"
)
_NO_NOUN = frozenset(
    "name names called named new old first last favourite favorite best is was of my our the in".split()
)
_ELSE_SELF = re.compile(
    r"(?i)\b(?:ich|je|j['’]ai|tengo|me llamo|m['’]appel\w+|mein name|mon nom|mi nombre|wer bin|qui suis"
    r"|quién soy)\b|меня|мне|кто я"
    r"|我叫|我的名字|我是谁|我几岁|我多大"
)
_ELSE_NAME = re.compile(r"(?i)\b(?:hei(?:ß|ss)\w*|appel\w+|llam\w+)\b|зовут|叫|名字")


def own_name(text: str) -> str:
    """Return what somebody says that they are called, or nothing."""
    found = _MY_NAME.search(text) or _I_AM.search(text)
    name = next(filter(None, found.groups()), "") if found else ""
    return "" if found and found.re is _I_AM and _PEOPLES.search(name) else name


def named(asked: Asked, text: str) -> str:
    """Return the name that stands at the noun whose name is asked for: `my dog Rex`, `Rex, my dog`."""
    run = re.search(r"(?i)\b(?:my|our|the) (?:\w+['’]s (?!name))*(?!names?\b)(\w+(?: \w+){0,2})", asked.text)
    known = [noun for noun in reversed(run[1].split()) if noun.lower() not in _NO_NOUN] if run else []
    for noun in known:
        stem = re.escape(noun.lower().removesuffix("s"))
        if not re.search(rf"(?i)\b{stem}", text):
            stem = re.escape(sorts.of_sort(noun, text) or noun)
        own = rf"(?<!in my )(?<!at my )(?<!near my )(?<!of my )(?<!behind my )\b{stem}s?"
        there = r" (?:in|at|from|of|who|that|which|next) [^,;.]{0,20}?"
        for pattern in (
            rf"(?i:{own}(?:['’]s?)?(?: names?)?,? (?:is |are |was |were |['’]s )?(?:now )?(?:(?:call|nam)ed )?)"
            rf"({TITLED})(?! (?:and|or) [a-z])",
            rf"(?i:{own}\b)(?:{there})?(?: is| are| was)? (?:called|named) ({TITLED})",
            rf"({TITLED})(?:, | is | are |['’]s )(?i:(?:my|our|the) (?:\w+ )?{stem}\b)",
            rf"(?i:\bcalled (?:my|our) (?:\w+ )?{stem}) ({TITLED})",
        ):
            if found := re.search(pattern, text):
                return _with_others(text, found)
    return ""


def _with_others(text: str, found: re.Match[str]) -> str:
    more = re.match(rf"(?:(?:, | and ){_CAP})+", text[found.end(1) :])
    return found[1] + (more.group() if more else "")


def of_self(question: str) -> bool:
    """Whether a question of a name or an age asks for that of who asks, and not of something of theirs."""
    if _ELSE_SELF.search(question):
        return True
    return (
        not _ELSE_NAME.search(question)
        and _WHOSE.search(re.sub(r"(?i)\bmy (?:\w+ )?(?:name|age)\b", "I", question)) is None
    )


def of_another_thing(asked: Asked, text: str) -> bool:
    """Whether a statement tells of `my sister's boss` where a question asks for `my sister`."""
    for whose in _WHOSE.finditer(asked.text):
        noun = re.escape(whose[1])
        for told in re.finditer(rf"(?i)\b{noun}(?:['’]s|s['’])\s+(?P<what>\w+)", text):
            if told["what"].lower() not in "name names age birthday".split() and not terms(told["what"]) <= terms(
                asked.text
            ):
                return True
        owner = re.search(rf"(?i)\b(\w+)['’]s (?:\w+ )?{noun}\b", text)
        if owner and not terms(owner[1]) <= terms(asked.text):
            return True
        if re.search(rf"(?i)\b(?:his|her|their) (?:\w+ )?{noun}\b", text) or _owns_it(whose[1], text):
            return True
    return False


def _owns_it(noun: str, text: str) -> bool:
    """Whether a statement says that somebody else has such a thing: `My sister has a dog`."""
    who = rf"(?:(?:[Mm]y|[Oo]ur) (?:\w+ )??(?P<who>\w+)|{_CAP}|[Hh]e|[Ss]he|[Tt]hey)"
    owner = re.search(rf"\b{who} {_OWNS}\b.*\b{re.escape(noun)}\b", text)
    return owner is not None and owner.group().split()[0] not in ("I", "We") and owner["who"] != noun
