"""The arguments of RAT, checked before anything is spent."""

from __future__ import annotations

from dataclasses import dataclass, replace

from memagent.errors import UsageProblem
from memagent.methods.arguments import check_counts, check_look_up, check_seconds, check_text
from memagent.methods.looking_up import LookUp
from memagent.methods.rat_calls import Limits
from memagent.methods.rat_domains import KINDS
from memagent.methods.rat_gate import Gate, Measured, checked_gate


def theta_of(theta: float | None, gate: object) -> float:
    """Return how sure a step must be, 0.8 unless that is said; `UsageProblem` where it is said and there is no gate."""
    if theta is not None and gate is None:
        raise UsageProblem(f"theta={theta!r} means nothing without a gate", hint='Add a gate, such as gate="doubt".')
    return 0.8 if theta is None else theta


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
    gate: Gate | Measured | None
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
    look_up: LookUp | None

    def checked(self) -> Options:
        """Return the options that hold, with `query` and `compat` resolved. Raises `UsageProblem`."""
        gate = checked_gate(self.gate, self.limits.timeout)
        self._check_names()
        self._check_numbers()
        check_look_up(self.look_up)
        check_text("using", self.using)
        check_text("tests", self.tests)
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
            return replace(self, gate=gate, query=self.query or KINDS[self.domain].query)
        return replace(
            self, gate=gate, k=1, max_steps=3, scope="prefix", causal=True, query="llm", revisions="each", split="llm"
        )

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
        check_counts(
            k=self.k, max_steps=self.max_steps, passage_tokens=self.passage_tokens, max_tokens=self.limits.max_tokens
        )
        check_seconds(timeout=self.limits.timeout, search_timeout=self.limits.search_timeout)
        if self.program_seconds is None:
            raise UsageProblem("program_seconds=None would let a program run for ever", hint="Give seconds above 0.")
        check_seconds(program_seconds=self.program_seconds)
        for name in ("theta", "survival"):
            if not _is_number(share := getattr(self, name)) or not 0 <= share <= 1:
                raise UsageProblem(f"{name}={share!r} is out of range", hint="Give a number from 0 to 1.")
        pair = self.ratio
        if not isinstance(pair, tuple | list) or len(pair) != 2 or not all(map(_is_number, pair)):
            raise UsageProblem(f"ratio={pair!r} is no pair of numbers", hint=_RATIO)
        if not 0 <= pair[0] <= pair[1]:
            raise UsageProblem(f"ratio={pair!r} is out of range", hint=_RATIO)


_RATIO = "Give a least and a greatest length, such as (0.5, 3.0)."


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
