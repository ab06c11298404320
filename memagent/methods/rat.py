"""RAT (Wang et al., arXiv:2403.05313) as a flow: a draft in steps, each looked up and revised with what was found.

    draft -> T_1..T_n;  for each i: query from (task, T*_1..T*_{i-1}, T_i), search, revise;  then the answer

The causal rule: the query and the revision for step i see the task, the revised steps before it and the raw step i, and
never a later one. Departures from the paper and its published code:

- `scope`: the paper's words revise the step alone, its algorithm and code the whole text up to it. That is the default;
  `step` costs less, since the text is not sent again for every step.
- A revision is taken only if it passes tests (`rat_revision`): not empty, not cut off, about the same things (an
  apology is not), its length in bounds, earlier steps' words largely kept. The paper and its code take whatever comes.
- All passages of a step go into one revision, as in the paper's algorithm. The code revises once for each piece of
  text, which `revisions="each"` does for each passage.
- Long passages are cut by what they have to do with the query (`rat_passages`); the code takes a page's first parts.
- Drafts are split where their steps are marked or at blank lines, without a call. The code lets the model put `##`
  between parts, which headings contain as well.
- Looking up can be gated, by how sure the model is of a step; the paper looks every step up.
- What a model says to whoever asked, before or behind a text, is left out of it (`rat_chatter`).
- What fails is lived with and told. The code drops a sub-step that fails without a word, and loses every page of more
  than 64 KiB to a deadlock.
- Temperature 0, where the code has 1. The prompts are our own.

`compat="reference"` has the settings of the published app: the model splits the draft into at most three parts, one
passage, its first two parts by characters, one revision for each of them, and a last call for title and subtitles.
The tests of revisions hold there too.
"""

from __future__ import annotations

from typing import Literal

from memagent.errors import Stopped, UsageProblem
from memagent.flow import Flow, execute
from memagent.methods.arguments import check_text
from memagent.methods.attempts import carry, in_words
from memagent.methods.looking_up import LookUp
from memagent.methods.rat_calls import Limits
from memagent.methods.rat_domains import Domain
from memagent.methods.rat_gate import Gate, Measured
from memagent.methods.rat_options import Options, theta_of
from memagent.methods.rat_run import Run
from memagent.types import Answer


def rat(
    task: str,
    *,
    k: int = 3,
    using: str = "",
    max_steps: int = 8,
    scope: Literal["prefix", "step"] = "prefix",
    causal: bool = True,
    query: Literal["", "llm", "draft", "step"] = "",
    revisions: Literal["together", "each"] = "together",
    split: Literal["structure", "llm"] = "structure",
    gate: Gate | Measured | None = None,
    theta: float | None = None,
    domain: Domain = "writing",
    run_code: bool = False,
    tests: str = "",
    passage_tokens: int = 1200,
    ratio: tuple[float, float] = (0.5, 3.0),
    survival: float = 0.6,
    max_tokens: int = 2048,
    timeout: float | None = 60.0,
    search_timeout: float | None = 30.0,
    program_seconds: float = 10.0,
    compat: Literal["", "reference"] = "",
    look_up: LookUp | None = None,
) -> Flow[Answer]:
    """Carry out a task by a draft in steps, each of which is looked up and revised.

    Calls of the model for n steps: 1 for the draft; for each step 1 for its query (with `query="llm"` alone) and 1 for
    its revision (with `revisions="each"` 1 for each passage, at most `k`); 1 for the answer (none for planning). So
    2 + 2n with the defaults, and n searches. A step for which nothing is found is not revised; one that the gate
    accepts is not looked up either. One call more with `split="llm"`; for maths and code with `run_code`, one more
    where the program fails, and for maths another where it fails twice. `compat="reference"`: 3 + n to 3 + 3n.

    Where queries need no revised text (`causal=False` or `query="step"`) and there is no gate, all steps are looked up
    at once, before the first is revised. Otherwise each search waits for the revision before it.

    `Answer.parts` has a part for each step: `draft` is the raw step, `text` the step as it stands in the end, with the
    blank before it; joined they are the revised thoughts, which are also the answer where there is no better. A part's
    `changes` name what each passage changed, with `scope="prefix"` in the whole text so far: it is `taken` where new
    words come from it, and passages shown together share out what was changed. What was refused is with the first.

    What went wrong and was lived with is in `why` of the part and in `Answer.problems`: a step whose search or revision
    fails, however it does, is kept. After one search that ran into its deadline, or three calls in a row that failed,
    nothing more is looked up or revised. An empty draft is returned as it is. A draft that fails raises what it raised,
    unless a part of it had been streamed: that part is the answer then, and nothing more is asked. Whatever else ends
    a run has the answer so far as `partial`.

    Args:
        task: what is asked for.
        k: how many passages for each step.
        using: the retriever.
        max_steps: of a draft with more steps, neighbours are joined.
        scope: what a revision may change: the whole text so far, or the newest step alone.
        causal: queries see the revised steps before and the raw step. If not, they see the whole raw draft.
        query: the model writes it (`llm`); the task and the text up to the step are it (`draft`); the raw step alone is
            it (`step`). By default `llm` for writing and planning and `draft` for maths and code, as in the paper.
        revisions: all passages of a step in one revision, or one revision for each.
        split: by numbers, bullets and blank lines, or by the model; where its parts are not the draft's, by structure.
        gate: how sure the model is of a step: by `logprobs` of its draft, `doubt` or `agreement`, or by a function of
            task, text before the step, and step, or one that returns a flow. The number, or `True` for sure, is
            compared with `theta`. Where a gate fails, the step is looked up.
        theta: how sure a step must be, in [0, 1], to be accepted without looking it up; 0.8 for a gate without it.
        domain: `writing`; `planning`, whose steps begin with STEP and are the answer; `maths`; `code`.
        run_code: for maths, the model writes a program, and what it prints is the answer; for code, the program is run
            with `tests`. Needs `Controller(allow_programs=True)`, which is found out before anything is spent.
        tests: Python source that is run after the program and raises where it is wrong.
        passage_tokens: of the passages that one revision is shown.
        ratio: least length of a revision, as a multiple of what was to be revised, and greatest of the newest step, as
            a multiple of its draft.
        survival: with `scope="prefix"`, the share of each earlier step's words that a revision must keep.
        max_tokens: of each reply; queries have 100.
        timeout: seconds of each call; `None` for no limit of its own.
        search_timeout: seconds of each search; with `look_up`, of each search and call that it makes.
        program_seconds: seconds of each run of a program.
        compat: `reference` for the settings of the published app, which then take the place of `k`, `max_steps`,
            `scope`, `causal`, `query`, `revisions` and `split`.
        look_up: in place of the retriever, a flow that finds passages.

    Raises:
        UsageProblem: an argument is wrong; programs are to be run and the controller runs none; `tests` without
            `run_code`, which is off unless it is asked for.
        CapabilityError: `gate="logprobs"` with a model that gives none.
    """
    check_text("task", task)
    if not task.strip():
        raise UsageProblem("the task is empty", hint="Say what is to be done, in words.")
    sure = theta_of(theta, gate)
    options = Options(
        k, using, max_steps, scope, causal, query, revisions, split, gate, sure, domain, run_code, tests,
        passage_tokens, ratio, survival, Limits(max_tokens, timeout, search_timeout), program_seconds, compat, look_up,
    ).checked()  # fmt: skip
    run = Run(task, options)
    if run_code:
        yield from execute("")  # a controller that runs none is found out before anything is spent
    try:
        yield from run.drafted()
        yield from run.divide()
        return (yield from run.finished())
    except Stopped:
        if not run.draft.strip():
            raise
        return run.so_far(f"the run was stopped {run.where()}")
    except Exception as error:
        if run.draft.strip():
            carry(error, run.so_far(f"the run ended {run.where()}: {in_words(error)}"))
        raise
