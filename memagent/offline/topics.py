"""What people tell of themselves and ask back in other words: where they live, what they do, whom they have.

A topic is two patterns: how it is asked for, and how it is told. `Which city am I in?` and `I moved to Lisbon` share no
word, and the topic is what connects them. English, with a few words of Russian and Chinese.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Topic:
    """One thing that is told of people.

    Attributes:
        name: for people who read this.
        asked: a question is about it.
        told: a sentence tells of it.
        words: the words of a question that only say what it is about.
        wants: what is asked for: a `place`, a `name`, or nothing in particular.
    """

    name: str
    asked: re.Pattern[str]
    told: re.Pattern[str]
    words: re.Pattern[str]
    wants: str = ""


def _topic(name: str, asked: str, told: str, words: str = "", wants: str = "") -> Topic:
    found = (re.compile(pattern, re.IGNORECASE) for pattern in (asked, told, words or asked))
    return Topic(name, next(found), next(found), next(found), wants)


TOPICS: tuple[Topic, ...] = (
    _topic(
        "origin",
        r"\bwhere\b.*\b(?:from|born|grew up|grow up|raised)\b|\b(?:hometown|birthplace|home town|nationality)\b"
        r"|откуда|где .*родил|哪里人|来自哪",
        r"\b(?:from|born|grew up|was raised|raised in|hometown|birthplace)\b|родил|родом|来自|出生",
        r"\b(?:grew|grow|up|raised|hometown|birthplace|home|town|nationality)\b|откуда|哪里人|来自哪",
        "place",
    ),
    _topic(
        "home",
        r"\b(?:which|what) (?:city|town|country|place|village|state|part)\b|\bwhere\b.*\b(?:live|lives|living|based|"
        r"reside|home|stay|staying|moved?|located)\b|\bwhere (?:am i|are we)\b|\b(?:my|our) (?:city|home|address)\b"
        r"|в каком городе|где .*жив|哪个城市|住在?哪|住哪"
        r"|\bwo\b.*\b(?:wohn\w+|leb\w+)|\boù\b.*\b\w*habit\w+|\bdónde viv\w+",
        r"\b(?:live|lives|living|lived|move|moved|moving|relocated?|reside|resides|settled|based|home|flat"
        r"|apartment|house"
        r"|staying|stay in|i am in|i'm in|we are in|we're in|am now in|arrived in)\b|жив|перее|住在|搬到|搬去"
        r"|\b(?:wohn\w+|lebe|gezogen|habite|déménag\w+|vivo|vivimos|mudé)\b",
        r"\b(?:city|town|country|place|village|state|part|live|lives|living|based|reside|home|stay|staying|moved?"
        r"|located|address)\b|в каком|городе|где|\bжив\w+|[住在哪个里儿城市]+"
        r"|\b(?:wo|wohn\w+|leb\w+|où|est-ce|que|habit\w+|dónde|viv\w+|ich|je)\b|\bj['’]habite",
        "place",
    ),
    _topic(
        "work",
        r"\b(?:work|works|working|job|employer|employed|company|living|profession|occupation|career|do for)\b"
        r"|работа|工作|上班|\b(?:arbeite\w*|travaill\w+|trabaj\w+|beruf)\b",
        r"\b(?:work|works|working|worked|jobs?|office|employer|employed|hired|joined|profession|career|run my own)\b"
        r"|\b(?:i am|i'm|i became|i have become|i've become) (?:now )?an? \w*(?:er|or|ist|ian|ant|nurse|chef"
        r"|cook|clerk|pilot|vet)\b|работа|工作|上班"
        r"|\b(?:arbeite\w*|travaill\w+|trabaj\w+|beruf)\b",
        r"\b(?:work|works|working|job|employer|employed|company|living|profession|occupation|career)\b|работа\w*"
        r"|工作|上班|[在哪里儿]+"
        r"|\b(?:arbeite\w*|travaill\w+|trabaj\w+|beruf)\b",
        "place",
    ),
    _topic(
        "name",
        r"\bnames?\b|\bcalled\b|\bwho am i\b|как .*зовут|叫什么|名字"
        r"|\bwie hei(?:ß|ss)\w*|\bcomment\b.*appel\w+|\bcómo\b.*llam\w+",
        r"\bnames?\b|\b(?:called|named|call me)\b|\b(?:i am|i'm) (?-i:[A-Z])\w+\W*$|зовут|叫|名字"
        r"|\bhei(?:ß|ss)\w*|appell\w+|\bllam\w+|\bmy \w+ (?-i:[A-Z])\w+",
        r"\b(?:names?|called)\b|как|зовут|叫什么|什么|名字"
        r"|\b(?:wie|hei(?:ß|ss)\w*|comment|s['’]appel\w+|appel\w+|cómo|se|llam\w+)\b",
        "name",
    ),
    _topic(
        "age",
        r"\bhow old\b|\b(?:age|birthday|born)\b|сколько .*лет|день рождения|几岁|生日"
        r"|\bwie alt\b|\bquel âge\b|\bcuántos años\b",
        r"\b(?:years? old|age|aged|birthday|turned|turn|born)\b|\b(?:i am|i'm) \d+\b|\bлет\b|день рождения|岁|生日"
        r"|\bjahre\b|\bans\b|\baños\b",
        r"\b(?:old|age)\b|сколько|лет|几岁|\b(?:wie alt|quel âge|ai-je|cuántos años|teng\w+|tien\w+)\b",
    ),
    _topic(
        "study",
        r"\b(?:study|studying|studied|university|college|school|degree|major|student)\b|уч[уи]|学",
        r"\b(?:study|studying|studied|university|college|school|degree|major|student|graduated|enrolled)\b|уч[уи]|学",
    ),
    _topic(
        "spouse",
        r"\b(?:spouse|partner|married)\b",
        r"\b(?:wife|husband|spouse|partner|married|fianc[ée]e?|engaged)\b|жен[аыу]|муж|妻子|丈夫",
        wants="name",
    ),
    _topic(
        "pet",
        r"\bpets?\b|питом|宠物",
        r"\b(?:pets?|dogs?|cats?|puppy|kitten|parrot|hamster|rabbit|horse|tortoise|goldfish|canary)\b|собак|кошк|狗|猫",
    ),
    _topic(
        "children",
        r"\b(?:children|kids?|child)\b|\bдет[иe]|孩子",
        r"\b(?:children|kids?|child|sons?|daughters?|twins)\b|\bдет[иe]|сын|доч|孩子|儿子|女儿",
    ),
    _topic(
        "siblings",
        r"\bsiblings?\b",
        r"\b(?:siblings?|brothers?|sisters?)\b",
    ),
    _topic(
        "diet",
        r"\b(?:diet|eat|food|foods|meat|allerg\w+|can't eat|cannot eat)\b|аллерг|ем\b|吃|过敏",
        r"\b(?:diet|eat|vegetarian|vegan|allerg\w+|gluten|lactose|halal|kosher)\b|аллерг|вегетариан|吃|过敏|素食",
    ),
    _topic(
        "liking",
        r"\b(?:like|love|enjoy|hobby|hobbies|prefer|free time|spare time)\b|люб|喜欢|爱好",
        r"\b(?:favou?rites?|like|love|enjoy|adore|prefer|fond of|fan of|hobby|hobbies|free time)\b|люб|喜欢|爱好",
    ),
    _topic(
        "language",
        r"\b(?:languages?|speak)\b|язык|语言",
        r"\b(?:languages?|speak|speaks|fluent|bilingual|native speaker)\b|язык|语言|会说",
    ),
    _topic(
        "vehicle",
        r"\b(?:car|drive|vehicle)\b",
        r"\b(?:car|drive|drives|driving)\b",
    ),
    _topic(
        "health",
        r"\b(?:ill|illness|sick|disease|condition|medicine|medication|doctor)\b",
        r"\b(?:ill|illness|sick|disease|diabetes|diabetic|asthma|migraines?|diagnosed|medicine|medication|doctor)\b",
    ),
)


def asked(question: str) -> list[Topic]:
    """Return the topics that a question may be about; the narrower ones come first."""
    return [topic for topic in TOPICS if topic.asked.search(question)]
