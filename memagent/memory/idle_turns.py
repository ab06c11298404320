"""Turns of a conversation that answer nothing: the question that is asked again, a receipt, `I do not know`.

A search finds what is like the query, and nothing is more like a question than the same question asked before; next
come the answers that it had when nothing was known. Whoever shows such hits to a model spends its room on them. They
stay in the memory, and a search of one's own finds them; left out are they where a few memories are chosen to be shown.

Of the user: a turn of nothing but questions, if it repeats the query. Of the assistant: a turn of nothing but receipts
(`Noted.`) and of not knowing, in English, German, French, Spanish, Russian and Chinese. All other turns say something.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from memagent.terms import STOP_WORDS, terms
from memagent.types import Hit, Passage

_LIKE = 0.6  # of all telling words of two questions, so many are in both
_LONGEST = 400  # characters of an assistant's turn that may be idle
_SENTENCES = re.compile(r"[^.!?。！？\n:;]*[.!?。！？\n:;]*")
_ASKED = re.compile(r"[?？]\W*$")
_ASKING = re.compile(
    r"(?i)^\W*(?:who|whose|whom|what|which|where|when|why|how|do i|did i|am i|was i|have i|is my|are my|can i|"
    r"wer|was|wann|wo|wie|warum|welche\w?|qui|que|quoi|quel\w*|où|quand|comment|pourquoi|quién|qué|cuál|dónde|cuándo|"
    r"cómo|кто|что|где|когда|как\w*|почему|сколько)\b|(?:什么|谁|哪|几时|怎么|为什么|多少|吗$)"
)
_RECEIPT = (
    r"(?:(?:ok(?:ay)?|all right|alright|sure|great|thanks|thank you|yes|perfect|good|fine),? )*(?:(?:i(?: have|['’]ve|"
    r"['’]ll| will)? )?(?:kept|keep|noted|note|saved|save|remembered|remember|stored|recorded|got|made a note of)"
    r"(?: of)?(?: that| this| it)?(?: down| in mind| for you| for later)?|understood|got it|noted|will do|of course|"
    r"you(?:['’]re| are) welcome|ok(?:ay)?|all right|sure|thanks|thank you|yes|no problem|"
    r"verstanden|notiert|alles klar|gemerkt|(?:das )?(?:habe|hab) ich (?:mir )?(?:gemerkt|notiert)|gern geschehen|"
    r"compris|(?:c['’]est )?noté|entendu|d['’]accord|je (?:m['’]en souviendrai|l['’]ai noté)|"
    r"entendido|anotado|de acuerdo|lo (?:recordaré|he guardado)|"
    r"понял\w?|запомнил\w?|записал\w?|хорошо|принято|(?:я )?(?:это )?запомнил\w?|"
    r"(?:好的?[，,]?)?我?(?:好的|明白|知道|记住|记下|收到)了?|已记录)"
    r"(?:,? (?:thanks|thank you|danke|merci|gracias|спасибо))?"
)
_UNKNOWN = (
    r"(?:(?:i(?:['’]m| am) (?:sorry|afraid)|sorry|unfortunately|well),? ?(?:but )?)*(?:(?:that )?i (?:do not|don['’]t|"
    r"can(?:no|['’])t|could not|couldn['’]t) (?:know|recall|remember|tell|find|say|have (?:any |a |that |this |such )?"
    r"(?:information|info|record|note|memory|detail|data|idea|access)\w*)\b(?:(?!\bbut\b).){0,120}|"
    r"i(?:['’]m| am) not (?:sure|aware|certain)\b.{0,80}|"
    r"i have no (?:information|record|memory|idea|note|data)\b.{0,100}|"
    r"you (?:have not|haven['’]t|did not|didn['’]t|never) (?:told|mentioned|said|shared|given)\b.{0,80}|"
    r"nothing that i remember says so|there is nothing\b.{0,80}\bmemor\w+.{0,40}|"
    r"(?:das )?wei(?:ß|ss) ich (?:leider )?nicht|ich wei(?:ß|ss) (?:es |das )?(?:leider )?nicht|"
    r"(?:désolée?,? )?je ne sais pas\b.{0,60}|(?:lo siento,? )?no (?:lo )?sé\b.{0,60}|"
    r"(?:к сожалению,? )?(?:я )?(?:этого )?не (?:знаю|помню)\b.{0,60}|"
    r"(?:抱歉，?|对不起，?)?我?不(?:知道|清楚|记得).{0,30})"
)
_IDLE = re.compile(rf"(?i)^\W*(?:{_RECEIPT}|{_UNKNOWN})\W*$")


def without_idle(hits: Iterable[Hit], passages: Mapping[str, Passage], query: str) -> list[Hit]:
    """Return hits without the turns that answer nothing.

    Args:
        hits: what was found, in any order.
        passages: those of the hits that are passages, by id; a hit that is none of them stays.
        query: what was looked for.
    """
    asked = _telling(query)
    return [hit for hit in hits if hit.id not in passages or not _idle(passages[hit.id], query, asked)]


def says_nothing(text: str) -> bool:
    """Whether what an assistant said is a receipt, or says that it does not know, and nothing else."""
    if len(text) > _LONGEST:
        return False
    sentences = [one for one in _SENTENCES.findall(text) if re.search(r"\w", one)]
    return bool(sentences) and all(_IDLE.match(one) for one in sentences)


def _idle(passage: Passage, query: str, asked: Collection[str]) -> bool:
    role = passage.metadata.get("role")
    if role == "assistant":
        return says_nothing(passage.text)
    return role == "user" and asks_only(passage.text) and _repeats(passage.text, query, asked)


def asks_only(text: str) -> bool:
    """Whether a text is nothing but questions, as far as its first 2,000 characters tell."""
    sentences = [one for one in _SENTENCES.findall(text[:2000]) if re.search(r"\w", one)]
    return bool(sentences) and all(_ASKED.search(one) or _ASKING.search(one) for one in sentences)


def _repeats(text: str, query: str, asked: Collection[str]) -> bool:
    """Whether a question is asked again: in the same words, or in words of which most are in both."""
    if " ".join(text.split()).casefold() == " ".join(query.split()).casefold():
        return True
    own = _telling(text)
    both = len(own.intersection(asked))
    return bool(both) and both >= _LIKE * len(own.union(asked))


def _telling(text: str) -> frozenset[str]:
    words = ("".join(term) for term in terms(text, limit=60))
    return frozenset(word for word in words if word not in STOP_WORDS)
