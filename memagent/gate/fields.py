"""What stands under a label: `Context: Ida lives in Oslo.`, `Ida Holm: keeps bees.`, `Kontext: ...`, `背景：...`.

Prompts, records and memories put a noun and a colon before what they hold; who talks does so for a few things only:
news, a postscript, a note (`Update: ...`, `Übrigens: ...`, `Кстати: ...`). So a label is known by its form, in any
writing: a few words without a verb or a pronoun, at the beginning, with a colon behind. What stands under it teaches
nothing, unless somebody speaks of himself there, or the label is one that people talk with. In English, where nouns are
known better, labels of several words are only those of texts (`Context for the reader: ...`) and names: `Previous
address: Lena lived in ...` is a person's.
"""

from __future__ import annotations

import re

from memagent.gate.assistants import about_me
from memagent.gate.english import listed
from memagent.gate.languages import first_person, is_small_verb
from memagent.gate.words import PRONOUNS, WE

_LABEL = re.compile(
    r"^[\W_]{0,6}(?P<label>[^\W\d_][^:：.!?。！？\n,;，；、]{0,60}?)\s*[:：](?!//|\d)\s*(?P<rest>\S.*)$", re.DOTALL
)
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_EAST = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af]")
_MOST = 6  # words of a label, or
_LETTERS = 10  # letters of one in a writing that does not part words
_TALKED_WITH = re.compile(
    r"(?i)\b(?:news|update[ds]?|notes?|ps|p\.s|fyi|btw|nb|info|facts?|one|two|thing|things|truth|reason|reminder|"
    r"correction|edit|confession|warning|heads[- ]up|heads up|spoiler|bonus|also|first(?:ly)?|second(?:ly)?|"
    r"third(?:ly)?|"
    r"finally|lastly|line|short|story|tl;?dr|surprise|problem|plan|twist|result|upshot|announcement|clarification|"
    r"disclaimer|aside|word|kurze|eilige|pregunta|domanda|pergunta|vraag(?:je)?|вопрос|occasion|anlass|grund|motif|"
    r"raison|motivo|razón|causa|ocasión|ragione|occasione|razão|ocasião|"
    r"aanleiding|reden|повод|причина|favou?rite|best|worst|latest|funny|sadly|luckily|anyway|speaking|example|answer|"
    r"neuigkeiten?|neues|nachtrag|übrigens|kurz|korrektur|problem|hinweis|nachricht|"
    r"nouvelles?|précision|bref|petite|correction|noticias?|novedad(?:es)?|datos?|nota|resumen|notizi[ae]|novità|"
    r"precisazione|novidades?|notícias?|nieuws|nieuwtje|trouwens|"
    r"новост[ьи]|кстати|поправка|короче|уточнение|главное|кроме того)\b|对了|顺便|消息|近况|另外|更正|补充|"
    r"ちなみに|お知らせ|近況|追伸|原因|理由|起因"
)
_I = re.compile(r"\bI\b")
_OF_LIFE = re.compile(r"[A-Z][a-z]+(?: [a-z]+){1,3}")
"""English words of which only the first has a capital: `Previous address: ...`, `Weekend plans: ...`."""
_GOES_ON = re.compile(r"(?:the|an?|he|she|it|they|this|that|there|his|her|their) [a-z]")
_VERB_FIRST = re.compile(r"(?i)^(?:\w+n['’]t|do|please|bitte|por favor|per favore)\b")
_OF_TEXTS = re.compile(
    r"(?i)\b(?:input|output|user|assistant|system|model|prompt|context|background|memor(?:y|ies)|stored|saved|"
    r"recalled|retrieved|"
    r"customer|client|record|profile|archive|entry|entries|evidence|passage|source|summary|recap|digest|turns?|"
    r"example|sample|"
    r"premise|hypothesis|scenario|setting|situation|task|role|goal|objective|tone|style|character|persona|match|"
    r"result|query|"
    r"response|label|title|abstract|document|paragraph|topic|instructions?|rules?|format|tool|observation|action|"
    r"thought|item|"
    r"chunk|snippet|excerpt|quote|citation|reference|metadata|history|log|triple|relation|subject|object|knowledge|"
    r"given|"
    r"question|statement|claim|text|sentence|dialogue|conversation|story|plot|company|facts)\b|"
    r"(?i:guardad|gespeichert|enregistr|salvat|сохран|mémoris|memoriz|gemerkt|архив|保存)"
)
"""What prompts, records and memories call their parts."""


def is_field(line: str) -> bool:
    """Return whether a line is a label and what stands under it, which no person says of himself or as news.

    `Mara: the cat is called Felix.` is none: somebody goes on in small letters, with a subject of its own.
    """
    found = _LABEL.match(line) if ":" in line or "：" in line else None
    if found is None or not is_label(found["label"]):
        return False
    rest = found["rest"]
    own = _GOES_ON.match(rest) is not None and _OF_TEXTS.search(found["label"]) is None
    return not (own or about_me(rest) or _I.search(rest))


def is_label(text: str) -> bool:
    """Return whether a few words are a label: of a text, or without a verb, a pronoun and what people talk with."""
    words = [word.lower().replace("’", "'") for word in _WORD.findall(text)]
    if not words or len(words) > _MOST or (_EAST.search(text) and len(text) > _LETTERS):
        return False
    if _OF_TEXTS.search(text):
        return not first_person(words)
    if _TALKED_WITH.search(text) or _VERB_FIRST.search(text) or first_person(words):
        return False
    verbs = listed("finite") | listed("pasts") | PRONOUNS | WE
    if any(word in verbs or is_small_verb(word) for word in words):
        return False
    return words[0] not in listed("verbs") and not _OF_LIFE.fullmatch(text.strip())
