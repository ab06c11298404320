"""Whose sentence it is: what somebody said of themselves, said back to them (`I moved` -> `You moved`). English."""

from __future__ import annotations

import re

from memagent.offline.text import capital

_TURNED = {
    "i am": "you are", "i'm": "you're", "i was": "you were", "am i": "are you", "was i": "were you", "i": "you",
    "i've": "you've", "i'll": "you'll", "i'd": "you'd", "me": "you", "my": "your", "mine": "yours",
    "myself": "yourself",
}  # fmt: skip
_SAID = re.compile(r"\b(?:i am|i was|am i|was i|i['’](?:m|ve|ll|d)|i|me|my|mine|myself)\b(?!['’]\w)", re.IGNORECASE)
_OWN = re.compile(
    r"(?i)\b(?:i|i['’]\w+|me|my|mine|myself|we|us|our|ours)\b|\b[Яя]\b|\b(?:мо[йяеи]|мою|мне|меня|мы|наш)|我"
    r"|(?i:\b(?:ich|mein\w*|mir|mich|wir|unser\w*|je|mon|ma|mes|moi|yo|mi|mis|tengo|vivo|trabajo|estoy)\b|\b[jm]['’]\w)"
)


def said_back(sentence: str) -> str:
    """Return what somebody said of themselves as one says it to them."""
    turned = _SAID.sub(lambda found: _TURNED[found.group().lower().replace("’", "'")], sentence)
    return capital(turned)


def is_own(text: str) -> bool:
    """Whether a text speaks of who says it."""
    return _OWN.search(text) is not None


def as_asked_by(name: str, question: str) -> str:
    """Return a question about somebody as they would ask it of themselves: `Where do I live?` of `does Ana live`."""
    who = re.escape(name)
    for asked, own in (
        (rf"(?i)\b(?:does|do) {who}\b(?!['’])", "do I"),
        (rf"(?i)\bis {who}\b(?!['’])", "am I"),
        (rf"(?i)\b(was|has|had|did|can|will|would|should) {who}\b(?!['’])", r"\1 I"),
        (rf"(?i)\b{who}['’]s\b", "my"),
        (rf"(?i)\b{who}\b", "I"),
    ):
        question = re.sub(asked, own, question)
    return re.sub(r"\bhas I\b", "have I", question)
