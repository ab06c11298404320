"""What programs print and read: data, calls, logs, errors, listings of a memory. Signs and forms, in any language.

A paragraph with such a line is the machine's as a whole: what stands beside a traceback or an id was printed with it.
"""

from __future__ import annotations

import ast
import json
import re
from typing import Any

_LONGEST_LITERAL = 100_000
_ID = re.compile(r"\bfact:[0-9a-f]{8,}|(?<![\w#])(?=[0-9a-f]{0,40}\d)(?=[0-9a-f]{0,40}[a-f])[0-9a-f]{12,40}(?!\w)")
_SCORED = re.compile(r"^\W{0,3}(?:\d{1,3}[.)]\s+)?[\[(]?[01]?[.,]\d{2,}[\])]?\s+\S|\b(?:dense|keyword) [01]\.\d")
_CITED = re.compile(r"^(?!\s*\[).*\S\s?(?:\[\d{1,3}(?:,\s?\d{1,3})*\])+[.!]?\s*$")
_SOURCED = re.compile(r"(?i)\S\s*\[[^\[\]\n]{0,60}\b(?:source|memory|id|score|note|fact)\b[^\[\]\n]{0,60}\]\W*$")
_NOTED = re.compile(r"(?i)\S\s*\((?:from |in )?(?:memory|recalled|stored|saved)\b[^()\n]{0,40}\)\W*$")
_SIGNS = re.compile(
    r"^\s*[\[{].*[\"']\s*:|[}\]]\s*[,;]?\s*$(?<=[{}])|\{[^{}]*[:=][^{}]*\}|</?[a-zA-Z][\w-]*(?:\s[^<>]*)?/?>|"
    r"\s--?\w[^\n]{0,40}\w--?>\s|\s(?:->|=>|<-|-->|:=|=|==|!=|&&|\|\|)\s|^\s*\w{2,}(?:\.\w{2,})+\s*[:=]\s|\w\((?:\w+\s?=|[\"'{\[])|"
    r"^\s*[A-Za-z][\w.~/:@-]{1,40}[>$#]\s+\S|^\s*(?:\$|>>>|#!|@@|\+\+\+|---)\s?\S|"
    r"^\s*```|\b\w+(?:_\w+)+\s*[(=:]|^\s*\[\w+(?:_\w+)+\]|::|^\s*(?:diff --git|index [0-9a-f]{7}|[+-]\w+ \w)|;\s*$"
)
_LOG = re.compile(
    r"^\W{0,2}(?:\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*\s+)?\W?(?:DEBUG|INFO|WARN(?:ING)?|ERROR|FATAL|CRITICAL|"
    r"TRACE)\b|"
    r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d|^[EWNID]: \w|^\W?\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\b|"
    r"\b\w+=\S+\s(?:.*\s)?\w+=\S|^\s*(?:Traceback|Exception|Warning|Error|Fatal|panic|Caused by)\b[^.!?]{0,60}[:(]|"
    r"\b\w+(?:Error|Exception)\b\s*[:(]|\bHTTP(?:/\d)?\S* \d{3}\b|\bFile \"[^\"]+\", line \d+|\b\w+\.\w{1,4}:\d+[: ]|"
    r"\b(?:exit|status|error) code:? \d+|^\s*(?:SELECT|INSERT|UPDATE|DELETE)\s.+\b(?:FROM|INTO|SET)\b"
)
_TOOL = re.compile(
    r"(?i)^\W{0,4}(?:observation|action(?: input)?|thought|tool|function|plugin|final answer|search|query|stdout|"
    r"stderr|"
    r"output|input|beobachtung|werkzeug|observación|herramienta|outil|résultat|strumento|инструмент|наблюдение|工具|"
    r"观察)(?:[ -]?(?:result|output|response|call|use|ausgabe|ergebnis|de [\w' ]{2,20}|de l'[\w' ]{2,20}|"
    r"результат|结果|"
    r"输出|"
    r"调用))?s?(?:\s\w+)?\s*[:：]|"
    r"^\W*(?:search |web |top )?(?:results?|hits?|matches) (?:for|of) |\b\d+ (?:results?|items? (?:found|"
    r"returned)|treffer|résultats|resultados|risultati)\b\W*(?:$|:)|\breturned \d+ (?:items?|rows?|results?)\b|"
    r"^\W*\d+ (?:rows?|items?|files?) (?:returned|affected|found|changed)\b"
)


def is_machine(line: str) -> bool:
    """Return whether a line was printed by a program or is to be read by one."""
    return any(pattern.search(line) for pattern in (_ID, _SCORED, _SIGNS, _LOG, _TOOL))


def cites(line: str) -> bool:
    """Return whether a line ends in the number of a source, as an answer of this memory does: `Ghent [1].`"""
    return _CITED.match(line) is not None or _NOTED.search(line) is not None or _SOURCED.search(line) is not None


def messages(text: str) -> list[tuple[str, str]] | None:
    """Return (role, text) for each message where a text is one JSON message or more; None where it is no such "
    "thing.
    """
    data = _data(text)
    return _message_lines(text) if data is None else _messages(data)


def _data(text: str) -> Any:
    """What a text is as JSON, or as Python prints it; None where it is neither."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    if len(text) > _LONGEST_LITERAL or not re.match(r"\s*[\[{]\s*\{?\s*'\w+'\s*:", text):
        return None
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


def _message_lines(text: str) -> list[tuple[str, str]] | None:
    """Messages of a file with a JSON object a line."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2 or not all(line.lstrip().startswith("{") for line in lines):
        return None
    found = [messages(line) for line in lines]
    return [one for several in found if several for one in several] if all(found) else None


def _messages(data: Any) -> list[tuple[str, str]] | None:
    if isinstance(data, dict):
        for name in ("messages", "conversation", "conversations", "chat", "history", "turns"):
            if isinstance(data.get(name), list):
                return _messages(data[name])
        role = next((data[name] for name in ("role", "from", "speaker", "author") if name in data), None)
        content = next((data[name] for name in ("content", "value", "text", "message") if name in data), None)
        return [(role, _content(content))] if isinstance(role, str) and content is not None else None
    if not isinstance(data, list) or not data:
        return None
    found = [_messages(one) for one in data if isinstance(one, dict)]
    return [one for several in found if several for one in several] if found and all(found) else None


def _content(data: Any) -> str:
    """The text of a message; of its parts, those that are text."""
    if isinstance(data, list):
        return "\n".join(_content(one.get("text", "")) for one in data if isinstance(one, dict))
    return data if isinstance(data, str) else ""
