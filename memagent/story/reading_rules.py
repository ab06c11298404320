"""The patterns by which `reading` reads.

In each, `x` is whom or what it is about, `of` which look is meant, `v` the value, and `y` whose kin somebody is.

All are for English. Names begin with a capital; a title may stand before them.
"""

from __future__ import annotations

import re

from memagent.story.colours import COLOUR
from memagent.story.english import DAYS, MONTHS, NUMBER

KIN = (
    "half-brother half-sister stepfather stepmother stepson stepdaughter grandfather grandmother grandson "
    "granddaughter father mother brother sister son daughter uncle aunt nephew niece cousin husband wife twin widow "
    "widower"
).split()
ROLES = "friend teacher captain master servant apprentice keeper doctor partner employer neighbour neighbor".split()
ONLY_ONE = ("father", "mother", "husband", "wife")
"""Kin of whom somebody has one at a time."""
NO_NAME = (
    "A After Again All Along Already Also Although Always An And Another Any Anybody Anyone As At Away Back Because "
    "Before Behind Below Beside Between Beyond Both But By Come Down During Each Either Even Every Everybody Everyone "
    "Everything First For From Had He Her Here His How However I If In Inside Instead Into It Its Just Last Later Let "
    "Like Maybe More Most Much My Near Neither Never Next No Nobody None Nor Not Nothing Now Of Off Often On Once One "
    "Only Or Other Our Out Outside Over Past Perhaps Second Several She Since So Some Somebody Someone Something "
    "Sometimes Somewhere Soon Still Such That The Their Then There These They This Those Though Three Through Till To "
    "Today Together Tomorrow Tonight Too Towards Two Under Until Up Upon We Were What When Where Whether Which While "
    "Who Whoever Why With Within Without Yes Yesterday Yet You Your"
).split()
_TITLES = "Mr Mrs Ms Dr St Captain Uncle Aunt Old Young Father Mother Brother Sister Doctor Lady Lord Sir Miss".split()
TITLE = rf"(?:{'|'.join(_TITLES)})\b\.?"
_LARGE = r"[^\W\d_a-zß-öø-ÿ]"
_PART = rf"(?!(?:{'|'.join([*NO_NAME, *DAYS, *MONTHS])})\b)(?:O['’])?{_LARGE}[^\W\d_]+(?:-[^\W\d_]+)*"
NAME = rf"\b(?:{TITLE}\s+)?{_PART}(?:\s+{_PART}){{0,2}}"
"""A name as a pattern: one to three capitalised words, a title before them."""

_S = r"(?:['’]s|(?<=s)['’])"
_BE = r"(?:is|was|are|were)"
LOOKS = "eyes|hair|beard|moustache|mustache|skin|coat|cloak|shawl|hat|boat|house|horse|dog|cat|car|door|sails?|hull"
_KIN = "|".join([*KIN, *ROLES])
_THING = "boat|ship|sloop|schooner|barge|trawler|house|inn|tavern|horse|mare|dog|cat|engine|lorry|truck|car|plane"
_LONG = "long|short|thick|thin|curly|straight|wavy|fine|round|large|big|small|wide|narrow|tired|quick|kind|steady|own"
_ADJ = rf"(?:(?:{_LONG}),?\s+)"
_PERSON = "man|woman|girl|boy|child|lad|lass|fellow|person|youth|lady|gentleman|creature"
_KEPT = "letter|map|book|diary|photograph|boat|chart|ledger|mirror|violin|bridge|mill|barn|lamp|clock|key|ring"
_LOSABLE = (
    rf"(?P<x>(?:[a-z]+\s+)?(?:{_KEPT}|watch|locket|knife|pistol|papers|letters|ledgers|deed|will|contract|notebook|note|"
    r"ticket|passport|necklace|bracelet|brooch|coin|compass|sword|purse|photographs|maps|books|keys|spectacles|glasses|pipe))"
)
_THE = rf"(?:the|his|her|their|{NAME}['’]s)"
_DOER = rf"(?:{NAME}|[Ss]he|[Hh]e|[Tt]hey)"
_DEPTHS = "sea|water|waves|harbou?r|river|lake|well|fire|flames|stove|furnace|grate"
_COLOUR = rf"(?P<v>{COLOUR})\b"
_NO_MORE = r"(?!\s*(?:with|from|in|under|by|as|against|of|and)\b|-)"
_ALSO = r"(?:still|now|always|already|both|all|as)\s+"
_CLAUSE = r"(?:^|[;:]\s*|,?\s+(?:and|but|so|then)\s+|,\s+)(?:(?:By\s+then|Then|Now|And|But|So)\s+)?"
_X, _Y, _NAMED = rf"(?P<x>{NAME})", rf"(?P<y>{NAME})", rf"[Tt]he\s+(?:(?:{_THING})\s+)?(?P<x>{_PART})"
_KIN_OF = rf"(?P<v>{_KIN})\b"
_WAS = r"(?:was|had\s+been)\s+"
_END = (
    r"(?=\s*(?:[.,;:!—–]|$)|\s+(?:in|at|on|that|last|before|of|from|off|long|two|three|during|and|near|there|alone|"
    r"young|by|with|when|down|beneath|under|yesterday|to\s+(?:the|ash(?:es)?|nothing))\b)"
)
"""What may follow an end: "died at sea", and not "dead tired", "drowned his sorrows", "burned coal"."""
_LOST = r"(?:sunk|burned|burnt|destroyed|wrecked|smashed)\b"
_HAIR = r"(?P<of>eyes|hair|beard)\b"
_WORN = r"coat|cloak|shawl|hat"
_HERS = r"(?:his|her|their)"

_STATED = (
    ("look", rf"{_X}{_S}\s+(?P<of>{LOOKS})\s+{_BE}\s+(?:{_ALSO})?(?:an?\s+)?{_COLOUR}{_NO_MORE}"),
    ("look", rf"{_X}{_S}\s+{_ADJ}{{0,2}}{_COLOUR}\s+(?:{_LONG}\s+)?(?P<of>eyes|hair|beard|moustache|mustache|skin)\b"),
    ("look", rf"{_X}{_S}\s+{_ADJ}{{0,2}}(?P<v>dark)\s+(?P<of>hair|beard)\b"),
    ("look", rf"{_X}{_S}\s+(?P<of>hair|beard)\s+{_BE}\s+(?:{_ALSO})?(?P<v>dark)\b{_NO_MORE}"),
    ("look", rf"{_X}{_S}\s+(?P<of>eyes|hair)\s+{_BE}\s+as\s+{_COLOUR}\s+as\b"),
    ("look", rf"{_X}\s+had\s+(?:[\w-]+,?\s+){{1,6}}(?:and|with)\s+(?:an?\s+|the\s+)?{_ADJ}{{0,2}}{_COLOUR}\s+{_HAIR}"),
    (
        "look",
        rf"{_X}(?:,|\s+{_BE})\s+an?\s+(?:[\w-]+,?\s+){{0,3}}(?:{_PERSON})\s+with\s+(?:an?\s+)?(?:{_ADJ}{{0,2}}|\w+\s+)"
        rf"{_COLOUR}\s+{_HAIR}",
    ),
    ("look", rf"{_X}\s+(?:has|had)\s+(?:an?\s+|the\s+)?(?:\w+,?\s+)?{_COLOUR}\s+{_HAIR}"),
    ("look", rf"\b[Tt]he\s+{_COLOUR}\s+(?P<of>eyes|hair|beard|moustache|mustache|skin|{_WORN})\s+of\s+{_X}\b(?!{_S})"),
    ("look", rf"\b[Tt]he\s+{_COLOUR}\s+of\s+{_X}{_S}\s+(?P<of>{LOOKS})\b"),
    ("look", rf"\b[Tt]he\s+{_HAIR}\s+of\s+{_X}\s+{_BE}\s+(?:{_ALSO})?{_COLOUR}{_NO_MORE}"),
    ("look", rf"{_X}{_S}\s+(?P<of>{LOOKS}),\s+(?:as\s+)?{_COLOUR}(?:\s+(?:as|and)\s+(?:\w+\s+)?\w+)?(?=,)"),
    ("look", rf"{_X},\s+whose\s+(?P<of>{LOOKS})\s+{_BE}\s+(?:{_ALSO})?{_COLOUR}{_NO_MORE}"),
    ("look", rf"{_X},\s+with\s+{_HERS}\s+(?:\w+,?\s+)?{_COLOUR}\s+{_HAIR}"),
    ("look", rf"\b[Ii]n\s+(?:that|{_HERS})\s+(?:\w+\s+)?{_COLOUR}\s+(?P<of>{_WORN}),?\s+{_X}\b(?!{_S})"),
    (
        "look",
        rf"{_X}\s+(?:wore|donned|buttoned|put\s+on|pulled\s+on)\s+{_HERS}\s+(?:\w+\s+)?{_COLOUR}\s+(?P<of>{_WORN})\b",
    ),
    ("eyes", rf"\b(?P<v>(?i:{COLOUR}))-eyed\s+{_X}"),
    ("eyes", rf"{_X}(?:,|\s+{_BE})\s+{_COLOUR}-eyed\b"),
    ("hair", rf"\b(?P<v>(?i:{COLOUR}))-haired\s+{_X}"),
    ("hair", rf"{_X}(?:,|\s+{_BE})\s+{_COLOUR}-haired\b"),
    (
        "age",
        rf"{_X}(?:,\s+who)?\s+(?:{_BE}|turned|had\s+turned)\s+(?:{_ALSO}|only\s+|just\s+)?(?P<v>{NUMBER})"
        r"(?:\s+years\s+old|(?=\s*[.,;])|\s+(?:(?=and\s+(?!\w+\s+(?:minutes|hours|days))|but\b|then\b)|"
        r"that\s+(?:spring|summer|autumn|winter|year|month|day))|$)",
    ),
    ("age", rf"{_X},\s+(?:aged\s+)?(?P<v>{NUMBER})(?:\s+years\s+old)?,"),
    ("age", rf"\b(?P<v>(?i:{NUMBER}))-year-old\s+{_X}"),
    ("kin", rf"{_X}\s+{_BE}\s+the\s+{_KIN_OF}\s+of\s+{_Y}(?!{_S})"),
    ("kin", rf"{_X}\s+{_BE}\s+{_Y}{_S}\s+{_KIN_OF}(?!{_S})"),
    ("kin", rf"{_X},\s+{_Y}{_S}\s+{_KIN_OF}(?!{_S})"),
    ("kin", rf"{_X},\s+who\s+{_BE}\s+{_Y}{_S}\s+{_KIN_OF}(?!{_S})"),
    ("kin", rf"{_X}(?:,\s+who)?\s+{_BE}\s+(?:an?\s+|the\s+)?{_KIN_OF}\s+to\s+{_Y}\b(?!{_S})"),
    ("kin", rf"{_X},\s+who\s+{_BE}\s+the\s+{_KIN_OF}\s+of\s+{_Y}\b(?!{_S})"),
    ("kin", rf"{_Y}{_S}\s+{_KIN_OF},?\s+{_X}\b(?!{_S})"),
    ("thing", rf"\b{_NAMED}\s+{_BE}\s+(?:{_ALSO})?(?:an?\s+)?{_COLOUR}(?:\s+(?:{_THING}))?\b{_NO_MORE}"),
    ("thing", rf"\b[Tt]he\s+{_COLOUR}\s+(?:{_THING})\s+(?P<x>{_PART})\b"),
    ("thing", rf"\b{_NAMED}\s+(?:showed|turned|bared|lifted)\s+(?:her|its)\s+{_COLOUR}\s+(?:hull|sides?|flanks?)\b"),
    (
        "dead",
        rf"{_CLAUSE}{_X}\s+(?:(?:had\s+)?(?:died|drowned|bled\s+to\s+death)|(?:is|was|lay)\s+(?:now\s+)?dead|"
        rf"{_WAS}(?:killed|murdered|shot\s+dead|hanged|drowned)){_END}",
    ),
    (
        "dead",
        rf"{_CLAUSE}{_X}\s+{_WAS}buried(?=\s*[.;!]|\s+(?:beside|next|on|at|in\s+the\s+(?:church|grave|garden)\w*)\b)",
    ),
    (
        "gone",
        rf"\b{_NAMED}\s+(?:(?:had\s+)?(?:sank|sunk|burned|burnt|foundered|went\s+down|gone\s+down)|"
        rf"{_WAS}(?:{_LOST}|lost\b(?!\s+(?:in\s+(?:thought|fog)|for)))){_END}",
    ),
    (
        "gone",
        rf"(?P<x>{NAME}{_S}\s+(?:boat|house|horse|ship|car|barn|mill|cottage))\s+"
        rf"(?:(?:had\s+)?(?:sank|sunk|burned|burnt|went\s+down)|{_WAS}(?:{_LOST}|lost\b)){_END}",
    ),
    (
        "gone",
        rf"\b[Tt]he\s+(?P<x>{_KEPT})\s+(?:(?:had\s+)?(?:(?:burned|burnt)\s+(?:to\s+(?:ash(?:es)?|nothing)|down|away|up)"
        rf"|sank\b|sunk\b|gone\s+down)|{_WAS}(?:{_LOST}|lost\s+(?:at\s+sea|for\s+good|for\s+ever|forever)))",
    ),
    (
        "gone",
        rf"\b{_DOER}\s+(?:threw|flung|hurled|tossed|dropped|cast|pitched)\s+{_THE}\s+{_LOSABLE}\s+"
        rf"(?:down|over|in|into|on|onto)\s+the\s+(?:{_DEPTHS})\b",
    ),
    ("gone", rf"\b{_DOER}\s+(?:burned|burnt|destroyed|tore\s+up|shredded|lost)\s+{_THE}\s+{_LOSABLE}\b{_END}"),
)
_GRANTED = (
    (
        "look",
        rf"^{_X}\s+had\s+{_ADJ}?{_COLOUR}\s+(?P<of>eyes|hair|beard)"
        r"(?=,\s+(?!or\b|so\b|as\b|people\b|they\b|but\s+not\b))",
    ),
    ("look", rf"{_X}{_S}\s+{_ADJ}{{0,2}}{_COLOUR}\s+(?:{_LONG}\s+)?(?P<of>eyes|hair|beard|moustache|mustache)\b"),
    ("kin", rf"{_Y}{_S}\s+{_KIN_OF},?\s+{_X}\b(?!{_S})"),
    ("kin", rf"{_X},\s+{_Y}{_S}\s+{_KIN_OF}(?!{_S})"),
    (
        "age",
        rf"{_X}\s+(?:{_BE}|turned)\s+(?:{_ALSO}|only\s+|just\s+)?(?P<v>{NUMBER})(?:\s+years\s+old\b|\s+and\s+(?=had\b|was\b))",
    ),
)
_CHANGED = (
    (
        "look",
        rf"{_X}(?:{_S})?\s+(?:(?:had|has)\s+)?(?:dyed|coloured|colored|bleached|painted|stained)\s+"
        rf"(?:her|his|their|its|the)\s+(?P<of>{LOOKS})\s+{_COLOUR}",
    ),
    (
        "look",
        rf"{_X}{_S}\s+(?P<of>{LOOKS})\s+(?:(?:had|has)\s+)?(?:turned|gone|went|grown|grew|become|became|faded\s+to|"
        rf"(?:been|was|were)\s+(?:dyed|painted|repainted|bleached))\s+{_COLOUR}",
    ),
    (
        "thing",
        rf"\b(?:[Tt]he\s+)?(?P<x>{_PART})\s+(?:was|had\s+been|has\s+been)\s+(?:newly\s+|freshly\s+)?"
        rf"(?:painted|repainted)\s+{_COLOUR}",
    ),
    ("thing", rf"\b(?:re)?paint(?:ed|ing|s)?\s+the\s+(?:(?:{_THING})\s+)?(?P<x>{_PART})\s+(?:a\s+)?{_COLOUR}"),
)
Rules = tuple[tuple[str, re.Pattern[str]], ...]
STATED: Rules = tuple((kind, re.compile(rule)) for kind, rule in _STATED)
"""What holds; a sentence that may say what is not so is no statement."""
GRANTED: Rules = tuple((kind, re.compile(rule)) for kind, rule in _GRANTED)
"""What a sentence takes for granted, whatever else it doubts: "her brown eyes did not see him"."""
CHANGED: Rules = tuple((kind, re.compile(rule)) for kind, rule in _CHANGED)
"""What becomes, and holds from there on."""

VAGUE = re.compile(
    r"\b(?:(?:re)?paint\w*|dy(?:e|ed|eing|es)|bleach\w*|whitewash\w*|shav\w*|new|wigs?|disguis\w*|"
    r"(?:turned|went|gone|grew|grown|became|become)\s+(?:\w+\s+)?(?:black|white|gr[ea]y|brown|red|green|blue))\b",
    re.IGNORECASE,
)
"""Something looks otherwise from here on."""
MARRIED = re.compile(
    r"\b(?:marr\w+|wed(?:ded|ding)?|divorc\w*|adopt\w*|widow\w*|remarr\w+|late|second|first|former|ex)\b", re.IGNORECASE
)
"""Somebody may have another wife, husband, father or mother."""
YEARS_LATER = re.compile(
    rf"\b(?:(?:{NUMBER}|many|some|several|the|of)\s+years\s+(?:later|on|after|afterwards|passed|went\s+by|had\s+(?:passed|gone))|"
    r"decades?|(?:old|with)\s+age|grown\s+old|as\s+an\s+old)\b",
    re.IGNORECASE,
)
"""So much time goes by that hair may have turned."""
YOUNG = re.compile(
    rf"\b[Ww]hen\s+(?:he|she|they|{NAME})\s+(?:was|were)\b|\bas\s+a\s+(?:boy|girl|child|young)\b|\byears\s+(?:before|ago|earlier)\b|"
    r"\b(?:[Ii]n\s+those\s+days|[Ll]ong\s+ago|[Bb]ack\s+then)\b"
)
"""From here on a paragraph may tell of somebody's youth."""
DISGUISE = re.compile(
    r"\b(?:wigs?|disguis\w*|costumes?|masks?|false\s+(?:beard|hair)|dy(?:e|ed|es|eing)|bleach\w*)\b", re.IGNORECASE
)
"""Looks of this paragraph are no one's own."""
WEEPING = ("red", "pink")
"""Colours that eyes have for an hour, and nobody for life."""
_BACK = (
    r"found|recover\w*|salvag\w*|return\w*|rebuil[dt]\w*|restor\w*|mend\w*|repair\w*|replac\w*|new|another|copy|"
    r"copies|second|raised|refloat\w*|spare|alive|reviv\w*|heal\w*|resurrect\w*|woke|survived|fish\w*|retriev\w*|"
    r"rescu\w*|snatch\w*|brought\s+(?:up|back)|fetch\w*|pulled\s+up|hauled\s+up|drew\s+up|washed|dived?|diving|dug"
)
ALIVE = re.compile(r"\b(?:alive|reviv\w*|resurrect\w*|woke|survived|recover\w*|return\w*)\b", re.IGNORECASE)
"""Somebody who was said to be dead is not."""
BACK = re.compile(rf"\b(?:{_BACK})\b", re.IGNORECASE)
"""What was lost is there again, or there is another."""
WORTH_READING = re.compile(
    rf"\b(?:{LOOKS}|{_KIN}|years?[ -]old|aged|turned|{NUMBER}(?=\s*[.,;]|\s+(?:and|but|then|that)\b)|died|dead|"
    rf"drowned|bled|killed|murdered|"
    r"buried|hanged|sank|sunk|burn\w*|foundered|down|lost|destroyed|wrecked|smashed|threw|flung|hurled|"
    r"tossed|dropped|cast|tore|shredded|pitched|\w*paint\w*|dy(?:e|ed|es|eing)|"
    rf"bleach\w*|whitewash\w*|(?i:{_BACK}))\b|(?:is|was|are|were|the|The)\s+(?:{_ALSO})?{COLOUR}\b|-eyed|-haired"
)
"""What a sentence needs to hold for any rule; one look for all of them is fast."""
