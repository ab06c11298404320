"""Learning problem by problem: what `memagent learn` does with what is given, what is known, and what a model tries."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from memagent.cli.console import plural
from memagent.cli.finishing import finishing
from memagent.cli.learning_tally import Tally
from memagent.cli.problems import Given
from memagent.errors import BackendError
from memagent.types import TRIED

if TYPE_CHECKING:
    from memagent.controller import Controller
    from memagent.memory import Memory

_PATIENCE = 3  # problems in a row that the model makes no attempt at, before it is asked no more


@dataclass
class _Known:
    """The attempts that the memory has at a problem, and how many were made, wrong ones that were not kept included."""

    texts: list[str] = field(default_factory=list)
    tried: int = 0

    def besides(self, given: Sequence[str]) -> tuple[list[str], int]:
        """Return those that are not among some that are given, and how many there were besides these."""
        texts = [text for text in dict.fromkeys(self.texts) if text not in given]
        return texts, max(len(texts), self.tried - len(given))


class Learning:
    """Learns problem by problem, from attempts that are given, known from before, and made by a model."""

    def __init__(self, controller: Controller, memory: Memory, tally: Tally, samples: int) -> None:
        self._controller = controller
        self._tally = tally
        self._samples = samples
        self._memory = memory
        self._known: dict[str, _Known] = {}

    def learn(self, one: Given, **options: Any) -> None:
        """Learn from a problem's attempts, and let the model make those that are missing, unless it makes none.

        What has come is kept before Ctrl-C or a limit ends it, since it has been paid for; unless it is kept by the
        problem's structure, for which the model is asked again.
        """
        came: list[str] = []
        whole = nullcontext() if options["key"] == "structure" else finishing()
        try:
            self._sample(one, came)
        except BaseException:
            if came and options["key"] != "structure":
                with whole:
                    self._tally.asked += len(came)
                    self._keep(one, came, options)
            raise
        with whole:
            self._keep(one, came, options)
            self._tally.done += 1

    def _sample(self, one: Given, came: list[str]) -> None:
        from memagent.methods import arm_rag

        _, tried = self._of(one.problem).besides(one.attempts)
        reused = min(tried, self._samples)
        missing = self._samples - reused
        self._tally.reused += reused
        if not missing:
            return
        if self._tally.in_vain >= _PATIENCE:
            why = f"not asked for: {plural(_PATIENCE, 'problem')} in a row had failed"
            self._tally.not_asked(one.problem, missing, why)
            return
        try:
            flow = arm_rag.attempts(one.problem, missing, seed=tried, came=came.append)
            answers = self._controller.run(flow).value
        except BackendError as error:
            self._tally.answered(one.problem, 0, [error.message] * missing)
        else:
            self._tally.answered(one.problem, len(answers), list(answers.problems))

    def _keep(self, one: Given, came: Sequence[str], options: dict[str, Any]) -> None:
        from memagent.methods import arm_rag

        known = self._of(one.problem)
        attempts = [*one.attempts, *came]
        again, tried = known.besides(one.attempts)
        if not attempts and not again:
            return
        before = tried - len(again)
        flow = arm_rag.learn(one.problem, attempts, one.check, again=again, before=before, id=one.id, **options)
        there = {one.id for one in self._memory.rationales.of(one.problem)}
        found = self._controller.run(flow).value
        self._tally.learnt(one.problem, found, sum(id not in there for id in found.ids))
        kept = (True, False) if options["failures"] else (True,)
        judged = zip(attempts, found.verdicts, strict=True)
        known.texts += [attempt for attempt, verdict in judged if verdict.right in kept]
        known.tried = max(known.tried, tried + len(attempts))

    def _of(self, problem: str) -> _Known:
        """What is known of a problem, to be read or added to."""
        from memagent.stores.keys import problem_key

        if (name := problem_key(problem)) not in self._known:
            self._known[name] = known = _Known()
            for one in self._memory.rationales.of(problem):
                tried = one.metadata.get(TRIED, 0)
                known.texts.append(one.reasoning)
                known.tried = max(known.tried, tried if isinstance(tried, int) else 0)
        return self._known[name]
