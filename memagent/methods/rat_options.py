"""The arguments of RAT, checked before anything is spent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from memagent.errors import UsageProblem
from memagent.flow import Flow
from memagent.methods.rat_calls import Limits
from memagent.methods.rat_domains import KINDS

Gate = Callable[[str, str, str], float | Flow[float]]
"""Says how sure the model is of a step, in [0, 1], from the task, the text before the step, and the step."""


@dataclass(frozen=True, slots=True)
class Options:
    """The arguments of `rat`; see there."""

    k: int
    using: str
    max_steps: int
    scope: str
    causal: bool
    query: str
    revisions: str
    split: str
    gate: Gate | None
    theta: float
    domain: str
    run_code: bool
    tests: str
    passage_tokens: int
    ratio: tuple[float, float]
    survival: float
    limits: Limits
    program_seconds: float
    compat: str

    def checked(self) -> Options:
        """Return the options that hold, with `query` and `compat` resolved. Raises `UsageProblem`."""
        if self.gate is not None and not callable(self.gate):
            raise UsageProblem(f"gate={self.gate!r} is no function", hint="theta= is the number; gate= says how sure.")
        self._check_names()
        self._check_numbers()
        if self.run_code and self.domain not in ("maths", "code"):
            raise UsageProblem(f"run_code=True has no program to run for {self.domain}", hint="Leave it out.")
        if self.tests and not (self.run_code and self.domain == "code"):
            raise UsageProblem(
                "tests are run only for domain='code' with run_code=True",
                hint="A model's program runs on this machine, with limits and in no sandbox: see memagent.programs.",
            )
        if self.run_code and self.domain == "code" and not self.tests:
            raise UsageProblem("run_code=True has no tests to run", hint="Give tests=, Python source that raises.")
        if not self.compat:
            return replace(self, query=self.query or KINDS[self.domain].query)
        return replace(self, k=1, max_steps=3, scope="prefix", causal=True, query="llm", revisions="each", split="llm")

    def _check_names(self) -> None:
        for name, known in {
            "scope": ("prefix", "step"),
            "query": ("", "llm", "draft", "step"),
            "revisions": ("together", "each"),
            "split": ("structure", "llm"),
            "domain": tuple(KINDS),
            "compat": ("", "reference"),
        }.items():
            if (given := getattr(self, name)) not in known:
                raise UsageProblem(f"{name}={given!r} is not known", hint=f"Use one of {', '.join(map(repr, known))}.")

    def _check_numbers(self) -> None:
        for name in ("k", "max_steps", "passage_tokens"):
            if getattr(self, name) < 1:
                raise UsageProblem(f"{name}={getattr(self, name)} must be at least 1")
        if not (0 <= self.theta <= 1 and 0 <= self.survival <= 1 and 0 <= self.ratio[0] <= self.ratio[1]):
            raise UsageProblem(
                f"theta={self.theta}, survival={self.survival}, ratio={self.ratio} are out of range",
                hint="theta and survival are in [0, 1]; ratio is a least and a greatest length.",
            )
        limits = (self.limits.timeout, self.limits.search_timeout, self.program_seconds, self.limits.max_tokens)
        if not all(limit > 0 for limit in limits):  # not a number is not above 0 either
            raise UsageProblem("timeout, search_timeout, program_seconds and max_tokens must be above 0")
