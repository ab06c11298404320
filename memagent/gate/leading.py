"""What the first words of a paragraph say of the rest of it: whose it is, under which label, behind which closing.

A record goes on under its label (`Source: chat` and what it says on the next line), an assistant's turn goes on behind
the sentence that shows whose it is, and behind `Kind regards,` stand a name and an address. Where somebody speaks of
himself, a label or the end of a memory's sentence says nothing of what is behind.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from memagent.gate.assistants import about_me, of_a_turn, of_its_memory
from memagent.gate.evidence import heads_a_memory, is_marked, presents_a_text
from memagent.gate.fields import is_field
from memagent.gate.greetings import is_closing
from memagent.gate.prompting import opens
from memagent.gate.reading import asks_what_was_said
from memagent.gate.reasons import GREETING, INSTRUCTION, LABELLED, MODEL, PROMPT, RECALLED, UNKNOWN_FORM
from memagent.gate.statements import ASKED, OF_THE_TALK
from memagent.gate.tasks import is_task
from memagent.gate.unfit import unfit
from memagent.sentences import split_sentences

_GOES_ON = re.compile(r"[.!?。！？]\s*\S")
_LONGEST = 20_000  # characters of a line of which the sentences are looked at
_FEW = 6  # words of a line of a signature
_WORKS_ON = re.compile(
    r"(?i)^\W*(?:please )?(?:complete|fix|polish|continue|finish|translate|summari[sz]e|rewrite|rephrase|paraphrase|"
    r"proofread|"
    r"correct|"
    r"analy[sz]e|classify|extract|shorten|simplify|edit|consider|read|annotate|label|übersetze?|vervollständige|"
    r"korrigiere|"
    r"traduis|complète|corrige|traduce|completa|traduci|correggi|traduza|complete|vertaal|переведи|продолжи|исправь)\b"
)
_EMPLOYED = re.compile(
    r"(?i)^\W*your [^\W\d_]+(?: [^\W\d_]+)?:\s|^\W*you (?:only |always )?(?:speak|work|answer|act|serve|represent|"
    r"assist|reply|respond|write)\b(?! (?:out|too))|"
    r"\byou(?:['’]re| are) (?:our|my|the|an?|their) (?:[\w-]+ ){0,2}(?:helper|assistant|agent|bot|chatbot|"
    r"concierge|support|"
    r"receptionist|voice)\b"
)
_HEADING = re.compile(
    r"^\W*(?:(?i:(?:my |your |our |the |long-term |chat |user |stored )?(?:memory|memories|history|notes|records|"
    r"context|facts|"
    r"knowledge|archive|log|summary|profile|background|recap|recollections))\s*[:：]|(?:MEMORY|MEMORIES|HISTORY|"
    r"NOTES|RECORDS|"
    r"CONTEXT|FACTS|KNOWLEDGE|ARCHIVE|LOG|SUMMARY|PROFILE|BACKGROUND|RECAP))\W*$"
)
_COLON = re.compile(r"[:：]\s*$")
_QUOTED = re.compile(r"[\"'“”„«‘「『].+[\"'”“»’」』]", re.DOTALL)
_I = re.compile(r"\bI\b")
_ADVICE = re.compile(
    r"(?i)\b(?:should (?:he|she|they|we)|(?:how|what|where|when) (?:should|could|would) (?:he|she|they|we))\b.*\?\W*$"
)
"""Asked for somebody: a person does that."""
_FIRST = 3  # sentences, of which one may say to whom the text is given
_TASKS = (INSTRUCTION, PROMPT, OF_THE_TALK, ASKED, UNKNOWN_FORM, LABELLED)
_STOPPED = re.compile(r"[.!?。！？]\W*$")


_OF_A_TEXT = re.compile(
    r"(?i)\b(?:texts?|passages?|paragraphs?|dialogues?|stor(?:y|ies)|records?|articles?|documents?|excerpts?|"
    r"instructions?|"
    r"respon[sd]es?|answers?|repl(?:y|ies)|questions?|context|examples?|prompts?|conversations?|chats?|sentences?|"
    r"steps?|words|"
    r"characters|information|messages?|bullets?|lines|notes?|guests?|customers?|users?|frage\w*|antwort\w*|absatz|"
    r"absätze|anweisung\w*|"
    r"réponses?|consignes?|histoire|phrases?|respuestas?|instrucciones|historia|preguntas?|rispost\w+|istruzioni|"
    r"domand\w+|"
    r"respostas?|instruções|antwoord\w*|ответ\w*|инструкц\w*|вопрос\w*|текст\w*)\b|回答|指令|问题|文章|对话|文本|回答|質問|文章|"
    r"^\W*(?:fact|item|entry|record|memory|note)\b[^.]{0,20}\W*$"
)


def heads_material(line: str, behind: Sequence[str]) -> bool:
    """Return whether a line that asks for something ends in a colon, and a quotation, or what it works on, follows."""
    if not _COLON.search(line) or unfit(line) not in (INSTRUCTION, PROMPT):
        return False
    return _WORKS_ON.search(line) is not None or _QUOTED.fullmatch("\n".join(behind).strip()) is not None


def of_a_task(sentences: Sequence[str]) -> bool:
    """Return whether what stands behind the first sentence is the material or the rules of a task.

    The first wants a text worked on; or it asks something about a text or the answers to come, or presents a text, or
    one of the first says for whom the listener speaks, and nobody speaks of himself.
    """
    if len(sentences) < 2:
        return False
    first = sentences[0]
    if _WORKS_ON.search(first) and _OF_A_TEXT.search(first):
        return True
    if about_me(text := " ".join(sentences)) or _I.search(text):
        return False
    if is_task(first) or asks_what_was_said(sentences):
        return True
    if presents_a_text(first) or opens(first) or any(map(_EMPLOYED.search, sentences[:_FIRST])):
        return True
    if any(map(_ADVICE.search, sentences[1:])):
        return False
    return _OF_A_TEXT.search(first) is not None and unfit(first) in _TASKS


def of_others(paragraph: Sequence[str]) -> list[str]:
    """Return for each line of a paragraph why its beginning, or the lines before it, say that it teaches nothing."""
    if not paragraph:
        return []
    text = " ".join(paragraph)
    if of_a_turn(text):
        return [MODEL] * len(paragraph)
    if len(text) <= _LONGEST and _GOES_ON.search(text) and of_a_task(split_sentences(text)):
        return [PROMPT] * len(paragraph)
    if (_HEADING.match(paragraph[0]) or heads_a_memory(paragraph[0])) and not about_me(text):
        return [RECALLED] * len(paragraph)
    if is_field(paragraph[0]) and not about_me(text):
        return [LABELLED] * len(paragraph)
    found, closed = [], False
    for line in paragraph:
        signed = closed and len(line.split()) <= _FEW and not _STOPPED.search(line)
        found.append(GREETING if signed else retold(line))
        closed = signed or is_closing(line)
    return found


def heads_rows(paragraph: Sequence[str], rows: Sequence[bool]) -> bool:
    """Return whether the first line of a paragraph is the heading of rows and of nothing else."""
    head = paragraph[0] if paragraph else ""
    return (
        len(rows) > 2
        and all(rows[1:])
        and not rows[0]
        and not _STOPPED.search(head)
        and not about_me(" ".join(paragraph))
    )


def retold(line: str) -> str:
    """Return why a line comes out of a memory or stands under a label, by its first sentence, or ''."""
    if of_its_memory(line) or is_marked(line):
        return RECALLED
    if not _GOES_ON.search(line):
        return ""
    sentences = split_sentences(line) if len(line) <= _LONGEST else []
    if len(sentences) < 2 or about_me(" ".join(sentences[1:])):
        return ""
    why = unfit(sentences[0])
    return {RECALLED: RECALLED, MODEL: RECALLED, LABELLED: LABELLED}.get(why, "")
