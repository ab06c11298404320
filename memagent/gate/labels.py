"""Labels and headings before what was recalled: `Relevant memories:`, `Known facts: ...`, `已知信息：`.

A label is a few words before a colon, or the words of a heading, with a noun for what a memory holds: by itself where
it means nothing else (memories, chat history), with an adjective where people have it too (known facts, saved notes).
In English, German, French, Spanish, Italian, Portuguese, Russian, Chinese and Japanese. `About me:` is none of them:
under it a person lists what he is.
"""

from __future__ import annotations

import re

_KNOWN = (
    r"relevant|related|recalled|retrieved|remembered|previous|prior|past|earlier|existing|known|stored|saved|"
    r"additional|background|user|long-term|extracted"
)
_HELD = (
    r"memor(?:y|ies)|facts?|passages?|context|conversations?|chats?|messages?|sessions?|information|details|notes|"
    r"knowledge|triples|excerpts|profile|info|records?"
)
_BY_ITSELF = (
    r"memor(?:y|ies)|recollections?|recalled|retrieved|remembered|knowledge base|database|chat history|"
    r"conversation history|(?:facts|context|passages|triples)(?=\s*[:：])|facts (?:i|we) (?:have|know)|"
    r"(?:what|things|all|everything) (?:that )?(?:i|we) (?:know|have|remember|recall)|(?:i|we) (?:know|remember) "
    r"about|known about|from (?:the|my|your|our) (?:archives?|notes|"
    r"records|files|logs?|history|store)(?=\s*[:：])|on (?:record|file)(?=\s*[:：])"
)
_ELSEWHERE = (
    r"(?:bekannte|gespeicherte|relevante|frühere|gemerkte)\w? (?:fakten|tatsachen|informationen|angaben|notizen)|"
    r"erinnerungen|gedächtnis|"
    r"(?:früheren?|vorherigen?|letzten?) (?:gespräche?n?|unterhaltung\w*)|conversations? (?:précédente|passée)s?|"
    r"conversaciones (?:anteriores|previas|pasadas)|conversazioni (?:precedenti|passate)|conversas (?:anteriores|"
    r"passadas)|(?:прошл|предыдущ)\w+ (?:разговор|бесед)\w*|"
    r"(?:faits|informations|éléments|notes) (?:connu|pertinent|enregistré|mémorisé)e?s|souvenirs|mémoire|"
    r"(?:hechos|datos|notas|información) (?:conocid|relevante|guardad|almacenad)[oa]?s?|recuerdos|memoria|"
    r"(?:fatti|informazioni|note|dati) (?:not|rilevant|salvat|memorizzat)[ie]|ricordi|"
    r"(?:fa[c]?tos|informações|dados|notas) (?:conhecid|relevante|guardad|salv)[oa]?s|memórias|"
    r"(?:известн|релевантн|сохран[её]нн|найденн|важн)\w+ (?:факт|сведени|данн|информаци)\w*|воспоминания|память"
)
_EAST = (
    r"(?:已知|之前的?|先前的?|相关|历史|背景|既知の|関連する?|保存された?|已保存的?)(?:信息|事实|记忆|对话|聊天|資料|资料|内容|情報|事実|記憶)|"
    r"记忆|記憶|回忆|事实"
)
_LABEL = re.compile(
    rf"(?i)^\W{{0,20}}(?:(?:fact|triple|stored|recalled|answer|(?:saved to )?memory(?: updated)?|"
    rf"note saved)(?=\s*[:：])|"
    rf"[^:：.!?\n]{{0,40}}?(?<!\w)(?:(?:{_KNOWN}) (?:\w+ )?(?:{_HELD})|{_BY_ITSELF}|{_ELSEWHERE})"
    rf"(?!\w)[^:：.!?\n]{{0,40}}|[^:：。！？\n]{{0,6}}(?:{_EAST})[^:：。！？\n]{{0,12}})[:：]\s*(?P<rest>.*)$",
    re.DOTALL,
)
_HEADING = re.compile(
    r"(?i)^\s*\d{1,3}\.\s+[01]?\.\d+\s|^\s*#{1,4}\s.*\b(?:memor(?:y|ies)|recalled|retrieved|context|passages)\b|"
    r"^\W{0,20}(?:\w+ ){0,3}(?:results|hits|matches|entries|memories|facts|passages|records|snippets|excerpts)"
    r"(?: (?:for|about|on|of|from) [^.:\n]{1,40})?\s*[:：]?\W*$|"
    r"^\W{0,20}(?:here(?:'s| is| are) )?(?:what|things|all|everything) (?:that )?(?:i|we) (?:know|have|remember)\b"
    r"[^.\n]{0,60}$"
)
_MARKED = re.compile(r"^\s*#{1,4}\s|^[^.!?\n]{1,60}[:：]\s*$")
_OF_MINE = re.compile(
    r"(?i)^\W{0,20}(?:i|i'm|i’m|my|we|our|ich|mein\w*|je|j'\w*|mon|ma|mes|mi|yo|io|mio|mia|eu|meu|minha|я|мо[йя])\b|^\W{0,20}我"
)
_OF_ONESELF = re.compile(
    r"(?i)^\W{0,4}(?:[^\W\d_]+ ){0,4}?(?:about (?:me|myself|us)|über (?:mich|uns)|à propos de (?:moi|nous)|"
    r"(?:sobre|acerca de) (?:mí|mim|nosotros|nós)|su di (?:me|noi)|(?:обо мне|о себе|о нас)|o mnie|关于我们?|"
    r"我的情况|私について|自己紹介)\s*[:：]\s*(?P<rest>.*)$"
)
_BRACKETED = re.compile(
    r"(?i)^\W{0,3}[\[(](?:recalled|retrieved|remembered|memory|memories|from memory)\b[^\])\n]{0,40}[\])]"
)
_TO_ONE = re.compile(  # what I know about you
    r"(?i)\b(?:about you|about (?:the|this) user|über (?:dich|sie)|sur (?:toi|vous)|"
    r"(?:sobre|acerca de) (?:ti|usted|você)|"
    r"su di (?:te|lei)|о (?:тебе|вас)|o tobie)\b|あなたについて|关于[你您]"
)
_WEAK = re.compile(
    r"(?i)^\W{0,20}(?:some |a bit of |more )?(?:context|background(?: info(?:rmation)?)?|facts?|answer|"
    r"additional \w+)\s*[:：]"
)


def is_heading(line: str) -> bool:
    """Return whether a line is the heading of what was recalled: nothing stands in it but the heading."""
    found = _LABEL.match(line)
    if _MARKED.match(line) and (_TO_ONE.search(line) or re.search(rf"(?i)(?<!\w)(?:{_ELSEWHERE})(?!\w)|{_EAST}", line)):
        return True
    return _HEADING.search(line) is not None or (found is not None and not re.search(r"\w", found["rest"]))


def is_labelled(line: str) -> bool:
    """Return whether a line says by its label that it was recalled; `Context: I ...` is a person's."""
    if _BRACKETED.match(line):
        return True
    found = _LABEL.match(line)
    return found is not None and not (_WEAK.match(line) and _OF_MINE.match(found["rest"]))


def of_oneself(line: str) -> str | None:
    """Return what stands behind a label such as `About me:`, under which a person lists what he is; None without it."""
    found = _OF_ONESELF.match(line)
    return None if found is None or is_labelled(line) else found["rest"]
