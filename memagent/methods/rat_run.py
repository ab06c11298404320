"""One run of RAT: the steps, how each is looked up and revised, and what is told of it. See `rat`."""

from __future__ import annotations

from dataclasses import replace

from memagent.errors import BackendError, Stopped
from memagent.flow import Flow, gather, generate
from memagent.methods.attempts import in_words
from memagent.methods.plain import numbered
from memagent.methods.rat_calls import Found, cut_short, nothing_in, say, search
from memagent.methods.rat_chatter import left_out, without_chatter, without_offers
from memagent.methods.rat_domains import KINDS, Made, in_form, made_and_tested, made_by_program, made_in_words
from memagent.methods.rat_gate import draft_tokens, how_sure, tokens_of
from memagent.methods.rat_options import Options
from memagent.methods.rat_reading import capped, query_in, revision_in, split_by_rules, split_steps, tidy
from memagent.methods.rat_revision import NOTHING_TO_CHANGE, astray, credited, kept_of, located, refusal
from memagent.methods.rat_steps import StepInWork, passages_of, shown_together
from memagent.methods.thinking import spoken
from memagent.prompts import fill
from memagent.sentences import keep_last
from memagent.types import Answer, Change, Completion, Hit, Token

NOTHING_YET = "(nothing yet)"
_READ = 200_000  # characters of a draft: all of it is compared with what comes back, again and again
_QUERY_TOKENS = 100
_FAILURES = 3  # calls in a row, after which no step is looked up any more


class Run:
    """One run: the steps so far and what went wrong. Searches that go out at once change nothing of it."""

    def __init__(self, task: str, options: Options) -> None:
        self.task = task
        self.options = options
        self.kind = KINDS[options.domain]
        self.steps: list[StepInWork] = []
        self.problems: list[str] = []
        self.notes: list[str] = []
        self.draft = ""
        self.at = 0
        self._tokens: tuple[Token, ...] = ()  # of the draft
        self._given_up = ""  # why nothing more is looked up, in words
        self._failures = 0  # calls in a row

    def drafted(self) -> Flow[None]:
        """Ask for the draft. One call; of one that fails, what had come is the draft, and if nothing had, it raises."""
        limits = self.options.limits
        try:
            reply = yield from generate(
                fill(f"rat/draft_{self.options.domain}", task=self.task, most=str(self.options.max_steps)),
                max_tokens=limits.max_tokens,
                temperature=0.0,
                logprobs=self.options.gate == "logprobs",
                timeout=limits.timeout,
                label=f"rat/draft_{self.options.domain}",
            )
        except (BackendError, Stopped) as error:
            self.draft = spoken(error.said)
            if isinstance(error, Stopped) or not self.draft.strip():
                raise
            self.problems.append(f"the draft was broken off, and stands as far as it came: {in_words(error)}")
            self._given_up = "not looked up: the draft was broken off"
            return
        self._read(reply)

    def _read(self, reply: Completion) -> None:
        self.draft, self._tokens = spoken(reply.text), draft_tokens(reply)
        if len(self.draft) > _READ:
            self.draft = self.draft[:_READ]
            self.problems.append(f"the draft had more than {_READ:,} characters; the rest was left out")
        if cut := cut_short(reply, self.options.limits.max_tokens):
            self.problems.append(f"the draft was {cut}")
        if empty := nothing_in(reply):
            self.problems.append(f"the model drafted {empty}")

    def divide(self) -> Flow[None]:
        """Split the draft into steps. No call, or one where the model is to split it."""
        most = self.options.max_steps
        draft = self._split()
        if self.steps and self.options.split == "llm" and not self._given_up:
            said = yield from say("split", self.options.limits, text=draft.strip(), most=str(most))
            parts = split_by_rules(said.text)
            copied = min(kept_of(draft, "\n".join(parts)), kept_of("\n".join(parts), draft))
            if parts and not said.cut and copied >= 0.8:
                self._begin(capped(parts, most))
            else:
                reason = (
                    said.problem
                    or (said.cut and f"the split was {said.cut}")
                    or "what the model split is not the draft"
                )
                self.problems.append(f"the draft is split by its structure: {reason}")

    def finished(self) -> Flow[Answer]:
        """Look up and revise every step, then make the answer."""
        if not self.steps:
            return self._answer(self.draft)
        if self._given_up:  # a model that does not end is asked no more
            return self.so_far()
        ahead = yield from self._looked_up_at_once()
        for number in range(len(self.steps)):
            self.at = number
            yield from self._think(number, ahead)
        self.at = len(self.steps)
        made = yield from self._made()
        self.problems += made.problems
        self.notes += made.notes
        return self._answer(made.text or self._text())

    def so_far(self, problem: str = "") -> Answer:
        """The best there is: revised as far as it came."""
        if not self.steps:
            self._split()
        for step in self.steps:
            if self._given_up and step.decision == "kept" and not step.why:
                step.why.append(self._given_up)
        self.problems += filter(None, [problem])
        return self._answer(self._text() or self.draft)

    def where(self) -> str:
        """Where the run is, in words."""
        count = len(self.steps)
        if not count:
            return "while the draft was written"
        return f"at step {self.at + 1} of {count}" if self.at < count else "before the answer was written"

    def _split(self) -> str:
        """Split the draft by its structure, and return it as it was split."""
        whole = tidy(self.draft)
        draft = without_offers(whole, letters=self.options.domain == "writing")
        self.notes += [f"the draft: {gone}"] if (gone := left_out(whole, draft)) else []
        self._begin(split_steps(draft, self.options.max_steps, preamble=self.kind.preamble))
        return draft

    def _begin(self, steps: list[str]) -> None:
        domain = self.options.domain
        self.steps = [StepInWork(step, in_form(step, number, domain)) for number, step in enumerate(steps, 1)]
        if self.options.gate == "logprobs":
            for step, tokens in zip(self.steps, tokens_of(steps, self._tokens), strict=True):
                step.tokens = tokens

    def _text(self, before: int | None = None) -> str:
        return self.kind.joint.join(step.text for step in self.steps[:before])

    def _looked_up_at_once(self) -> Flow[list[Found]]:
        """Look all steps up where no query needs a revised step; else nothing."""
        options = self.options
        if options.gate is not None or (options.causal and options.query != "step"):
            return []
        return (yield from gather(*(self._look_up(number) for number in range(len(self.steps)))))

    def _look_up(self, number: int) -> Flow[Found]:
        options, step = self.options, self.steps[number].draft
        whole = self.kind.joint.join(one.draft for one in self.steps)
        before = self._text(number) if options.causal else whole
        if options.query == "llm":
            limits = replace(options.limits, max_tokens=_QUERY_TOKENS)
            said = yield from say("query", limits, task=self.task, so_far=before or NOTHING_YET, step=step)
            query = query_in(said.text)
            cut = (f"the query was {said.cut}",) if said.cut and not said.problem else ()
            found = yield from self._search(query or keep_last(step, sentences=2, words=32))
            if query:
                return replace(found, problems=(*cut, *found.problems))
            problem = f"{said.problem or 'the reply has no query'}; the end of the step was looked up"
            return replace(found, problems=(*cut, problem, *found.problems), failed=said.failed)
        if options.query == "step":
            query = step
        else:
            query = f"{self.task}\n\n{self.kind.joint.join(filter(None, [before, step])) if options.causal else whole}"
        return (yield from self._search(query))

    def _search(self, query: str) -> Flow[Found]:
        options = self.options
        return search(query, options.k, options.using, options.look_up, options.limits)

    def _think(self, number: int, ahead: list[Found]) -> Flow[None]:
        """Look one step up and revise it, unless it is sure."""
        step = self.steps[number]
        if self._given_up:
            step.why.append(self._given_up)
            return
        if (yield from self._is_sure(number)):
            step.decision = "accepted"
            return
        found = ahead[number] if ahead else (yield from self._look_up(number))
        step.found = found
        for problem in found.problems:
            self._tell(number, problem)
        self._count(number, found.failed)
        if found.late and not ahead:
            self._give_up(number, f"the search for step {number + 1} ran into its deadline")
        if not found.hits:
            step.why.append("no passage was found")
        for shown in shown_together(found.hits, f"{found.query}\n{step.draft}", self.options):
            if not self._given_up:
                yield from self._revise(number, shown)

    def _is_sure(self, number: int) -> Flow[bool]:
        gate, step = self.options.gate, self.steps[number]
        if gate is None:
            return False
        said = yield from how_sure(gate, self.task, self._text(number), step.draft, step.tokens)
        if isinstance(said, str):
            self._tell(number, said)
            return False
        step.confidence = said
        sure: bool = said >= self.options.theta
        step.why.append(f"confidence {said:.2f} is {'not ' if sure else ''}below {self.options.theta:g}")
        return sure

    def _revise(self, number: int, shown: list[Hit]) -> Flow[None]:
        """Ask for one revision and take it or not."""
        whole = self.options.scope == "prefix"
        step = self.steps[number]
        before = self._text(number + 1) if whole else step.text
        said = yield from say(
            f"revise_{self.options.scope}",
            self.options.limits,
            task=self.task,
            so_far=self._text(number) or NOTHING_YET,
            step=step.text,
            passages=numbered(shown),
            form=self.kind.form and f" {self.kind.form}",
        )
        self._count(number, said.failed)
        after = revision_in(said.text).removeprefix(NOTHING_YET).strip()
        sources = [self.task, self._text(number + 1), step.draft, *map(_read_whole, shown)]
        after, chatter = without_chatter(after, before, sources)
        texts, why = self._judged(number, after, shown)
        if chatter:
            step.why.append(f"left out, as no part of the text: {_brief(chatter)!r}")
        why = said.problem or (f"it was {said.cut}" if said.cut else why)
        if why == NOTHING_TO_CHANGE:
            step.why.append(why)
        elif why:
            self._tell(number, f"revision not taken: {why}")
        if not why and self._take(number, texts):
            step.changes += credited(shown, before, after)
        else:  # what came back is with the first passage alone
            ends = [after if why else before, *[before] * (len(shown) - 1)]
            reason = why or "it changed nothing"
            step.changes += [Change(hit, before, end, False, reason) for hit, end in zip(shown, ends, strict=True)]
        step.shown |= {hit.id for hit in shown}

    def _judged(self, number: int, after: str, shown: list[Hit]) -> tuple[list[str], str]:
        """Where the steps are in a revision, and why it is not taken."""
        whole = self.options.scope == "prefix"
        first = 0 if whole else number
        earlier = [step.text for step in self.steps[first:number]]
        step = self.steps[number]
        sources = [self.task, step.draft, step.text, *map(_read_whole, shown)]
        why = astray(after, [*sources, *earlier])
        why = why or refusal(after, earlier, step.draft, self.options.ratio, self.options.survival)
        texts = [] if why else located(after, [*earlier, step.text])
        if not why and not texts:
            why = "its steps can no longer be told apart"
        return texts, why or astray(texts[-1], sources)

    def _take(self, number: int, texts: list[str]) -> bool:
        """Put a revision's texts in the place of the newest steps; whether that changed any."""
        changed = False
        for at, text in enumerate(texts, number + 1 - len(texts)):
            step = self.steps[at]
            if text.split() == step.text.split():
                continue
            changed = True
            step.text = in_form(text, at + 1, self.options.domain)
            step.decision = "revised"
            if at < number:
                step.why.append(f"changed again with step {number + 1}")
        return changed

    def _made(self) -> Flow[Made]:
        """Make the answer of the revised thoughts."""
        options, so_far = self.options, self._text()
        if options.run_code and options.domain == "maths":
            return (yield from made_by_program(self.task, so_far, options.limits, options.program_seconds))
        if options.run_code:
            return (
                yield from made_and_tested(self.task, so_far, options.tests, options.limits, options.program_seconds)
            )
        final = "reflect" if options.compat and self.kind.final == "finalise" else self.kind.final
        if not final:
            return Made(so_far)
        return (yield from made_in_words(final, self.task, so_far, options.limits, options.domain))

    def _answer(self, text: str) -> Answer:
        parts = tuple(step.part(self.kind.joint if number else "") for number, step in enumerate(self.steps))
        return Answer(text, passages_of(parts), parts, tuple(self.problems), tuple(self.notes))

    def _tell(self, number: int, problem: str) -> None:
        self.steps[number].why.append(problem)
        self.problems.append(f"step {number + 1}: {problem}")

    def _count(self, number: int, failed: bool) -> None:
        self._failures = self._failures + 1 if failed else 0
        if self._failures == _FAILURES:
            self._give_up(number, f"{_FAILURES} calls in a row failed")

    def _give_up(self, number: int, reason: str) -> None:
        """Neither look up nor revise any more: what does not answer is not waited for again and again."""
        self._given_up = f"not looked up: {reason}"
        if number + 1 < len(self.steps):
            self.problems.append(f"after step {number + 1} nothing more was looked up: {reason}")


def _read_whole(hit: Hit) -> str:
    return f"{hit.title}\n{hit.text}"


def _brief(text: str, most: int = 80) -> str:
    return text if len(text) <= most else f"{text[:most].rstrip()}…"
