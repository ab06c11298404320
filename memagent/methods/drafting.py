"""An answer while it is written: what there is of it, what went wrong and was lived with, and how it ends.

What every method that writes in steps shares. A call that fails ends the answer with what there is; a search that fails
does not: after one that is late, or two in a row that fail, the rest is written without looking up.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from memagent.errors import Late, Stopped
from memagent.flow import Flow, gather, say
from memagent.methods.attempts import attempted
from memagent.methods.continuing import Piece, joined
from memagent.types import Answer, Hit, Part

FAILURES = 2
"""After so many searches in a row that fail, nothing more is looked up."""


@dataclass(kw_only=True)
class Draft:
    """One answer while it is written.

    Attributes:
        text: what stands.
        size: how many tokens it has, about.
        parts: how it came about.
        shown: passages that were shown for all of it, apart from those of the parts.
        problems: what went wrong and was lived with.
        notes: what was done in place of something that the model cannot do.
        searching: whether anything is looked up any more.
        failures: how many searches in a row have failed.
    """

    text: str = ""
    size: int = 0
    parts: list[Part] = field(default_factory=list)
    shown: list[Hit] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    searching: bool = True
    failures: int = 0

    def finished(self, writing: Flow[None]) -> Flow[Answer]:
        """Write, and return what there is, however it ended."""
        try:
            yield from writing
        except Stopped as error:
            self.problems.append(f"stopped: {error.message}")
        if not self.text.strip() and not self.problems:
            self.problems.append("the model wrote nothing")
        hits = once([*self.shown, *(hit for part in self.parts for hit in part.hits)])
        return Answer(self.text.strip(), tuple(hits), tuple(self.parts), tuple(self.problems), tuple(self.notes))

    def take(self, part: Part, size: int = 0) -> Flow[None]:
        """Put a part behind what stands, and say it."""
        yield from say(part.text)
        self.text = joined(self.text, part.text)
        self.parts.append(part)
        self.size += size

    def found(self, *searches: Flow[list[Hit]]) -> Flow[list[list[Hit]]]:
        """What some searches find, at once; nothing where they fail, or are not made any more."""
        if not self.searching or not searches:
            return []
        try:
            rankings, failed = yield from attempted(gather(*searches), loud=(Late,))
        except Late as error:
            rankings, failed, self.failures = None, error.message, FAILURES
        if rankings is None:
            self.failures += 1
            self.searching = self.failures < FAILURES
            self.problems.append(f"{failed}{'' if self.searching else '; the rest was written without looking up'}")
            return []
        self.failures = 0
        return rankings

    def called(self, call: Flow[Piece], most: int) -> Flow[Piece | None]:
        """What a call of up to `most` tokens adds, or nothing where it fails; that, and a filter, end the answer."""
        piece, failed = yield from attempted(call)
        if piece is None:
            self.problems.append(f"{failed}; the answer ends here")
            return None
        if piece.cut == "filter":
            self.problems.append("a reply was cut off by the backend's filter")
            return replace(piece, ended=True)
        if piece.cut and not piece.text:
            self.problems.append(f"the model thought aloud for {most} tokens and said nothing; give it more")
        return piece

    def is_new(self, piece: Piece) -> bool:
        """Whether a sentence says something, and what the answer does not have yet; repeating it is told."""
        if piece.text.strip() and piece.text.strip() in (part.text.strip() for part in self.parts):
            self.problems.append("the model began to repeat itself; the answer ends here")
            return False
        return bool(piece.text.strip())

    def cut_off(self, most: int) -> None:
        """Tell that the answer met its limit."""
        self.problems.append(f"the answer was cut off at max_tokens={most}")


def once(hits: Iterable[Hit]) -> list[Hit]:
    """Return the hits without those of a passage that is there already."""
    first: dict[tuple[str, str], Hit] = {}
    for hit in hits:
        first.setdefault((hit.id, hit.text), hit)
    return list(first.values())
