"""Whether a sentence denies what a triple says of it: by a word that negates, or by calling it false. Ten languages."""

from __future__ import annotations

import re

from memagent.gate.languages import language_of
from memagent.gate.likeness import grounded
from memagent.types import Triple

_NEGATED = re.compile(
    r"(?i)\b(?:not|never|no|no longer|nobody|cannot|without|neither|nor|nicht|nie|niemals|kein\w*|jamais|pas|"
    r"aucun\w*|"
    r"nunca|jamás|non|não|не|нет|никогда|nie|niet|inte|ikke|değil)\b|n['’]t\b|不|没|從未|从未|ない|ません|않"
)
_IN_THE = re.compile(r"(?i)\bno\b")  # Portuguese
_LEFT_UNDONE = re.compile(r"(?i)\b(?:of|for|about|by|from|after) not \w+ing\b.*")
"""Says what was not done behind what is told: `divorced after a decade of not talking`."""
_WHEREABOUTS = re.compile(
    r"(?i)^(?:(?:do|does|did|have|has|is|are|was|were)(?:n['’]t| not)|ain['’]t|am not|never|no longer|"
    r"don['’]t) (?:\w+ )?"
    r"(?:live|lived|work|worked|reside|come|came|born|from|based|located|called|named|own|have|been)\b"
)
"""Says where somebody is not, of all places: nothing that a memory could answer by."""
_FALSE = re.compile(
    r"(?i)\b(?:it(?:'s| is| was) (?:false|untrue|not true|a lie|wrong) that|den(?:y|ies|ied)|doubts?|doubted|"
    r"nobody knows|"
    r"rumou?r has it|es stimmt nicht|il est faux|es falso|неправда)\b"
)
_QUOTED = re.compile(r"[\"“”«»][^\"“”«»]{0,80}[\"“”«»]")
CLAUSE = re.compile(
    r"(?i)[,;:.!，；。、]|因为|因為|\b(?:except(?: that| for)?|save that|außer(?: dass)?|sauf(?: que)?|salvo(?: que)?|"
    r"excepto que|"
    r"tranne(?: che)?|a parte che|exceto que|behalve(?: dat)?|кроме того,? что|e(?= (?:nunca|não|nao|non|mai)\b)|"
    r"en(?= (?:nooit|niet|geen)\b)|because|weil|denn|parce que|porque|perché|потому что|"
    r"and|but|while|und|aber|sondern|et|mais|y|pero|ma|и|а|но)\b"
)
"""What parts a sentence into clauses, each of which may be denied or doubted by itself."""


def _left(sentence: str) -> str:
    """What stands in a sentence as left undone, or a blank."""
    found = _LEFT_UNDONE.search(sentence)
    return found.group() if found else " "


def denial(triple: Triple, sentence: str) -> str:
    """Return why not, where the clauses that name the object deny it and no part of the triple does, or ''."""
    if _WHEREABOUTS.search(triple.relation):
        return "the sentence denies it"
    if _NEGATED.search(triple.relation) or _NEGATED.search(triple.object) or _NEGATED.search(triple.subject):
        return ""
    sentence = _LEFT_UNDONE.sub("", sentence) if not grounded(triple.object, _left(sentence)) else sentence
    said = _QUOTED.sub(" ", sentence) if not _QUOTED.search(triple.object) else sentence
    if _IN_THE.search(said) and language_of(sentence) == "pt":
        said = _IN_THE.sub("em o", said)
    clauses = [clause for clause in CLAUSE.split(said) if clause and grounded(triple.object, clause)]
    denied = bool(clauses) and all(_NEGATED.search(clause) or _FALSE.search(clause) for clause in clauses)
    return "the sentence denies it" if denied else ""
