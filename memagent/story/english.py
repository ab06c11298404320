"""English words that checks by rule read with: numbers, days, months, and what makes a sentence say something else."""

from __future__ import annotations

import re

_ONES = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen".split()
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_NUMBERS = {word: value for value, word in enumerate(_ONES, 1)} | {
    word: value * 10 for value, word in enumerate(_TENS, 2)
}
_COMPOUND = rf"(?:{'|'.join(_TENS)})-(?:{'|'.join(_ONES[:9])})"
NUMBER = rf"(?:\d{{1,3}}|{_COMPOUND}|{'|'.join(sorted([*_ONES, *_TENS], key=len, reverse=True))})"
"""A number from 1 to 99 in words, or to 999 in digits, as a pattern."""

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
SEASONS = ("winter", "spring", "summer", "autumn")

OTHER_TIME = re.compile(
    r"\b(?:had|'d|’d|ago|before|earlier|once|remember\w*|recall\w*|memor(?:y|ies)|used to|last|previous|since|years? "
    r"back|back (?:then|in)|when|until|till|tomorrow|next|will|would|as (?:a )?(?:boys?|girls?|child(?:ren)?)|young\w*"
    r"|photographs?|portraits?|pictures?)\b",
    re.IGNORECASE,
)
"""Words by which a sentence may speak of another time than that of the scene."""

NOT_SO = re.compile(
    r"\b(?:if|as though|would|could|might|(?-i:may)|must|should|perhaps|maybe|not|never|no longer|nor|neither|"
    r"\w+n['’]t|"
    r"dream\w*|imagin\w*|pretend\w*|lied?|lies|lying|seem\w*|wish\w*|wonder\w*|think|thought|believ\w*|suppos\w*|"
    r"presum\w*|swore|claim\w*|rumou?r\w*|stor(?:y|ies)|wrote|written|sa(?:y|ys|id) that|told|insist\w*|like|"
    r"almost|nearly|wanted|hoped|feared|expected|ghosts?|given up|declared|whether|doubt\w*|play(?:ed|ing)?|acted|"
    r"photographs?|portraits?|pictures?|painting|novel|legend|so (?:they|he|she|people|everyone|everybody|it was) "
    r"(?:sa(?:id|y)|thought|told|believed)|reportedly|supposedly|allegedly|it was said|(?:was|were) said to|"
    r"or so (?=\w+ (?:sa(?:id|ys)|thought|told|believed))|"
    r"(?:he|she|they|people) (?:all )?(?:said|say)|were told|was told|reported|word was)\b|\?",
    re.IGNORECASE,
)
"""Words by which a sentence may say what is not so: doubts, wishes, stories, comparisons, negations."""
UNREAL = re.compile(
    r"\b(?:if|as though|dream\w*|imagin\w*|pretend\w*|lied|wish\w*|play(?:ed|ing)|novel|legend|fairy|rumou?r\w*|"
    r"so (?:they|people|everyone|everybody) sa(?:id|y)|seem\w*|like|perhaps|maybe|disguis\w*|wigs?)\b|\?",
    re.IGNORECASE,
)
"""Words by which even what a sentence takes for granted ("her brown eyes", "his sister Ann") may not be so."""


def number(text: str) -> int:
    """Return the value of what `NUMBER` matches."""
    if text.isdecimal():
        return int(text)
    return sum(_NUMBERS[part] for part in text.lower().split("-"))
