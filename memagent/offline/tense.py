"""Whether a statement holds now: what is denied, is over, is only wished, or lies ahead answers other questions.

English; for denials also German, French, Spanish, Russian and Chinese.
"""

from __future__ import annotations

import re

from memagent.offline.reader import terms

_WISHED = re.compile(
    r"(?i)\b(?:wants? to|wanted to|wanna|would|dream(?:s|ing)? of|hop(?:e|ing) to|might|could|thinking (?:of|about)"
    r"|(?:asked|asks?|wonder\w*|know|sure|doubt\w*) (?:if|whether)|considering|plan(?:s|ning)? to|will|going to"
    r"|wish|almost|nearly|should)\b|['’](?:ll|d)\b"
)
_GOING = re.compile(r"(?i)\b(?:will|going|want|would|plan\w*|hope|dream|wish|next|tomorrow|should|when)\b|['’]ll\b")
_AHEAD = re.compile(
    r"(?i)\b(?:next (?:week|month|year|spring|summer|autumn|winter|\w+day)|tomorrow|soon|in \w+ (?:day|week"
    r"|month|year)s)\b"
)
_DENIED = re.compile(r"(?i)\b(?:not|never|nobody|none|kein\w*|nicht|jamais|nunca)\b|n['’]t\b|\b(?:не|нет)\b|不|没")
_ENDED = re.compile(
    r"(?i)\b(?:used to|no longer|formerly|previously|until (?:last|recently)|any ?more|sold"
    r"|gave (?:\w+ ){0,3}?(?:away|up)"
    r"|given (?:away|up)|got rid of|threw (?:\w+ ){0,3}?away|quit|stopped|lost|left|broke up with|cancel+ed|died"
    r"|passed away)\b"
)
_OF_ENDING = re.compile(
    r"(?i)\b(?:sold|quit|left|lost|gave up|cancel+ed)\s+(?:my|our|the)\s+(?:old )?(?P<what>\w+)"
    r"|\b(?:my|our|the) (?P<what2>\w+) (?:was|is|got|has been|have been|were|has|have) (?:\w+ )?(?:sold|lost"
    r"|cancel+ed|died|stopped)"
)
_OF_THE_PAST = re.compile(r"(?i)\b(?:did|was|were|used to|before|previously|earlier)\b")


def fits(question: str, text: str, *, whether: bool) -> bool:
    """Return whether a statement is of the time and the kind that a question asks for.

    Args:
        question: what is asked.
        text: the statement.
        whether: it asks for yes or no, which what is denied or over answers too.
    """
    if not whether and is_denied(text) != is_denied(question) and not ("allerg" in text.lower() or "过敏" in text):
        return False
    over = _ENDED.search(text)
    if over and not whether and not asks_of_the_past(question) and not terms(question) & terms(over.group()):
        return False
    if is_wished(text) and not _GOING.search(question):
        return False
    ahead = re.search(r"(?i)\b(?:will|going)\b", question)
    return not (ahead and re.search(r"(?i)\b(?:went|was|visited|flew)\b", text))


def is_denied(text: str) -> bool:
    """Whether a text denies something."""
    return _DENIED.search(text) is not None


def is_over(text: str) -> bool:
    """Whether a text says that something is over: sold, lost, no longer so."""
    return _ENDED.search(text) is not None


def is_wished(text: str) -> bool:
    """Whether a text tells of what somebody wants or plans."""
    return _WISHED.search(text) is not None


def is_ahead(text: str, question: str) -> bool:
    """Whether a statement speaks of a day to come, and the question does not."""
    return _AHEAD.search(text) is not None and not _GOING.search(question)


def asks_of_the_past(question: str) -> bool:
    """Whether a question asks for what was."""
    return _OF_THE_PAST.search(question) is not None


def ended(text: str) -> str:
    """Return the noun of what a text says is over: `job` of `I quit my job`, or nothing."""
    found = _OF_ENDING.search(text)
    return (found["what"] or found["what2"]) if found else ""
