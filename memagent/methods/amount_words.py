"""The words beside a number: those that scale it, those that only name what is counted, and those that change it.

English, and what is common in Chinese, Japanese and Russian; of the other European languages the words for thousands
and millions are known as words that change a number, so that it is not read without them.
"""

from __future__ import annotations

import re

from memagent.errors import quoted
from memagent.methods.amount_signs import Unclear

_POWERS = {
    "hundred": 10**2,
    "thousand": 10**3,
    "million": 10**6,
    "billion": 10**9,
    "trillion": 10**12,
    "lakh": 10**5,
    "crore": 10**7,
    "dozen": 12,
}
_SHORT = {"mn": 10**6, "bn": 10**9, "тыс": 10**3, "млн": 10**6, "млрд": 10**9}
_IDEOGRAPHS = {"百": 10**2, "千": 10**3, "万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}
_LETTERS = {"k": 10**3, "m": 10**6, "b": 10**9, "t": 10**12}
_SCALE = re.compile(
    rf"\s*(?:({'|'.join(_POWERS)})s?\b|(тысяч|миллион|миллиард)[а-я]{{0,2}}\b|({'|'.join(_SHORT)})\b\.?"
    rf"|([{''.join(_IDEOGRAPHS)}]))",
    re.IGNORECASE,
)
_RUSSIAN = {"тысяч": 10**3, "миллион": 10**6, "миллиард": 10**9}

PERCENT = re.compile(r"\s*(?:%|per\s?cent\b|pct\b)", re.IGNORECASE)
CENT_SIGN = re.compile(r"\s*¢")
CENTS = re.compile(r"\s*(?:cents?\b|¢|pence\b|pennies\b|коп(?:\.|еек\b|ейки\b|ейка\b))", re.IGNORECASE)
MONEY = re.compile(r"\s*(?:dollars?|bucks?|euros?|pounds?|rubles?|roubles?|руб(?:\.|лей|ля|ль))", re.IGNORECASE)

_WORD = r"[^\W\d_]++(?:['\u2019\-][^\W\d_]++)*+"
_AREA = r"(?:[mckd]m|m|in|ft|yd|mi)[23]"
_UNIT = rf"(?:{_AREA}\b|{_WORD}\.?|°\s?[CF]?\b|°|[$€£¥₹₽₩₪₫₴₺฿₦₱%])(?:\s*\^\s*-?[1-4]\b)?"
_UNITS = re.compile(rf"-?(?>\s*/?\s*{_UNIT}|\s*\({_WORD}(?:\s{_WORD})*+\))*+\s*")  # it never goes back
_LETTER_WORD = re.compile(r"[^\W\d_]+")
_CASED = re.compile(r"[A-Za-z\u00c0-\u024f\u0370-\u052f]+")
_MOST_WORDS = 6

# Of one or two letters, what is a unit or a little word; any other may be the name of a number: 5x, 5ab.
_BRIEF = frozenset(
    "m g l L s h t W V A N J C F cm mm km dm kg mg ml mL dl cl ft in yd mi lb oz hr pt qt ha ac kW MW Hz Pa cc KB kB "
    "MB GB TB µm μm of on at to by am pm AM PM as up us it US st nd rd th an "
    "м г с ч л т р км см мм кг мл мг га шт в на за из от до со".split()
)
_CHANGING = frozenset(
    "or than minus plus negative positive over under below above squared cubed factorial power is are was were isn "
    "wrong  incorrect short loss debt deficit score gross grand base mod modulo pi sqrt root log ln sin cos tan "
    "infinity  half halves third thirds quarter quarters fourth fourths fifth fifths sixth sixths seventh sevenths "
    "eighth eighths  ninth ninths tenth tenths twelfth twelfths hundredth hundredths thousandth thousandths millionth "
    "millionths permille  zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen  eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety ones twos "
    "threes fives tens  hundred thousand million billion trillion quadrillion quintillion dozen lakh crore  mil mille "
    "mila tausend millionen millones milhões milioni milliard milliards milliarden millard mio mrd  или минус плюс "
    "половина половиной половины полтора треть трети четверть четверти десятых сотых тысячных  тысяч тысячи тысяча "
    "миллион миллионов миллиард миллиардов два три четыре пять".split()
)
_CHANGING_IDEOGRAPHS = frozenset("零〇一二三四五六七八九十百千万萬亿億兆半多余餘几成折不非没負负")
_DENYING = re.compile(
    r"\b(?:not|never|cannot|neither|nor|without|none|no|не|нет)\b|n['\u2019]t\b|[不非没]", re.IGNORECASE
)


def check_not_denied(text: str) -> None:
    """Refuse a text that says what something is not. Raises `Unclear`."""
    if found := _DENYING.search(text):
        raise Unclear(f"{quoted(found.group())} denies it")


def scaled(rest: str, attached: bool, money: bool) -> tuple[int, bool, str]:
    """Read the scales at the beginning of what follows a number.

    Return by how much they multiply it, whether that is by words that may as well name what is counted (`12 dozen`),
    and what follows. `k` is a thousand; `K`, `M` and `B` are letters of units too, and scales with money alone.
    """
    letter = re.match(r"\s*([kKmMbBtT])\b", rest)
    if letter and (money or (attached and letter.group(1) == "k")):
        return _LETTERS[letter.group(1).lower()], False, rest[letter.end() :]
    if letter and letter.group(1) in "kKMB":
        raise Unclear(f"{quoted(letter.group(1))} may be a scale or a unit")
    factor, spelt = 1, False
    while found := _SCALE.match(rest):
        word, russian, short, ideograph = found.groups()
        factor *= (
            _POWERS[word.lower()]
            if word
            else _RUSSIAN[russian.lower()]
            if russian
            else _SHORT[short.lower()]
            if short
            else _IDEOGRAPHS[ideograph]
        )
        spelt = spelt or bool(word or russian)
        rest = rest[found.end() :]
    return factor, spelt, rest


def check_units(text: str) -> None:
    """Refuse what follows a number unless it only names what is counted. Raises `Unclear`."""
    if not text.strip():
        return
    if not _UNITS.fullmatch(text):
        raise Unclear(f"{quoted(text.strip()[:40])} behind the number is no unit")
    words = _LETTER_WORD.findall(text)
    if len(words) > _MOST_WORDS:
        raise Unclear("it is a sentence")
    for word in words:
        if word.casefold() in _CHANGING or _CHANGING_IDEOGRAPHS & set(word):
            raise Unclear(f"{quoted(word)} may change the number")
        if len(word) <= 2 and _CASED.fullmatch(word) and word not in _BRIEF:
            raise Unclear(f"{quoted(word)} may stand for a number")
