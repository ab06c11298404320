"""What a prompt asks for and what it shows: the task, the sections between tags, the limits it names."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from memagent.types import Request

_SECTION = re.compile(r"<([a-z_]+)>[ \t]*\n?(.*?)\n?[ \t]*</\1>", re.DOTALL)
_FIELD = re.compile(r'^\s*[-*]\s*"(\w+)"', re.MULTILINE)
_NEWCOMER = re.compile(r"\bnew (?:character|person|figure|face)|\bnewcomer", re.IGNORECASE)
_NO_NEWCOMER = re.compile(r"\b(?:no|not|never|without|don't)\b[^.]{0,40}\bnew (?:character|person)", re.IGNORECASE)
_RECITED = re.compile(r"^Recite what you know\b", re.MULTILINE)
_REASONED = re.compile(r"^Thought:.*^Answer:", re.MULTILINE | re.DOTALL)

# Which fields belong to which task; the first whose fields are all asked for wins.
_TASKS: tuple[tuple[str, frozenset[str]], ...] = (
    ("begin", frozenset({"title", "paragraphs"})),
    ("step", frozenset({"paragraph", "plans"})),
    ("extend", frozenset({"paragraph", "plan"})),
    ("follow", frozenset({"memory", "plans"})),
    ("more", frozenset({"plans"})),
    ("choose", frozenset({"choice"})),
    ("compress", frozenset({"memory"})),
    ("rewrite", frozenset({"paragraph"})),
    ("plan", frozenset({"chapters"})),
)


@dataclass(frozen=True)
class Prompt:
    """A prompt as the offline backend reads it. `frame` is what stands outside the sections: the asking itself."""

    task: str
    sections: dict[str, str]
    frame: str
    fields: tuple[str, ...] = ()
    seed: int = 0
    text: str = field(default="", repr=False)

    def get(self, name: str) -> str:
        """Return the section `name`, or nothing."""
        return self.sections.get(name, "")

    def number(self, pattern: str, otherwise: int) -> int:
        """Return the first number that `pattern` finds in the frame."""
        found = re.search(pattern, self.frame, re.IGNORECASE)
        return next((int(group) for group in found.groups() if group), otherwise) if found else otherwise

    @property
    def sentences(self) -> int:
        """How many sentences a paragraph should have: what the prompt says, between 5 and 13."""
        return max(5, min(13, self.number(r"about (\d{1,4}) sentences", 10)))

    @property
    def memory_words(self) -> int:
        """The most words that the memory may have."""
        return max(1, self.number(r"(?:at most|sentences and) (\d{1,6}) words", 500))

    @property
    def memory_sentences(self) -> int:
        """The most sentences that the memory may have."""
        return max(1, self.number(r"at most (\d{1,4}) sentences|(?<=10 to )(\d{1,4}) sentences", 20))

    @property
    def newcomer(self) -> bool:
        """Whether the prompt lets a new character come in."""
        return bool(_NEWCOMER.search(self.frame)) and not _NO_NEWCOMER.search(self.frame)


def read(request: Request) -> Prompt:
    """Read the prompt of `request`. A later message's section replaces an earlier one of the same name."""
    shown = [message.content for message in request.messages if message.role != "assistant"]
    sections: dict[str, str] = {}
    frames: list[str] = []
    for content in shown:
        for name, body in _SECTION.findall(content):
            sections[name] = body.strip()
        frames.append(_SECTION.sub(" ", content))
    frame = "\n".join(frames)
    fields = _fields(request, frame)
    return Prompt(_task(fields, sections, frame), sections, frame, fields, request.seed or 0, "\n".join(shown))


def _fields(request: Request, frame: str) -> tuple[str, ...]:
    """The fields of the reply: those of the schema where there is one, else those that the prompt lists."""
    properties = (request.schema or {}).get("properties")
    if isinstance(properties, dict) and properties:
        return tuple(map(str, properties))
    return tuple(dict.fromkeys(_FIELD.findall(frame)))


def _task(fields: tuple[str, ...], sections: dict[str, str], frame: str) -> str:
    if not fields and "message" in sections and "Answer the message" in frame:
        return "chat"
    if not fields and "sentence" in sections and "({MEM_WRITE" in frame:
        return "memllm-write"
    if "question" in sections:
        return _about_question(fields, sections, frame)
    if "task" in sections and not fields:
        return _about_task(sections, frame)
    if fields == ("nouns",) and "problem" in sections:
        return "nouns"
    if not fields and "problem" in sections and "\\boxed{" in frame:
        return "problem"
    if set(fields) == {"facts", "contradictions"} and "paragraph" in sections:
        return "facts"
    if fields in (("named_entities",), ("triples",)) and "passage" in sections:
        return "extract"
    return next((task for task, needed in _TASKS if needed <= set(fields)), "unknown")


# By their fields, the tasks that have a question; and those without fields by what their prompts have, first come.
_BY_FIELDS: dict[frozenset[str], str] = {
    frozenset({"doubtful", "confidence"}): "doubt",
    frozenset({"subject", "relations"}): "memllm-walk",
    frozenset({"facts"}): "filter",
    frozenset({"order"}): "rank",
}
_BY_MARKS: tuple[tuple[str, str, str], ...] = (  # task, a section that there is, a mark in the frame
    ("memllm-read", "", "({MEM_READ("),
    ("asking", "piece", ""),
    ("search", "", "[Search("),
    ("self-ask", "", "Follow up:"),
    ("thought", "thoughts", ""),
    ("chain", "", '"So the answer is:"'),
)


def _about_question(fields: tuple[str, ...], sections: dict[str, str], frame: str) -> str:
    """Which of the tasks it is that have a question."""
    if fields:
        return _BY_FIELDS.get(frozenset(fields), "answer")
    for task, section, mark in _BY_MARKS:
        if (not section or section in sections) and mark in frame:
            return task
    if "passages" not in sections and _RECITED.search(frame):
        return "recite"
    return "read" if _REASONED.search(frame) else "answer"


def _about_task(sections: dict[str, str], frame: str) -> str:
    """Which part of working in thoughts it is."""
    if "step" in sections:
        return "revise" if "passages" in sections else "query"
    if "so_far" in sections:
        return "finish" if re.search(r"\bReply with the (?:answer alone|whole text)", frame) else "unknown"
    return "draft" if re.search(r"\bDraft the answer\b", frame) else "unknown"
