"""An answer while it is written: what there is of it, what went wrong and was lived with, and how it ends.

What every method that writes in steps shares. A call that fails ends the answer with what there is; a search that fails
does not: after one that is late, or two in a row that fail, the rest is written without looking up.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from memagent.errors import Late, Stopped
from memagent.flow import Flow, gather, say
from memagent.methods.attempts import attempted, carry, in_words
from memagent.methods.continuing import Piece, joined
from memagent.methods.thinking import READ
from memagent.methods.writer import Writer
from memagent.types import Answer, Hit, Part

BROKEN_OFF = "what had come of a call that was broken off"
FAILURES = 2
"""After so many searches in a row that fail, nothing more is looked up."""


@dataclass(kw_only=True)
class Draft:
    """One answer while it is written.

    Attributes:
        writer: what writes it.
        text: what stands.
        size: how many tokens it has, about.
        parts: how it came about.
        shown: passages that were shown for all of it, apart from those of the parts.
        problems: what went wrong and was lived with.
        notes: what was done in place of something that the model cannot do.
        searching: whether anything is looked up any more.
        failures: how many searches in a row have failed.
    """

    writer: Writer | None = None
    text: str = ""
    size: int = 0
    parts: list[Part] = field(default_factory=list)
    shown: list[Hit] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    searching: bool = True
    failures: int = 0

    def finished(self, writing: Flow[None]) -> Flow[Answer]:
        """Write, and return what there is, however it ended: of a call in which it was stopped, what had come of it.

        An error that comes out carries what there is as `error.partial`.
        """
        try:
            yield from writing
        except Stopped as error:
            self.problems.append(f"stopped: {error.message}")
            if self.writer and self.writer.late and (said := self.kept_of(self.writer.late.text)).strip():
                self.text = joined(self.text, said)
                self.parts.append(Part(said, said, "kept" if self.parts else "first", BROKEN_OFF))
        except Exception as error:
            if self.text.strip():
                carry(error, self._answer(f"the run ended: {in_words(error)}"))
            raise
        return self._answer("" if self.text.strip() or self.problems else "the model wrote nothing")

    def _answer(self, problem: str) -> Answer:
        self.problems += [problem] * bool(problem)
        hits = once([*self.shown, *(hit for part in self.parts for hit in part.hits)])
        return Answer(self.text.strip(), tuple(hits), tuple(self.parts), tuple(self.problems), tuple(self.notes))

    def kept_of(self, said: str) -> str:
        """What is kept of what the model had said when it was broken off; methods with marks in the text cut them."""
        return said

    def take(self, part: Part, size: int = 0, gap: str | None = None) -> Flow[None]:
        """Put a part behind what stands, and say it; `gap` is the white space that the model wrote behind it."""
        if self.writer:
            self.writer.gap = gap
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
        """What a call of up to `most` tokens adds, or nothing where it fails; that, and a filter, end the answer.

        What had come of a call when it failed is what it adds.
        """
        piece, failed = yield from attempted(call)
        if piece is None:
            self.problems.append(f"{failed}; the answer ends here")
            return None
        if piece.failed:
            self.problems.append(f"{piece.failed}; the answer ends with what had come of it")
        if piece.over_long and OVER_LONG not in self.problems:
            self.problems.append(OVER_LONG)
        if piece.unjoined:
            self.note_once(UNJOINED)
        if piece.unsaid:
            self.note_once(UNSAID)
        if piece.repeated:
            self.note_once(REPEATS)
        if piece.cut == "filter":
            self.problems.append("a reply was cut off by the backend's filter")
            return replace(piece, ended=True)
        if piece.cut and not piece.text:
            if piece.repeated:
                tokens = "1 token" if piece.repeated == 1 else f"{piece.repeated} tokens"
                why = f"repeated {tokens} of the answer in place of going on; the answer ends here"
            else:
                why = f"thought aloud for {most} tokens and said nothing; give it more"
            self.problems.append(f"the model {why}")
        return piece

    def note_once(self, text: str) -> None:
        """Note something, once."""
        if text not in self.notes:
            self.notes.append(text)

    def is_new(self, piece: Piece) -> bool:
        """Whether a sentence says something, and what the answer does not have yet; repeating it is told."""
        if self.is_old(piece):
            self.problems.append("the model began to repeat itself; the answer ends here")
            return False
        return bool(piece.text.strip())

    def is_old(self, piece: Piece) -> bool:
        """Whether a sentence stands in the answer already."""
        return bool(piece.text.strip()) and piece.text.strip() in (part.text.strip() for part in self.parts)

    def cut_off(self, most: int) -> None:
        """Tell that the answer met its limit."""
        self.problems.append(f"the answer was cut off at max_tokens={most}")


UNSAID = (
    "the backend does not say why its replies end: one that is as long as it may be, or ends within a sentence, is "
    "taken for cut off"
)
OVER_LONG = f"a reply had more than {READ:,} characters; the rest was not read"
UNJOINED = "the backend's tokens do not join to its text: the text is used, and confidence cannot be taken from them"
REPEATS = "the model repeats the answer before it goes on: what it repeats is left out, and it is given room for it"


def once(hits: Iterable[Hit]) -> list[Hit]:
    """Return the hits without those of a passage that is there already."""
    first: dict[tuple[str, str], Hit] = {}
    for hit in hits:
        first.setdefault((hit.id, hit.text), hit)
    return list(first.values())
