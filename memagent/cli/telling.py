"""Telling a run of a story while it goes on: the prose as it comes, and after each paragraph what it used and cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from memagent.cli.console import (
    COLUMNS,
    ProseOut,
    dim,
    emit,
    harmless,
    money,
    pieced,
    plural,
    say,
    shortened,
    spent,
    wrapped,
)
from memagent.cli.story_facts import tell_findings
from memagent.cli.story_held import asked
from memagent.cli.story_lore_told import left_out
from memagent.cli.story_tell import reasons
from memagent.controller import Controller
from memagent.flow import Event, Generate, StepStarted, TokenReceived
from memagent.methods.recurrent import State
from memagent.sentences import count_words, split_sentences
from memagent.story.book import Story, quote
from memagent.story.finding import Finding
from memagent.story.holding import Decision, Held
from memagent.story.prose import ProseStream
from memagent.story.writing import Progress, Target, words
from memagent.types import Usage

_PROSE = {"recurrent/begin", "recurrent/step"}


@dataclass(frozen=True)
class Options:
    """The options of the command, as click gives them."""

    asking: bool
    count: int | None
    until: Target | None
    select: str | None
    model: str | None
    max_cost: float | None
    max_tokens: int | None
    max_calls: int | None
    max_seconds: float | None
    stream: bool
    as_json: bool
    quiet: bool
    held: Decision | None = None
    terminal: bool = False


class Teller:
    """Shows a run: prose as it is written, and after each paragraph what it used and cost."""

    def __init__(self, story: Story, options: Options, *, streaming: bool) -> None:
        self.story, self.options = story, options
        self.out = ProseOut()
        self.streaming = streaming and self.out.terminal and not options.as_json
        self.progress = Progress(on_written=self.written, on_findings=self.found, asking=options.asking)
        if options.terminal and not options.as_json:
            self.progress.decide = self.decided
        self._prose = ProseStream()
        self._read = ""  # a paragraph that waits, and has been shown
        self._controller: Controller | None = None
        self._memory = ""

    def begin(self, controller: Controller) -> None:
        """Say who writes, and what was edited by hand since."""
        quiet, self._controller = self.options.quiet, controller
        self._memory = self.story.state.memory if self.story.state else ""
        say(dim(f"{self.story.folder}: {controller.llm.name} writes"), quiet=quiet)
        self._tell_adopted()
        _ = self.story.start  # before a goal is set: it may have to be read first
        language = self.story.config.language
        if controller.llm.name == "offline" and language.casefold() != "english":
            say(f"offline writes English only; for {language}, choose a model with -m", quiet=quiet)

    def _tell_adopted(self) -> None:
        while self.story.adopted:
            say(f"taken up: {self.story.adopted.pop(0)}", quiet=self.options.quiet)

    def hear(self, event: Event) -> None:
        """Show prose as it comes."""
        if not self.streaming:
            return
        if isinstance(event, StepStarted) and isinstance(event.step, Generate) and event.step.request.label in _PROSE:
            if self._prose.shown:
                self.out.write("\n\n")
                self.out.end()
                say("[that draft could not be used; another one follows]")
            self._prose = ProseStream()
        if isinstance(event, TokenReceived) and event.label in _PROSE:
            self.out.write(self._prose.feed(event.text))

    def written(self, state: State, usage: Usage) -> None:
        """Show what is now safe on disk."""
        self._tell_adopted()
        if self.options.as_json:
            first = state.paragraphs - len(state.written) + 1
            for number, text in enumerate(state.written, first):
                emit({"type": "paragraph", "number": number, "text": text})
            emit({"type": "recall", "found": [asdict(one) for one in self.progress.recalled]})
            emit({"type": "usage", "calls": usage.calls, "tokens": usage.tokens, "cost": usage.cost})
            return
        text = "\n\n".join(state.written)
        if text != self._read:
            self._finish_prose(text)
        if not self.options.quiet:
            self._tell(state, usage)

    def decided(self, held: Held) -> Decision:
        """Show a paragraph that contradicts something, and ask what is to become of it."""
        if held.text != self._read:
            self._finish_prose(held.text)
        decision = asked(self.story, held)
        self._read = "" if decision.what == "again" or decision.text else held.text
        return decision

    def found(self, findings: Sequence[Finding], problems: Sequence[str]) -> None:
        """Show what the new paragraph contradicts."""
        tell_findings(findings, problems, quiet=self.options.quiet, as_json=self.options.as_json)

    def held_back(self, held: Held) -> None:
        """Show a paragraph that is put aside, where nobody has been asked about it: on standard error, as it is not
        in the story; as JSON on standard output.
        """
        self.out.end()
        if self.options.as_json:
            why = [one.text for one in held.findings]
            emit({"type": "held", "where": str(held.place), "text": held.text, "contradicts": why})
        elif held.text not in (self._read, self._prose.shown):
            say(wrapped(f"\n{harmless(held.text)}\n"))

    def stopped(self) -> None:
        """End the line that was being written."""
        self.out.end()

    def close(self) -> None:
        """Let what waits out, whatever happened."""
        self.out.end()

    def done(self) -> None:
        """Say what there is now and how to look at it."""
        record = self.story.record
        if self.options.as_json:
            emit({"type": "done", "paragraphs": len(record.paragraphs), "words": words(record.paragraphs)})
        if self.options.quiet or self.options.asking:
            return
        counts = f"{plural(len(record.paragraphs), 'paragraph')}, {plural(words(record.paragraphs), 'word')}"
        say(
            f"{counts}, {money(record.usage.cost)} in all.\n"
            f"Its memory: memagent story memory show {quote(self.story.folder)}"
        )

    def _finish_prose(self, text: str) -> None:
        shown, self._prose = self._prose.shown, ProseStream()
        if not text.startswith(shown):
            self.out.write("\n\n")
            shown = ""
        self.out.write(text[len(shown) :] + "\n\n")
        self.out.end()

    def _tell(self, state: State, usage: Usage) -> None:
        first = state.paragraphs - len(state.written) + 1
        where = f"¶{first}" if len(state.written) == 1 else f"¶{first}-{state.paragraphs}"
        words = plural(sum(map(count_words, state.written)), "word")
        say(dim(pieced(f"── {where}: {words}", *self._place(), spent(usage), self._in_all())))
        changes = memory_changes(self._memory, state.memory) if self._memory else []
        self._memory = self.story.state.memory if self.story.state else state.memory
        for line in changes:
            say(dim(f"   {line}"))
        reasons(self.progress.recalled)
        if shown := self.story.record.lore.get(state.paragraphs):
            say(dim("   " + shortened(f"lore: {', '.join(shown)}", COLUMNS - 5)))
        if missing := left_out(self.progress.lore):
            told = f"{', '.join(missing)}: to be there always, and left out, for lore_budget of story.toml is used up"
            say(wrapped(f"   {told}", indent="   "))

    def _place(self) -> list[str]:
        """Say how far the newest paragraph's chapter is, in a story that has chapters."""
        record, where = self.story.record, self.story.standing
        number = record.chapter_of(len(record.paragraphs))
        if number < 2 and not where.asked:
            return []
        got = words(record.chapter_texts()[number - 1][1])
        asked = f" of {where.asked:,}" if where.asked and where.chapter == number else ""
        of = f" of {where.total}" if where.total else ""
        return [f"ch.{number}{of}, {got:,}{asked} words"]

    def _in_all(self) -> str:
        """Say what the story has cost, and how much of the run's limit is used."""
        options, total = self.options, self.story.record.usage
        run = self._controller.usage if self._controller else total
        if options.max_cost is not None:
            return f"{money(run.cost)} of the limit of {money(options.max_cost)}"
        if options.max_tokens is not None:
            return f"{run.tokens:,} of the limit of {options.max_tokens:,} tokens"
        if options.max_calls is not None:
            return f"{run.calls:,} of the limit of {plural(options.max_calls, 'call')}"
        return f"in all {total.tokens:,} tokens, {money(total.cost)}"


def memory_changes(before: str, now: str) -> list[str]:
    """Return what of the short memory is gone and what is new, by sentences: a line each of at most 76 columns."""
    old, new = split_sentences(before), split_sentences(now)
    gone, come = [one for one in old if one not in new], [one for one in new if one not in old]
    lines = []
    for sign, ones in (("−", gone), ("+", come)):
        if ones:
            more = f" (and {len(ones) - 1} more)" if len(ones) > 1 else ""
            lines.append(f"memory {sign} {shortened(ones[-1], COLUMNS - 12 - len(more))}{more}")
    return lines
