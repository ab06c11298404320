"""Whether a revision is taken, and where the steps are in it. Lexical throughout: no model is asked.

A reviser may lose what stood there before, answer with an apology, or write on without end. What it returns is taken
only if it passes the tests here; otherwise the text stays as it was, with the reason on record.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from memagent.differences import differences
from memagent.methods.rat_reading import paragraphs, split_steps
from memagent.sentences import split_sentences
from memagent.terms import STOP_WORDS, terms, tokens
from memagent.types import Change, Hit

_PIECE = re.compile(r"\s*\S+\s*")
SLACK = 200
"""Characters that a revision may always add: three times a step of four words is no room for a fact."""


GROUNDED = 0.3
"""The least share of a revision's telling words that come from the task, the steps or the passages.

Chosen on replies in nine languages, all written by hand (`tests/methods/test_rat_replies.py`); their shares:
26 revisions 0.40 to 1.00, 30 others to 0.25. Twelve more in four languages, written afterwards, came out right as well.
An excuse that names most of what the step is about has its words and passes; so does one beside the whole step. A
revision in a language that neither task nor step nor passages have is refused.
"""

NOTHING_TO_CHANGE = "the reviser found nothing to change"
_UNCHANGED = re.compile(
    r"\bno (?:further )?(?:changes?|corrections?|revisions?|edits?|modifications?)\b|\bnothing to (?:change|correct)"
    r"|\bunchanged\b|\bas (?:it|they) (?:is|are|stands?)\b|\bkeine änderung|\baucune (?:modification|correction)"
    r"|inchangé|\bningún cambio|изменения не|无需修改|保持不变|修正の必要は|لا حاجة إلى أي تغيير",
    re.IGNORECASE,
)


def telling(text: str) -> frozenset[str]:
    """Return the beginnings of the words that say what a text is about, and pairs of characters of spaceless scripts.

    Words of one or two letters, which no list of stop words has for every language, count only where nothing else does.
    Five letters stand for a word and its endings.
    """
    found = {" ".join(term) for term in terms(text, limit=len(text) + 1)}
    longer = {term for term in found if len(term) > 2 or any(map(str.isdigit, term))} or found
    return frozenset(term if " " in term or term.isdigit() else term[:5] for term in longer)


def grounded(after: str, sources: Sequence[str]) -> float:
    """Return the share of the telling words of `after` that one of `sources` has, in [0, 1]; 1 where it has none."""
    wanted = telling(after)
    return len(wanted & telling("\n".join(sources))) / len(wanted) if wanted else 1.0


def astray(after: str, sources: Sequence[str]) -> str:
    """Return why a text is about something else than its sources: an apology, an excuse; '' where it is not."""
    if (share := grounded(after, sources)) >= GROUNDED:
        return ""
    if _UNCHANGED.search(after):
        return NOTHING_TO_CHANGE
    return (
        f"it says something else: {share:.0%} of its words are from the task, the steps or the passages, "
        f"{GROUNDED:.0%} must be"
    )


def words(text: str) -> frozenset[str]:
    """Return the words of a text that say something, folded; all of them where none does."""
    found = frozenset(tokens(text).split())
    return found - STOP_WORDS or found


def kept_of(earlier: str, text: str) -> float:
    """Return the share of the words of `earlier` that stand in `text`, in [0, 1]; 1 where it has none."""
    wanted = words(earlier)
    return len(wanted & words(text)) / len(wanted) if wanted else 1.0


def refusal(after: str, earlier: Sequence[str], draft: str, ratio: tuple[float, float], survival: float) -> str:
    """Return why a revision is not taken, in words; '' where it is.

    Args:
        after: what came back, cleaned.
        earlier: the steps before the newest that were to be revised with it and must survive.
        draft: the newest step, as it was drafted: however often it is revised, it does not grow without end.
        ratio: the least length of `after` as a multiple of earlier steps and draft, and the greatest as a multiple of
            the draft, besides the earlier steps; `SLACK` more is always allowed.
        survival: the share of each earlier step's words that `after` must have.
    """
    if not any(character.isalnum() for character in after):
        return "the reviser returned nothing"
    before = sum(map(len, earlier))
    least, most = ratio[0] * (before + len(draft)), before + ratio[1] * len(draft) + SLACK
    if not least <= len(after) <= most:
        return f"it has {len(after)} characters where {least:.0f} to {most:.0f} were allowed"
    for number, step in enumerate(earlier, 1):
        if (share := kept_of(step, after)) < survival:
            return f"it lost step {number}: {share:.0%} of its words are left, {survival:.0%} must be"
    return ""


def located(text: str, steps: Sequence[str]) -> list[str]:
    """Return `text` cut into as many pieces as there are steps, each the one most like its step, in their order.

    It is cut between numbered steps where their number is right, else between paragraphs, lines or sentences, whichever
    are the first that are enough. Empty where not even sentences are.
    """
    blocks = _blocks(text, len(steps))
    if len(blocks) < len(steps):
        return []
    joint = "\n\n" if "\n\n" in text else "\n" if "\n" in text else " "
    ends = _ends([words(block) for block in blocks], [words(step) for step in steps])
    starts = [0, *ends[:-1]]
    return [joint.join(blocks[start:end]) for start, end in zip(starts, ends, strict=True)]


def credited(hits: Sequence[Hit], before: str, after: str) -> list[Change]:
    """Return what each passage of a revision that was taken changed; one after the other they lead to `after`.

    A stretch that was exchanged belongs to the passage with the most of its new words, to the first of several, and it
    is `taken` from that alone. What has no new word of any passage goes with the first that gave some.
    """
    new = words(after) - words(before)
    shares = [new & words(f"{hit.title} {hit.text}") for hit in hits]
    old, now = _PIECE.findall(before), _PIECE.findall(after)
    edits = [
        (a, b, now[c:d], _giver(now[c:d], shares)) for kind, a, b, c, d in differences(old, now) if kind != "equal"
    ]
    owned = {giver for *_, giver in edits if giver is not None}
    first = min(owned, default=0)
    placed = [(a, b, put, first if giver is None else giver) for a, b, put, giver in edits]
    texts = [before, *("".join(_edited(old, placed, number)) for number in range(len(hits) - 1)), after]
    changes = []
    for number, (hit, share, (start, end)) in enumerate(zip(hits, shares, pairwise(texts), strict=True)):
        why = f"{len(share)} of {len(new)} new words are in the passage" if new else "no word is new"
        others = ", and others had them" if share and number not in owned else ""
        changes.append(Change(hit, start, end, number in owned, why + others))
    return changes


def _giver(put: Sequence[str], shares: Sequence[frozenset[str]]) -> int | None:
    """Which passage has the most of the new words that were put in; none where no passage has any."""
    found = frozenset(tokens(" ".join(put)).split())
    counts = [len(share & found) for share in shares]
    return counts.index(max(counts)) if any(counts) else None


def _edited(old: Sequence[str], edits: Sequence[tuple[int, int, list[str], int]], last: int) -> Iterator[str]:
    """Yield a text's pieces after the edits of all passages up to `last`."""
    at = 0
    for start, end, put, giver in edits:
        if giver <= last:
            yield from old[at:start]
            yield from put
            at = end
    yield from old[at:]


def _blocks(text: str, least: int) -> list[str]:
    if least == 1:
        return [text]
    numbered = split_steps(text, len(text))
    if len(numbered) == least:
        return numbered
    ways = (paragraphs(text), [line for line in text.split("\n") if line.strip()])
    return next((blocks for blocks in ways if len(blocks) >= least), None) or split_sentences(text)


def _ends(blocks: Sequence[frozenset[str]], steps: Sequence[frozenset[str]]) -> list[int]:
    """Where each step ends among the blocks, so that likenesses add up to the most and every step has a block.

    Dynamic programming over (step, block): a block belongs to the step of the one before it or to the next.
    """
    best = [[float("-inf")] * len(blocks) for _ in steps]
    stays = [[False] * len(blocks) for _ in steps]
    for place, block in enumerate(blocks):
        for number, step in enumerate(steps[: place + 1]):
            stay = best[number][place - 1] if place else float("-inf")
            come = best[number - 1][place - 1] if number and place else (0.0 if place == number == 0 else float("-inf"))
            stays[number][place] = stay > come  # what is like neither goes with what stands before it
            best[number][place] = max(stay, come) + len(block & step) / (len(block) or 1)
    ends = [len(blocks)] * len(steps)
    number = len(steps) - 1
    for place in range(len(blocks) - 1, 0, -1):
        if not stays[number][place]:
            number -= 1
            ends[number] = place
    return ends
