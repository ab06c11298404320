"""Whose line of a transcript it is, by the marks that chats, exports, templates and quotations put before what is "
"said.

Known are labels (`User: ...`, `**Bot:** ...`, `### Assistant`, `ChatGPT said:`, `role: assistant`, in nine languages),
lines of exports with a time and a name (`[12/03/2025, 21:40] Ana: ...`, `09:15 <ana> ...`, `Ana, 3:42 PM`), questions
and answers (`Q:`, `A:`), quoted lines (`> ...`), and the tags of chat templates (ChatML, Llama, Gemma, Alpaca), which
`untagged` turns into labels. In an export only what the given speaker or a user says counts: whose `I` it is cannot be
told otherwise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from memagent.gate.reasons import ANSWER, MODEL, OTHER, PROMPT, QUESTION, QUOTED, RECALLED
from memagent.stores.keys import key

_USERS = (
    r"user|human|nutzer(?:in)?|benutzer(?:in)?|utilisateur|utilisatrice|usuari[oa]|utente|usuári[oa]|gebruiker|"
    r"пользователь|用户|使用者|ユーザー|사용자"
)
_MODELS = (
    r"assistant|chatbot|chatgpt|assistente?|asistente|(?:ai|ki)[- ]assistent\w*|ассистент|помощник|ассистентка|"
    r"助手|助理|アシスタント|어시스턴트|copilot|gpt(?:-[\w.]+)?|response|réponse|antwort"
)
_SYSTEMS = r"system(?: prompt| message)?|developer|système|sistema|система|系统|系統|システム|instruction|instructions"
_TOOLS = r"tool|function|tool[ _-](?:result|output|response|call)|function[ _-](?:result|output|response|call)|ipython"
_LOOSE = r"model|ai|ki|ia|ии|bot|claude|gemini|llama|mistral|me|you|i|ich|du|moi|toi|yo|tú|я|ты|我|你"
"""Labels that are words or names besides: they count where others of a transcript are there."""

_BAR = re.compile(rf"(?:{_USERS}|{_MODELS}|{_SYSTEMS}|{_TOOLS}|{_LOOSE})", re.IGNORECASE)
_CLOCK = r"\d{1,2}[:.]\d{2}(?:[:.]\d{2}(?:[.,]\d+)?)?\s?(?:[ap]\.?m\.?)?"
_DATE = r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}"
_TIME = rf"[\[(]?(?:{_DATE}(?:,?[ T])?\s?)?{_CLOCK}Z?[\])]?"
_LABEL = re.compile(
    rf"^[\s\W]{{0,6}}?(?P<time>{_TIME})?\s?[-–]?\s?[^\w\n<]{{0,6}}(?P<name>{_BAR.pattern})"
    r"[*_\])>]{0,3}(?:\s?\([^()\n]{0,20}\))?(?:\s(?:said|says|wrote|replied|answered))?[*_]{0,2}"
    r"(?:\s*[:：][*_]{0,2}\s*(?P<rest>.*)|\s*)$",
    re.IGNORECASE,
)
_EXPORT = re.compile(
    rf"^[\s*_-]{{0,4}}(?P<time>{_TIME})\s?[-–]?\s?(?:<(?P<nick>[^<>\n]{{1,30}})>|"
    rf"(?P<name>[^\W\d][^:：\n]{{0,40}})[:：])"
    r"\s*(?P<rest>.*)$",
    re.IGNORECASE,
)
_TIMED = re.compile(
    rf"^[\s*_-]{{0,4}}(?P<name>[^\W\d][\w .'-]{{0,30}}?)[*_]{{0,2}}\s?[\[(]{_TIME}[\])]\s?[:：]\s*(?P<rest>.*)$",
    re.IGNORECASE,
)
_HEAD = re.compile(
    rf"^[\s*_#]{{0,4}}(?P<name>[^\W\d][\w .'-]{{0,30}}?)[*_]{{0,2}}[,\s—–-]{{1,4}}\(?{_TIME}\)?\W*$", re.IGNORECASE
)
_KEYED = re.compile(
    r"(?i)^[\s\W]{0,4}(?:role|from|speaker|author|sender)[\"']?\s*[:=]\s*[\"']?(?P<name>\w+)[\"']?,?\s*$"
)
_CONTENT = re.compile(r"(?i)^[\s\W]{0,4}(?:content|text|value|message)[\"']?\s*[:=]\s*(?P<rest>.*)$")
_WROTE = re.compile(
    r"(?i)^\W*(?:on .{4,60}[,\s])?(?P<name>[^\W\d][\w .'-]{0,30}) (?:said|says|wrote|schrieb|a écrit|escribió|"
    r"scrisse|"
    r"написала?)\s?[:：]\s*(?P<rest>.*)$"
)
_ASKED = re.compile(r"^\W{0,4}(?P<name>[QAF])\d{0,2}[.:)]\s+(?P<rest>.*)$")
_QUOTE = re.compile(r"^\s{0,3}(?:>\s?)+(?=\S|$)")
_SPEAKERS = re.compile(
    rf"(?im)^(?:>\s?)*[^\w\n]{{0,6}}(?:{_TIME})?[^\w\n]{{0,6}}(?:{_USERS}|{_MODELS}|{_SYSTEMS})"
    r"(?:[^\w\n]{0,4}[:：]|\W{0,4}$)"
)
_BOTH = re.compile(r"(?im)^[^\w\n]{0,6}(?:bot|ai|model|claude|gemini|ki|ia|ии)\b[^\w\n]{0,4}[:：]")
_SELF = re.compile(r"(?im)^[^\w\n]{0,6}(?:you|me|human|i)\b[^\w\n]{0,4}[:：]|^\W{0,4}you said\W*$")
_ALONE = re.compile(r"(?im)^\W{0,6}(?:bot|ai|claude|gemini|copilot|ki|ia)\W{0,4}$")
_SELF_ALONE = re.compile(r"(?im)^\W{0,6}(?:you|me|human)\W{0,4}$")
_USER = re.compile(rf"(?im)^[^\w\n]{{0,6}}(?:{_USERS})[^\w\n]{{0,4}}[:：]")
_MODEL = re.compile(rf"(?im)^[^\w\n]{{0,6}}(?:{_MODELS}|{_SYSTEMS}|{_TOOLS})[^\w\n]{{0,4}}[:：]")
_NAMED = re.compile(r"^\W{0,4}(?P<name>[^\W\d_a-z][\w'-]{0,20}(?: [^\W\d_a-z][\w'-]{0,20})?)\s?[:：]\s+(?P<rest>\S.*)$")
_MAIL = re.compile(r"^mail:$")
_BOT = re.compile(rf"(?i)\b(?:bot|ai|assistant|chatbot|{_MODELS})\b|bot\b")

_CHAT_TAGS = (
    (r"<\|(?:im_start|start_header_id)\|>\s*(\w+)\s*(?:<\|end_header_id\|>)?", r"\n\1:\n"),
    (r"<start_of_turn>\s*(\w+)", r"\n\1:\n"),
    (r"<\|(system|user|assistant|model|tool)\|>", r"\n\1:\n"),
    (r"<\|(?:im_end|eot_id|end|end_of_text|endoftext)\|>|<end_of_turn>|</?s>", "\n"),
    (r"\[INST\]\s*<<SYS>>|<<SYS>>", "\nsystem:\n"),
    (r"<</SYS>>\s*", "\nuser:\n"),
    (r"\[INST\]", "\nuser:\n"),
    (r"\[/INST\]", "\nassistant:\n"),
    (r"(?i)<(system|user|human|assistant|ai|bot|tool|developer)>", r"\n\1:\n"),
    (r"(?i)</(?:system|user|human|assistant|ai|bot|tool|developer)>", "\n"),
)
_CHAT_SIGNS = (
    (r"(?m)^([ \t]*)[🤖💻🖥️]+\s*[:：]", r"\1assistant:"),
    (r"(?m)^([ \t]*)[🧑👤👩👨🙂😀🙋]+[\U0001f3fb-\U0001f3ff\ufe0f]?\s*[:：]", r"\1user:"),
    (r"(?m)^([ \t]*)__(\w[\w ]{0,20})[:：]?__[:：]?", r"\1\2:"),
    (r"(?m)^(?=From:.*\n(?:.+\n){0,8}?(?:To|Subject|Date|Sent):)", "mail:\n"),
)
_TAGS = [(re.compile(pattern), by) for pattern, by in (*_CHAT_TAGS, *_CHAT_SIGNS)]


@dataclass(frozen=True, slots=True)
class Said:
    """What a line says behind its marks, and who: `why` it teaches nothing or '', None where nobody new speaks."""

    text: str
    why: str | None


def untagged(text: str) -> str:
    """Return a text with the tags of chat templates, and pictures and heads of letters, replaced by labels."""
    for pattern, by in _TAGS:
        text = pattern.sub(by, text)
    return text


def is_talk(text: str) -> bool:
    """Whether a text has a label that only a transcript has, or those of both sides."""
    both = (_ALONE.search(text) and _SELF_ALONE.search(text)) or (_BOTH.search(text) and _SELF.search(text))
    return bool(_SPEAKERS.search(text) or both)


def is_of_names(text: str, speaker: str = "") -> bool:
    """Return whether a text labels the lines of its user, or of the speaker, and others only by their names."""
    mine = _SELF.search(text) or _USER.search(text) or (speaker and re.search(rf"(?m)^{re.escape(speaker)}:", text))
    return bool(mine and not _MODEL.search(text) and not _BOTH.search(text))


def said(line: str, *, talk: bool, speaker: str = "", names: bool = False) -> Said:
    """Return what a line says and why nothing is learnt from it.

    Args:
        line: one line of a text that went through `untagged`.
        talk: whether the text is a transcript, by `is_talk`.
        speaker: whose lines of an export count, beside those of a user.
        names: whether lines of others begin with their names, by `is_of_names`.
    """
    bare = _QUOTE.sub("", line)
    quoted = len(bare) != len(line) and bare.strip() != ""
    if _MAIL.match(bare):
        return Said("", OTHER)
    found = _labelled(bare, talk or names) or _exported(bare, talk, speaker, quoted)
    if found is not None:
        return found
    if names and (other := _NAMED.match(bare)):
        return Said(other["rest"].strip(), "" if key(other["name"]) == key(speaker) else OTHER)
    return Said(bare.strip(), QUOTED) if quoted else Said(bare.strip(), None)


def of_role(name: str) -> str:
    """Return why nothing is learnt from what a role of a chat says, or ''."""
    plain = name.strip().casefold()
    if re.fullmatch(rf"(?i)(?:{_USERS}|me|you|i|ich|moi|yo|я|我|du|toi|tú|ты|你)", plain):
        return ""
    if re.fullmatch(rf"(?i)(?:{_SYSTEMS})", plain):
        return PROMPT
    return RECALLED if re.fullmatch(rf"(?i)(?:{_TOOLS})", plain) else MODEL


def _labelled(line: str, talk: bool) -> Said | None:
    keyed = _KEYED.match(line)
    if keyed and _BAR.fullmatch(keyed["name"]):
        return Said("", of_role(keyed["name"]))
    content = _CONTENT.match(line) if talk or re.match(r"(?i)\s*content", line) else None
    if content:
        return Said(content["rest"].strip(), None)
    found = _LABEL.match(line)
    if found is None:
        return None
    loose = re.fullmatch(_LOOSE, found["name"], re.IGNORECASE) is not None
    alone = found["rest"] is None
    if (loose and not talk and not re.search(r"\b(?:said|wrote|replied)\b", line)) or (alone and not _stands_out(line)):
        return None
    return Said((found["rest"] or "").strip(), of_role(found["name"]))


def _stands_out(line: str) -> bool:
    """Whether a label without a colon is a heading or a line of its own rather than a word that was said."""
    words = re.sub(r"[^\w\s]", "", line).split()
    return len(words) == 1 or bool(re.match(r"\s*(?:#|\*\*|\[|<)", line)) or line.rstrip().endswith(("said", "wrote"))


def _exported(line: str, talk: bool, speaker: str, quoted: bool) -> Said | None:
    asked = _ASKED.match(line)
    if asked:
        return Said(asked["rest"].strip(), QUESTION if asked["name"] in "QF" else ANSWER)
    found = _EXPORT.match(line)
    name = (found["nick"] or found["name"]) if found else ""
    rest = found["rest"] if found else ""
    head = None if found else (_HEAD.match(line) or _WROTE.match(line) if talk or quoted or _HEAD.match(line) else None)
    if timed := _TIMED.match(line):
        name, rest = timed["name"], timed["rest"]
    if head:
        name, rest = head["name"], head.groupdict().get("rest") or ""
    if not name:
        return None
    mine = bool(speaker) and key(name) == key(speaker)
    if mine or re.fullmatch(rf"(?i)(?:{_USERS}|me|you)", name.strip()):
        return Said(rest.strip(), "")
    return Said(rest.strip(), MODEL if _BOT.search(name) or _BAR.fullmatch(name.strip()) else OTHER)
