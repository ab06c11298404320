"""Whether a line in English says that something is so: it has a verb, its subject comes first, and it asks for "
"nothing.

A request begins with the base form of a verb, however it goes on; a greeting or a heading has no verb at all; a line
about the answers, the chat or the assistant is about nothing that a memory keeps. That is known from the shape of a
line and a list of verbs, without a list of requests. Lines in other languages are left to other rules.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from memagent.gate.english import known_words, listed
from memagent.gate.subjects import ADVERBS, tells_of_somebody
from memagent.gate.wanted import is_to_be, wants_a_text

ASKS, NO_STATEMENT, OF_THE_TALK = "an instruction", "no statement: it has no verb", "about the conversation itself"
ASKED = "a question or supposition"

_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")
_CLAUSES = re.compile(r"[;:—–]\s+|,\s+(?:so|then|and then|and|but)\s+|\s+(?:so|and) (?=please\b)")
_SUBORDINATE = re.compile(
    r"(?i)^\W*(?:whenever|when|if|once|unless|before|after|while|until|every time|each time|in (?:the )?future|"
    r"in this (?:chat|conversation)|by default|as an?)\b[^,]{0,120},\s*"
)
_NOTED = re.compile(
    r"(?i)^\W*(?:please,?\s+)?(?:(?:note|(?:remember|save|keep)(?: this| it)(?: for (?:later|me|next "
    r"time))?(?=:)|remember|know|keep in mind|bear in mind|don't forget|be (?:aware|advised))"
    r"(?: that|:)|remember,|(?:you )?(?:should|might (?:want|like) to|may (?:want|like) to|ought to|must) know,?"
    r"(?: that)?|(?:just )?to let you know,?(?: that)?|i (?:want|would like|need) you to (?:know|remember)(?: that)?|"
    r"let me tell you(?: about [^:,.]{1,40}:|[,:])|"
    r"if (?:it|that|this) (?:helps|matters),|if you (?:need|want|care|must|wonder|ask)(?: it| me| to know)?,|"
    r"imagine that,|updates?(?: (?:on|from|about) [^:]{1,30})?:|you(?:['’]re| are) (?:not|never) going to (?:like|"
    r"believe|guess) "
    r"(?:it|this|that|what)[,:!]|add to that,|"
    r"asking (?:because|since|as)|fyi[,:]?|note to self[,:]|for the record[,:]?|(?:and )?you (?:know|see)(?: "
    r"what)?[,:]|(?:just )?so (?:that )?you "
    r"know,|you (?:won't|will not|will never|'ll never) (?:believe|guess) (?:it|this|what)(?: happened)?[,:!]|guess "
    r"what[,:!]|if (?:i|we) (?:remember|recall) (?:correctly|rightly|right|well),|believe it or not,|if you must "
    r"know,|you (?:asked|wanted to know)(?: me)? (?:where|what|who|when|how|which|why)"
    r"(?=\s+(?:i|my|we|our)\b))\s+(?:but\s+|and\s+)?"
)
_TRAILING = re.compile(r"(?i),?\s(?:when|whenever|if|unless|until|while|because|wherever|as soon as)\b[^,;]*$")
_VOCATIVE = re.compile(
    r"^\W*(?:(?i:hey|hi|ok|okay|dear)\s+)?[A-Z][\w'’-]+,\s+(?=(?i:could|can|would|will|please|do|don't)\b)"
)
_NUMBER = re.compile(r"\bNo\.\s*(?=\d)")
_TAIL = re.compile(
    r"(?i)\bplease\W*$|,\s*(?:always|please|ok(?:ay)?|thanks|thank you|from now on|from here on|going forward|at "
    r"all times)\W*$"
)
_ONWARD = re.compile(r"(?i)\bfrom (?:now|here) on(?:wards?)?\b|\bgoing forward\b|\bhenceforth\b")
_OWN = re.compile(
    r"(?i)\b(?:my|our|his|her|their|\w+['’]s) (?:\w+ )?(?:assistants?|bots?)\b|\bin (?:response|reply|answer) to\b"
)  # somebody's, who has a name
_IN_ORDER = re.compile(
    r"(?i)^\W*(?:or\s+)?(?:is|are|am(?= i\b)|was|were|do|does|did|has|had(?= (?:i|you|he|she|it|we|they|the|my|your|"
    r"his|her|"
    r"(?-i:[A-Z])))|could|would|should)\b"
)  # as a question has it
_TO_YOU = re.compile(
    r"^\W*(?:(?i:you|your|yours|you're|you'll|you've|you'd|yourself)\b(?!\s+[A-Z][a-z]+\s+[A-Z])|"
    r"(?i:could|can|would|will|won't|do|did|are|have) you\b)"
)
_OUGHT = re.compile(
    r"(?i)\b(?:should|must|shall|needs?|ha(?:s|ve) to|(?:is|are) to|gets?|ought|"
    r"(?:'d|would) (?:appreciate|like|love|prefer))\b"
)
_ONE_OUGHT = re.compile(r"(?i)^\W*one (?:must|should|shall|has to|ought|needs? to|may not|never)\b")
_OF_THE_TALK = re.compile(
    r"^\W*(?i:(?:the|this|our|my|your|today's|current|knowledge|system|available)\s+)*"
    r"(?i:(?<!my )(?<!our )assistant(?:'s name)?|chatbot|bot|ai|model|instructions?|conversation|chat|session|"
    r"cut-?off|temperature|date|"
    r"time|tools?|tokens?|context window)\s*(?i:available|date)?\s*"
    r"(?:[:：]|(?i:is|are|was|will|must|should|shall|can|may|does|has|takes|ends|comes?|for|never|always)\b"
    r"(?! [A-Z]\w+ [A-Z]))"
)
_IT_WOULD = re.compile(r"(?i)^\W*it would be (?:great|nice|good|helpful|lovely|best|better) if\b")
_ABOUT_MESSAGES = re.compile(
    r"(?i)\b(?:the|this|that|my|your|our) (?:last|previous|next|first|second|above|earlier|preceding|following|same) "
    r"(?:message|question|answer|reply|response|prompt|paragraph|sentence|bullet)s?\b|\b(?:this|our|the) (?:chat|"
    r"thread|"
    r"conversation) (?:is|was|has|gets|got)\b"
)
_USER = re.compile(
    r"(?i)\b(?:the|a|each|every|any) (?:end[ -])?users?(?:'s|’s)?\b(?! (?:group|guide|manual|interface|base|"
    r"experience|meeting)\b)(?!(?<=(?:is|as) the user) of (?!this|the (?:chat|app|assistant|system)))"
)
_WISHED = re.compile(
    r"(?i)^\W*(?:(?:oh|ah|well|honestly|sometimes|also|and|but|so),?\s+)*(?:(?:how )?i (?:do |really |just )?wish\b|"
    r"(?:it|that) (?:would|"
    r"'d|might) be (?:\w+ )?\w+ (?:to|if|for)\b|(?:i|we)(?:'d|’d| would)(?: really| also)? (?:appreciate|be "
    r"grateful|be happy if|"
    r"like it if|love it if|prefer it if|rather (?:you|it|that|not))\b|(?:i|we)(?:'m|’m| am| was| were|"
    r"'re)? (?:just )?(?:wondering|"
    r"wonder|curious|"
    r"asking myself)\b|(?:i(?:'m|’m| am) )?not (?:quite |really )?sure (?:if|whether|who|what|where|when|why|how|"
    r"which)\b|"
    r"(?:i|we) (?:don't|don’t|do not|can't|cannot|can’t) (?:know|remember|recall|tell|say) (?:if|whether|who|what|"
    r"where|when|why|how|which)\b|"
    r"(?:any|no|i have no) (?:idea|clue) (?:if|whether|who|what|where|when|why|how|which)\b)"
)
_WHOSE = re.compile(
    r"(?i)^\W*(?:(?:(?:what|how|whose|which)(?: \w+)?|who|where|when|why)(?:['’]s| is| are| was| were| do| does| did|"
    r" can| will| has| have| had)(?: not|n['’]t)? (?:the|that|this|those|these|it|he|she|they|we|i|my|our|his|"
    r"her|their|(?-i:[A-Z])))"
)
_YOU_GAVE = re.compile(
    r"(?i)^\W*(?:the|that|this|those|these)\b[^,.;]{0,40}\byou (?:just |have |had )?(?:gave|given|wrote|written|"
    r"sent|made|suggested|mentioned|listed|drafted|proposed|showed|told|said|recommended)\b"
)
_A_BOT_DOES = re.compile(
    r"(?i)^\W*(?:this|the) (?:gpt|chatbot|bot|assistant|ai) (?:always |never )?[a-z]+s\b|"
    r"^\W*user(?:['’]s)? (?!group|guide)"
)
_SOURCES_SAY = re.compile(
    r"(?i)^\W*the (?:passages?|context|retrieved \w+|excerpts?) (?:says?|states?|mentions?|tells?|shows?)\b"
)
_BOT = re.compile(
    r"(?i)\bthe (?:ai )?(?:assistant|chatbot|bot|ai)\s+(?:is|will|must|should|shall|can|may|does|has|never|always)\b"
)
_OF_ONE = re.compile(r"(?i)\b(?:i|we|they|who)(?: always| often| never| usually| also)? [a-z]+")  # I prompt my students
_YOURS = re.compile(r"\byour ([\w-]+)(?: ([\w-]+))?")
_MINE_BESIDE = re.compile(r"(?i);\s+(?:i|i['’]m|my|we|our)\b(?!.*\byou)")  # `Call me Ida; I live in Oslo`
_BE = frozenset("is are was were".split())


def says_nothing(text: str) -> str:
    """Return why an English line states nothing, in words, or '' where it may."""
    text = _NUMBER.sub("number ", unframed(text))
    if why := about_the_talk(text):
        return why
    words = _WORD.findall(text)
    addressed = _VOCATIVE.sub("", text)
    if _TO_YOU.search(addressed) or _ONE_OUGHT.search(text) or _TAIL.search(text) or _ONWARD.search(text):
        return ASKS
    if wants_a_text(text):
        return ASKS
    if is_to_be(text):
        return ASKED
    if _IN_ORDER.search(text) or _IT_WOULD.search(text) or _WISHED.search(text) or _WHOSE.search(text):
        return ASKED
    if _is_wanted(addressed, words):
        return ASKS
    if _asks_at_the_end(text):
        return ASKS
    clauses = _CLAUSES.split(_SUBORDINATE.sub("", addressed))
    if any(_asks(clause) for clause in clauses if clause) and not _MINE_BESIDE.search(addressed):
        return ASKS
    main = _WORD.findall(_TRAILING.sub("", text))
    return "" if any(_may_be_finite(main, at) for at in range(len(main))) else NO_STATEMENT


def _is_wanted(text: str, words: Sequence[str]) -> bool:
    """Whether a line says how answers, bullets and the like ought to be; what somebody does with them is none."""
    if any(listed("talk") & {*nouns} for nouns in _YOURS.findall(text.lower())):
        return True
    text = _OF_ONE.sub(" ", text)
    there = {word.lower() for word in _WORD.findall(_OWN.sub(" ", text))}
    if not listed("talk") & there or tells_of_somebody(text, known_words(), listed("talk")):
        return False
    return _OUGHT.search(text) is not None or not _says(words)


def unframed(text: str) -> str:
    """Return a line without a beginning such as `Remember that`, `You know,` or `If I remember correctly,`."""
    return _NOTED.sub("", text)


def about_the_talk(text: str) -> str:
    """Return why a line is about the conversation, its messages or its user rather than the world, in words, or "
    "''.
    """
    patterns = (_OF_THE_TALK, _BOT, _ABOUT_MESSAGES, _USER, _YOU_GAVE, _A_BOT_DOES, _SOURCES_SAY)
    return OF_THE_TALK if any(pattern.search(text) for pattern in patterns) else ""


def _asks_at_the_end(text: str) -> bool:
    """Whether a clause behind a comma is a request, as `..., ignore the rest` is; not in `I cook, clean the "
    "house`.
    """
    clauses = text.split(", ")
    for before, clause in pairwise(clauses):
        words = [word.lower() for word in _WORD.findall(clause)[:2]]
        if len(words) == 2 and words[0] in listed("verbs") and words[1] in _DETERMINERS and clause[0].islower():
            if not re.search(r"(?i)\b(?:i|we|they|to|who|can|could|will|would|must|should|let|help|did|do)\b", before):
                return True
    return False


def _says(words: Sequence[str]) -> bool:
    """Whether some word is surely a verb: a plural, as in `no bullet points`, is none."""
    return any(_is_finite(words, at) for at in range(len(words)))


def _asks(clause: str) -> bool:
    """Whether a clause begins with the base form of a verb that is no noun or name there."""
    words = [word.replace("’", "'") for word in _WORD.findall(_SUBORDINATE.sub("", clause))]
    refused = False  # always, never, don't
    while words and (words[0].lower() in listed("before") or words[0].lower() in listed("strict")):
        refused |= words[0].lower() in listed("strict")
        words = words[2 if [word.lower() for word in words[:2]] == ["do", "not"] else 1 :]
    if len(words) < 2 or words[0].lower() not in listed("verbs"):
        return False
    return refused or not (_is_named(words) or _is_noun(words))


def _is_named(words: Sequence[str]) -> bool:
    """Whether words that begin with a verb's base form begin with a name, or with a noun that looks like one."""
    first, second = words[0].lower(), words[1].lower()
    third = words[2].lower() if len(words) > 2 else ""
    capital = words[0][0].isupper()
    if first in _WHERE and second in _PREPOSITIONS:
        return True  # back in the nineties Ida
    if "of" in (second, third if second in _NUMBERS else "") or (
        capital and first in listed("names") and _may_be_finite(words, 1)
    ):
        return True
    if third and capital and words[1][0].isupper() and first not in listed("clausal") and _may_be_finite(words, 2):
        return True  # Will Turner works
    many = second.endswith("s") and second not in listed("small")
    if many and third in listed("verbs") and len(words) > 3 and words[3].lower() in listed("small"):
        return True  # search engines index the
    return second.endswith("ing") and third in _BE  # show jumping is


def _is_noun(words: Sequence[str]) -> bool:
    """Whether what stands before the verb of a line is one phrase, so that its first word is no verb: order 7 was."""
    first = words[0].lower()
    finite = next((at for at in range(1, len(words)) if _is_finite(words, at)), 0)
    if not finite:
        return False
    between, verb = words[1:finite], words[finite].lower()
    capitals = all(not word[0].islower() or word.lower() in ("the", "of", "and") for word in between)
    titled = words[0][0].isupper() and capitals
    if first in listed("clausal"):
        return titled and bool(between) and verb in _BE and between[-1].lower() not in listed("before")
    small = listed("small") - _PREPOSITIONS - {"and", "or"} if verb in _BE else listed("small")
    return titled or all(word.lower() not in small for word in between)


def _is_finite(words: Sequence[str], at: int) -> bool:
    """Whether a word is surely the verb of what stands before it."""
    plain, before = words[at].lower().replace("’", "'"), words[at - 1] if at else ""
    if plain in listed("finite") or plain in listed("pasts"):
        return True
    past = re.fullmatch(r"[a-z]{2,}ed", words[at]) is not None
    return past and at > 1 and (before[0].isupper() or before.lower() in _SUBJECTS)


def _may_be_finite(words: Sequence[str], at: int) -> bool:
    """Whether a word may be the verb of what stands before it: surely, or by its ending, or behind I and we."""
    if _is_finite(words, at):
        return True
    if not at:
        return False
    while at > 1 and words[at - 1].lower() in ADVERBS:
        words, at = [*words[: at - 1], *words[at:]], at - 1
    word, before = words[at], words[at - 1].lower()
    if word in _UNCHANGED and before not in listed("small"):
        return True
    if word.endswith(("'s", "’s")) and (at == len(words) - 2 or words[at + 1 :][:1] in _BEHIND_IS):
        return True  # her name's Ida
    if word in listed("verbs") and (before in _SUBJECTS or _is_coordinated(words, at)):
        return True
    if re.fullmatch(r"[a-z-]{2,}ed|[a-z]+[^su]s", word):
        nominal = before in listed("small") or before in _OF_SEVERAL or before.isdigit()
        return word not in listed("small") and (before in _SUBJECTS or not nominal)
    if before in _PLURAL and word.islower():
        return True
    several = re.fullmatch(r"[a-z]+[^su]s", words[at - 1]) is not None or before in (
        "people",
        "children",
        "men",
        "women",
    )
    return (
        several and at > 1 and words[at - 2].lower() in _OF_SEVERAL and word.islower() and word not in listed("small")
    )


def _is_coordinated(words: Sequence[str], at: int) -> bool:
    """Whether `Ida and Bo` or `my mother and Bo` stands before a word."""
    return at > 2 and words[at - 2].lower() == "and" and words[at - 1][0].isupper()


_PREPOSITIONS = frozenset("for in at on with from to of by about".split())
_WHERE = frozenset("back close".split())
_DETERMINERS = frozenset("the a an it them this that these those my our me us all".split())
_OF_SEVERAL = frozenset("my our his her their the these those both all two three four many most some".split())
_PLURAL = frozenset("i we they who".split())
_UNCHANGED = frozenset("quit put cut set hit cost hurt shut split spread bet".split())
_BEHIND_IS = (["a"], ["an"], ["the"], ["not"], ["in"], ["on"], ["at"], ["from"], ["called"], ["my"])
_NUMBERS = frozenset("one two three four five six seven eight nine ten".split())
_SUBJECTS = frozenset("i he she it we they who which that everyone nobody someone one another each both".split())
