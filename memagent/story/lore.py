"""Which entries of a lorebook a prompt shows, and why: those that are called up, that stay, that are always there.

The rules, in the order in which they are asked of an entry:

1. It is enabled, and holds at this place of the story (`from`).
2. The story is long enough for it (`delay`), and it is `always` there; or it stays from an earlier paragraph
   (`sticky`); or the story is long enough, it is not resting (`cooldown`), and one of its keys is in the texts that
   are looked through, with what its secondary keys ask (`secondary_logic`).
3. What it says is looked through as well, and calls up others, so many times as `depth` says.
4. There is room for it: of those that come at the same time, the ones worth most are taken as long as they fit.

The same texts, history and entries always give the same: nothing is left to chance or to a clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from memagent.story.lore_entry import Entry
from memagent.story.lore_match import Key, Keys, Text
from memagent.story.manuscript import Place
from memagent.types import estimate_tokens

FIRST = Place(1)


@dataclass(frozen=True, slots=True)
class Fired:
    """An entry that a prompt shows: the text of it that holds now, why it is there, and about how many tokens."""

    entry: Entry
    text: str
    why: str

    @property
    def shown(self) -> str:
        """How the prompt shows it."""
        return f"## {self.entry.called}\n{self.text}"

    @property
    def tokens(self) -> int:
        """About how many tokens it takes."""
        return estimate_tokens(self.shown)


@dataclass(frozen=True, slots=True)
class Held:
    """An entry that was called up, and why the prompt does not show it."""

    entry: Entry
    why: str


@dataclass(frozen=True, slots=True)
class Firing:
    """What came of looking: the entries to show, in their order, and those that were called up and are held back."""

    fired: tuple[Fired, ...] = ()
    held: tuple[Held, ...] = ()

    @property
    def text(self) -> str:
        """What the prompt shows of the lorebook; empty where nothing fired."""
        return "\n\n".join(one.shown for one in self.fired)

    @property
    def stems(self) -> tuple[str, ...]:
        """Who fired, for the history of the next paragraphs."""
        return tuple(one.entry.stem for one in self.fired)

    @property
    def tokens(self) -> int:
        """About how many tokens it takes."""
        return sum(one.tokens for one in self.fired)


@dataclass(frozen=True, slots=True)
class Moment:
    """When it is looked.

    Attributes:
        number: of the paragraph that is to be written, from 1.
        place: where in the story that is.
        history: the paragraphs before it for which each entry fired, by its stem, in ascending order.
    """

    number: int = 1
    place: Place = FIRST
    history: Mapping[str, Sequence[int]] = field(default_factory=dict)


class Lorebook:
    """The entries of a story, made ready to be looked for. Making it takes longer than looking."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries = tuple(sorted(entries, key=lambda one: (one.order, one.stem)))
        self._primary = {one.stem: _keys(one, one.primary) for one in self.entries}
        self._secondary = {one.stem: _keys(one, one.secondary) for one in self.entries}
        self._keys = Keys(chain(*self._primary.values(), *self._secondary.values()))
        self._uncalled = [one for one in self.entries if one.enabled and (one.always or one.sticky)]
        self._called: dict[Key, list[Entry]] = {}
        for one in self.entries:
            for key in self._primary[one.stem]:
                self._called.setdefault(key, []).append(one)

    def fire(self, texts: Sequence[Text], moment: Moment, *, budget: int = 0, depth: int = 2) -> Firing:
        """Return which entries are to be shown beside some texts, and why.

        Args:
            texts: what is looked through, the likest first to be told as the reason.
            moment: the paragraph, its place, and what fired before.
            budget: about how many tokens the entries may take; 0 for any number.
            depth: how often what has fired is looked through again.
        """
        look = _Look(moment, budget)
        for one in self._uncalled:
            if one.from_ <= moment.place:
                if one.always and moment.number <= one.delay:
                    look.hold(one, "always", f"it waits for {one.delay} paragraphs")
                elif one.always:
                    look.consider(one, "always")
                elif (left := _stays(one, moment)) is not None:
                    look.consider(one, _staying(left))
        look.take()
        direct = found = self._keys.find(texts)
        self._call_up(look, found, direct)
        said = list(look.fired)
        for _ in range(depth):
            texts = [Text(f"lore: {one.entry.called}", one.text) for one in said if not one.entry.prevent_recursion]
            if not texts:
                break
            found = {**self._keys.find(texts), **found}
            said = self._call_up(look, found, direct)
        return look.firing()

    def _call_up(self, look: _Look, found: Mapping[Key, str], direct: Mapping[Key, str]) -> list[Fired]:
        """Weigh all entries of which a key was found, and return those that are new and for which there is room."""
        called = {one.stem: one for key in found for one in self._called.get(key, ())}
        for one in called.values():
            where = direct if one.exclude_recursion else found
            key = next((key for key in self._primary[one.stem] if key in where), None)
            if key is not None and one.stem not in look.seen:
                self._weigh(look, one, key, where)
        return look.take()

    def _weigh(self, look: _Look, one: Entry, key: Key, found: Mapping[Key, str]) -> None:
        """Let an entry whose key was found come up, or hold it back."""
        why = f"{_told(key)} in {found[key]}"
        secondary = self._secondary[one.stem]
        there = [other for other in secondary if other in found]
        if not one.enabled:
            look.hold(one, why, "it is not enabled")
        elif one.from_ > look.moment.place:
            look.hold(one, why, f"it holds from {one.from_} on")
        elif look.moment.number <= one.delay:
            look.hold(one, why, f"it waits for {one.delay} paragraphs")
        elif (rests := _rests(one, look.moment)) is not None:
            look.hold(one, why, f"it rests up to ¶{rests}")
        elif secondary and not _agrees(one.secondary_logic, len(there), len(secondary)):
            look.hold(one, why, _lacking(one), again=True)
        else:
            look.consider(one, f"{why}, with {', '.join(map(_told, there))}" if there else why)


@dataclass(slots=True)
class _Look:
    """What one look has come to so far: what has fired, what waits to be weighed against the budget, what is held."""

    moment: Moment
    budget: int
    fired: list[Fired] = field(default_factory=list)
    held: dict[str, Held] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    waiting: list[Fired] = field(default_factory=list)
    used: int = 0

    def consider(self, one: Entry, why: str) -> None:
        self.seen.add(one.stem)
        self.held.pop(one.stem, None)
        if text := one.text_at(self.moment.place):
            self.waiting.append(Fired(one, text, why))

    def hold(self, one: Entry, why: str, because: str, *, again: bool = False) -> None:
        self.held[one.stem] = Held(one, f"{why}, but {because}")
        if not again:
            self.seen.add(one.stem)

    def take(self) -> list[Fired]:
        """Take what waits, the worthiest first, as long as there is room; return what was taken."""
        taken = []
        for one in sorted(self.waiting, key=lambda one: (-one.entry.worth, one.entry.order, one.entry.stem)):
            tokens = one.tokens
            if self.budget and self.used + tokens > self.budget:
                room = max(0, self.budget - self.used)
                self.held[one.entry.stem] = Held(
                    one.entry, f"{one.why}, but its {tokens} tokens exceed the {room} left"
                )
                continue
            self.used += tokens
            taken.append(one)
        self.waiting.clear()
        self.fired += taken
        return taken

    def firing(self) -> Firing:
        fired = sorted(self.fired, key=lambda one: (one.entry.order, one.entry.stem))
        held = sorted(self.held.values(), key=lambda one: (one.entry.order, one.entry.stem))
        return Firing(tuple(fired), tuple(held))


def _keys(entry: Entry, written: Iterable[str]) -> tuple[Key, ...]:
    return tuple(Key(one, entry.case_sensitive, entry.whole_words) for one in written if one.strip())


def _called_up(entry: Entry, moment: Moment) -> int | None:
    """For which paragraph an entry was called up last; those for which it only stayed do not count."""
    start: int | None = None
    for number in moment.history.get(entry.stem, ()):
        if number < moment.number and (start is None or number > start + entry.sticky):
            start = number
    return start


def _stays(entry: Entry, moment: Moment) -> int | None:
    """For how many paragraphs behind this one an entry stays; `None` where it does not."""
    start = _called_up(entry, moment) if entry.sticky else None
    left = start + entry.sticky - moment.number if start is not None else -1
    return left if left >= 0 else None


def _staying(left: int) -> str:
    if not left:
        return "stays for the last time"
    return f"stays for {left} more paragraph{'s' * (left > 1)}"


def _rests(entry: Entry, moment: Moment) -> int | None:
    """Up to which paragraph an entry rests; `None` where it does not."""
    start = _called_up(entry, moment) if entry.cooldown else None
    if start is None or moment.number > start + entry.sticky + entry.cooldown:
        return None
    return start + entry.sticky + entry.cooldown


def _agrees(logic: str, there: int, all_of_them: int) -> bool:
    return {"any": there > 0, "all": there == all_of_them, "not any": not there, "not all": there < all_of_them}[logic]


def _lacking(entry: Entry) -> str:
    words = ", ".join(f"“{one}”" for one in entry.secondary)
    return {
        "any": f"none of {words} is there",
        "all": f"not all of {words} are there",
        "not any": f"one of {words} is there",
        "not all": f"all of {words} are there",
    }[entry.secondary_logic]


def _told(key: Key) -> str:
    return f"“{key.written}”"
