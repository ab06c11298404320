"""Taking a revision of RAT back, or taking one that was refused: in the answer that is there, and without a call.

Later steps were looked up and revised with the revision before them; they stay as they are. To have them follow, run
the method again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from memagent.differences import word_changes
from memagent.errors import UsageProblem
from memagent.methods.rat_domains import in_form
from memagent.methods.rat_revision import located
from memagent.types import Answer, Change, Part

TAKEN_BACK = "taken back by hand"
TAKEN = "taken by hand"
_AROUND = 3  # words on each side by which a stretch is found again


def reject(answer: Answer, *numbers: int) -> Answer:
    """Return an answer of `rat` with the revisions of some steps taken back: their drafts stand there again.

    Where the answer is the steps themselves, it is made of them anew. Where a last call told them in other words, the
    words that the revision had brought are exchanged in its text for those of the draft; if they do not stand there
    exactly once, the answer is the steps joined, and `notes` says so. What later steps were looked up with and revised
    by had the revision in it: they saw it, and stay as they are. `accept` takes it again.

    Args:
        answer: the answer; it is not changed.
        numbers: the steps, from 1.

    Raises:
        UsageProblem: there is no such step, or it was not revised.
    """
    parts = list(answer.parts)
    for number in numbers:
        part = _part(answer, number)
        if part.decision != "revised":
            raise UsageProblem(f"step {number} was not revised: {part.decision}", hint=_which(answer, "revised"))
        domain = "planning" if part.text.lstrip().startswith("STEP") else ""
        changes = tuple(replace(change, taken=False, why=TAKEN_BACK) for change in part.changes)
        text = _blank(part) + in_form(part.draft, number, domain)
        parts[number - 1] = replace(part, text=text, decision="kept", why=TAKEN_BACK, changes=changes)
    return _told(answer, parts, numbers)


def accept(answer: Answer, *numbers: int) -> Answer:
    """Return an answer of `rat` with revisions that were refused, or taken back, in it; like `reject` otherwise.

    Of a revision of the whole text so far, only what it makes of its own step is taken.

    Raises:
        UsageProblem: there is no such step, it has no such revision, or its text cannot be told from that before it.
    """
    parts = list(answer.parts)
    for number in numbers:
        part = _part(answer, number)
        if (change := refused(part)) is None:
            raise UsageProblem(f"step {number} has no revision that was refused", hint=_which(answer, "refused"))
        text = _of_step(parts, number, change)
        changes = tuple(replace(one, taken=one is change or one.taken) for one in part.changes)
        parts[number - 1] = replace(part, text=_blank(part) + text, decision="revised", why=TAKEN, changes=changes)
    return _told(answer, parts, numbers)


def refused(part: Part) -> Change | None:
    """Return the last revision of a step that changes it and was refused or taken back; `None` where there is none."""
    found = [one for one in part.changes if is_refused(part, one)]
    return found[-1] if found else None


def is_refused(part: Part, change: Change) -> bool:
    """Whether a change was refused or taken back.

    One that is not `taken` may stand in the text as well: then none of its words are a passage's. That of one that was
    refused is told in the part.
    """
    return not change.taken and changes_words(change) and bool(change.why) and change.why in part.why


def changes_words(change: Change) -> bool:
    """Whether a change changes more than blanks."""
    return change.after.split() != change.before.split()


def _part(answer: Answer, number: int) -> Part:
    if not 1 <= number <= len(answer.parts):
        raise UsageProblem(f"there is no step {number}", hint=f"The answer has {len(answer.parts)} steps.")
    return answer.parts[number - 1]


def _which(answer: Answer, what: str) -> str:
    found = [
        str(number)
        for number, part in enumerate(answer.parts, 1)
        if (part.decision == "revised" if what == "revised" else refused(part))
    ]
    return f"Steps with one that was {what}: {', '.join(found)}." if found else f"No step has one that was {what}."


def _of_step(parts: Sequence[Part], number: int, change: Change) -> str:
    """What a revision makes of its own step: all of it, or the last of the steps that it has."""
    part, begun = parts[number - 1], parts[number - 1].changes[0].before.split()
    if number == 1 or begun in (part.text.split(), part.draft.split()):
        return change.after.strip()
    steps = located(change.after, [one.text.strip() for one in parts[:number]])
    if not steps:
        raise UsageProblem(
            f"the revision of step {number} cannot be told from the steps before it", hint="Leave it as it is."
        )
    return steps[-1].strip()


def _blank(part: Part) -> str:
    return part.text[: len(part.text) - len(part.text.lstrip())]


def _told(answer: Answer, parts: Sequence[Part], numbers: Sequence[int]) -> Answer:
    """The answer with other parts, and a text that follows them."""
    old, new = ("".join(part.text for part in some).strip() for some in (answer.parts, parts))
    text: str | None = new if answer.text.strip() == old else answer.text
    if text != new:
        for number in numbers:
            text = text and exchanged(text, answer.parts[number - 1].text.strip(), parts[number - 1].text.strip())
    if text is not None:
        return replace(answer, text=text, parts=tuple(parts))
    note = f"the answer tells step {', '.join(map(str, numbers))} in other words: it is the steps joined now"
    return replace(answer, text=new, parts=tuple(parts), notes=(*answer.notes, note))


def exchanged(text: str, old: str, new: str) -> str | None:
    """Return a text in which what differs between two others is as in the new one.

    `None` where a stretch of the old one cannot be found exactly once, with up to three words on each side.
    """
    if old and text.count(old) == 1:
        return text.replace(old, new)
    changes = list(word_changes(old, new))
    for at, (_, gone, come) in enumerate(changes):
        if not gone.strip() and not come.strip():
            continue
        before = changes[at - 1][0].split() if at else []
        after = changes[at + 1][0].split() if at + 1 < len(changes) else []
        for size in range(_AROUND, -1, -1):
            left, right = before[len(before) - size :] if size else [], after[:size]
            sought, put = (" ".join([*left, *words.split(), *right]) for words in (gone, come))
            if sought and text.count(sought) == 1:
                text = text.replace(sought, put)
                break
        else:
            return None
    return text
