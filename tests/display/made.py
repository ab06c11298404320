"""Values as runs make them: by the offline model, and by scripted ones where a method needs what that cannot do."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from memagent import Controller, Memory, Result, Story, flare, plain, rat
from memagent.methods.recurrent import State, choose, step
from memagent.story.config import StoryConfig
from memagent.story.writing import write
from memagent.testing import ScriptedLLM
from memagent.types import Answer, Completion, Request, Token, Usage

QUESTION = "Who keeps the lighthouse at Gull Point, and since when?"
NOTES = {
    "keeper": "Mara Lindqvist has kept the lighthouse at Gull Point since her brother sailed in 1893.",
    "lamp": "The lamp at Gull Point was lit for the first time in 1892 and burns colza oil.",
    "bell": "In fog the keeper of Gull Point rings the bell once a minute.",
    "harbour": "The harbour of Skarvik lies two miles north of Gull Point.",
}
DRAFTED = (
    "The lamp at Gull Point was first lit in 1890.",
    "Mara Lindqvist has kept the light for years.",
    "In fog she rings the bell.",
)
CORRECTED = {"1890": "1892", "for years": "since her brother sailed in 1893", "the bell": "the bell once a minute"}
PREMISE = "A lighthouse keeper stops believing that her brother is dead."


def memory() -> Memory:
    """A memory with four notes."""
    kept = Memory(":memory:", single_user=True)
    from memagent import Note

    kept.add([Note(text, title=title.title(), source=f"notes/{title}.md") for title, text in NOTES.items()])
    return kept


def said(text: str, low: dict[str, float] | None = None, *, more: bool = True) -> Completion:
    """A reply word by word, each as likely as `low` says, else 0.97."""
    words = [f" {word}" for word in text.split(" ")]
    tokens = tuple(Token(word, math.log((low or {}).get(word.strip(), 0.97))) for word in words)
    usage = Usage(calls=1, input_tokens=180, output_tokens=len(words), cost=0.0002)
    return Completion("".join(words), tokens, "length" if more else "stop", usage)


def flare_result(can: Sequence[Any] = ("logprobs", "prefill", "stop", "seed")) -> Result[Answer]:
    """FLARE: a first sentence, one it is sure of, one that is looked up and comes out otherwise, one that ends it."""
    replies = [
        said("Gull Point has a lighthouse."),
        said("It is kept by Mara Lindqvist."),
        said("She has kept it since 1888 alone.", {"1888": 0.21, "alone.": 0.55}),
        said("She has kept it since 1893, when her brother sailed."),
        said("The lamp burns whale oil.", {"whale": 0.34}),
        said("The lamp burns colza oil."),
        said("So the answer is Mara Lindqvist, since 1893.", {"1893.": 0.9}, more=False),
    ]
    with memory() as kept:
        return Controller(ScriptedLLM(replies, can=can), kept).run(flare(QUESTION, k=2))


def rat_result(*, lost: bool = False) -> Result[Answer]:
    """RAT over three steps, each corrected by a passage; where `lost`, the reviser loses what stood there at step 2."""

    def reply(request: Request) -> str:
        name = request.label.removeprefix("rat/")
        if name.startswith("draft"):
            return "\n\n".join(DRAFTED)
        if name == "query":
            return "Gull Point lamp, keeper and bell"
        content = request.messages[-1].content
        before = content.split("<so_far>\n")[1].split("\n</so_far>")[0]
        if name == "finalise":
            return f"Here is the story. {' '.join(before.split())}"
        thought = content.split("<step>\n")[1].split("\n</step>")[0]
        if lost and thought == DRAFTED[1]:
            return "Mara rings it."
        whole = thought if before.startswith("(nothing") else f"{before}\n\n{thought}"
        for old, new in CORRECTED.items():
            whole = whole if new in whole else whole.replace(old, new)
        return whole

    with memory() as kept:
        return Controller(ScriptedLLM([reply] * 40), kept).run(rat("Tell of the light at Gull Point.", k=2))


def plain_result() -> Result[Answer]:
    """An answer of the offline model, at once from passages."""
    with memory() as kept:
        return Controller("offline", kept).run(plain(QUESTION, k=3))


def story(folder: Path, paragraphs: int = 6) -> Story:
    """A story of the offline model, each paragraph from the first plan, with an edit of the memory in between."""
    Story.create(folder, PREMISE, StoryConfig(select="first", sentences=5))
    told = Story(folder)
    with told.editing():
        write(told, Controller("offline", told.memory), paragraphs - 1, select="first")
        told.edit_memory(f"{told.begun().memory} She keeps his letter under the clock.")
        told.pick(2)
        write(told, Controller("offline", told.memory), paragraphs, select="first")
    return told


def states() -> list[State]:
    """The states of a story that a scripted model tells: an opening and two paragraphs."""
    opening = {
        "title": "The Lamp",
        "outline": "It goes out.",
        "paragraphs": ["First comes fog.", "Second comes rain.", "Third comes night."],
        "memory": "Mara keeps the lamp at Gull Point.",
        "plans": ["Mara lights the lamp.", "A boat is seen in the rain.", "The bell is rung."],
    }
    told = [
        {
            "paragraph": f"Paragraph {number} tells of the lamp.",
            "rationale": "The lamp is new.",
            "memory": f"Mara keeps the lamp at Gull Point. She has seen {number} boats.",
            "plans": [f"Plan {letter}, after paragraph {number}." for letter in "abc"],
        }
        for number in (4, 5)
    ]
    from memagent.methods.recurrent import begin

    with Memory(":memory:", single_user=True) as kept:
        controller = Controller(ScriptedLLM([json.dumps(one) for one in (opening, *told)]), kept)
        found = [controller.run(begin(PREMISE)).value]
        for number in (2, 1):
            chosen = controller.run(choose(found[-1], select=lambda state, number=number: number)).value
            found.append(controller.run(step(chosen)).value)
    return found
