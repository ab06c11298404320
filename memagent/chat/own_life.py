"""Words by which people tell what everybody asks of themselves: `Which city am I in?`, told by `I moved to Oslo`.

Question and answer share no word, and an embedder without meaning does not bring them together. A dozen questions are
so common that it is worth while to look for their answers by the words that they are told in: English, with German,
French, Spanish, Russian and Chinese beside it where they say it in few words.
"""

from __future__ import annotations

import re

from memagent.terms import fold, pieces

_FRAMES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(asked, re.IGNORECASE), words)
    for asked, words in (
        (
            r"\bwhere\b.*\b(?:(?:do|did|am|are) (?:i|we)\b.*\b(?:live|living|based|stay\w*)|(?:is|are) my home)"
            r"|\bwhere (?:am i|are we)\b"
            r"|\b(?:what|which) (?:city|town|country|place|village)\b.*\b(?:i|we|my)\b"
            r"|\bmy (?:address|city|home ?town)\b"
            r"|\bwo (?:wohne|lebe) ich|\boù\b.*\bj['’]?e? ?(?:habite|vis)|\bdónde vivo"
            r"|\bгде я живу|в каком городе я|我住在?[哪什]|我在哪",
            "live lives living lived moved move moving relocated settled home based flat apartment born wohne"
            " lebe gezogen "
            "habite déménagé vivo mudé живу переехал переехала 住在 搬到",
        ),
        (
            r"\b(?:who|where)\b.*\bi work\b|\bmy (?:job|employer|profession|occupation|work|boss|company)\b"
            r"|\bi do for (?:a )?(?:living|work)\b"
            r"|\bwo arbeite ich|\boù\b.*\bje travaille|\bdónde trabajo|\bгде я работаю|我在哪.*工作|我的工作",
            "work works working job employed hired joined started office boss profession arbeite travaille trabajo "
            "работаю 工作 上班",
        ),
        (
            r"\bmy (?:first |last |full )?name\b|\bwho am i\b|\bam i called\b"
            r"|\bich hei(?:ß|ss)e|wer bin ich|je m['’]appelle"
            r"|qui suis[- ]je|me llamo|quién soy|меня зовут|我叫什么|我的名字|我是谁",
            "name called call heiße appelle llamo зовут 我叫 名字",
        ),
        (
            r"\bhow old am i\b|\bmy (?:age|birthday)\b"
            r"|\bwhen was i born\b|wie alt bin ich|quel âge ai|cuántos años tengo|мне лет|我几岁|我多大",
            "years old age turned birthday born jahre ans años лет исполнилось 岁 生日",
        ),
        (
            r"\b(?:do|did) i (?:like|love|enjoy|prefer)\b|\bmy (?:hobby|hobbies|interests)\b"
            r"|\bin my (?:free|spare) time\b|что я люблю|我喜欢什么",
            "like love enjoy prefer favourite favorite hobby fond fan mag liebe aime gusta люблю нравится 喜欢",
        ),
        (
            r"\b(?:can|do|should|may) i eat\b|\bam i allergic\b"
            r"|\bmy (?:diet|allerg\w+)\b|can't i eat|на что у меня аллергия|我对什么过敏",
            "eat vegetarian vegan allergic allergy gluten lactose diet аллергия вегетарианец 过敏 素食",
        ),
        (
            r"\bam i married\b|\bmy (?:wife|husband|partner|spouse)\b",
            "wife husband partner married engaged fiancé spouse divorced wedding",
        ),
        (
            r"\b(?:children|kids) do i have\b|\bhave (?:any )?(?:children|kids)\b|\bmy (?:children|kids)\b",
            "children kids child son sons daughter daughters twins baby",
        ),
        (
            r"\bmy pets?\b|\bhave (?:any |a )?pets?\b|\bpets? do i have\b",
            "pet dog cat puppy kitten parrot rabbit hamster tortoise adopted",
        ),
        (r"\bwhere am i from\b|\bwhere was i born\b|\bwhere did i grow up\b", "from born grew raised hometown"),
        (
            r"\b(?:what|where) (?:do|did|am) i stud\w+|\bmy (?:university|school|degree|major)\b",
            "study studying studied university college school degree major student graduated",
        ),
        (
            r"\b(?:what|which) (?:car|vehicle)\b.*\bi\b|\bmy car\b",
            "car drive driving bought sold vehicle van motorbike",
        ),
    )
)


def told_by(question: str) -> str:
    """Return the words by which people tell what a question asks of their own life, or nothing."""
    return " ".join(dict.fromkeys(word for asked, words in _FRAMES if asked.search(question) for word in words.split()))


def tells(text: str, words: frozenset[str]) -> bool:
    """Whether a text has one of these words, and is no question."""
    if is_question(text):
        return False
    there = {fold(piece) for piece in pieces(text)}
    return any(fold(word) in there or (not word.isascii() and word in text) for word in words)


def is_question(text: str) -> bool:
    """Whether a text ends as a question does."""
    return text.rstrip().endswith(("?", "？", "؟"))
