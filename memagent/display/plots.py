"""Plots, where a line says more than a table: probability along a text, cost against steps, recall against k.

A page of HTML has them as SVG in the colour of its own text, so that they read on a light page and on a dark one; as a
picture they are dark on white. Four colours, and a mark or a line of its own for each, tell what is drawn apart. Needs
matplotlib, which `pip install "memagent[notebook]"` brings; nothing else of memagent imports this.
"""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any

from memagent.controller import Result
from memagent.display import lines
from memagent.display.markup import escaped
from memagent.display.timeline import placed
from memagent.errors import ExtraMissing, UsageProblem
from memagent.methods.confidence import probabilities
from memagent.methods.redeciding import is_measured
from memagent.trace import Trace
from memagent.types import Answer, Token

try:
    from matplotlib import font_manager, rc_context
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator
except ImportError as error:
    raise ExtraMissing("plots need matplotlib", hint='pip install "memagent[notebook]"') from error

INK = "#333334"
"""The colour of all that is neither line nor point; where there is a page, that of its text."""

COLOURS = ("#2d80f0", "#c27600", "#26913a", "#d64541")
_WHOLE_PAGE = re.compile(
    r"<\?xml[^>]*>|<!DOCTYPE[^>]*>|<metadata>.*?</metadata>|<clipPath.*?</clipPath>|<style.*?</style>|<!--.*?-->"
    r'| (?:clip-path|xmlns|xmlns:\w+|version)="[^"]*"',
    re.DOTALL,
)
_NAMED = 0.95  # tokens less likely than this are named, whatever the threshold
_STYLES = ("-", "--", "-.", ":")


class Plot(Figure):
    """A figure that shows itself where it ends a cell, whether or not pyplot is there."""

    said = "a plot"

    def __repr__(self) -> str:
        return self.said

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, Any], dict[str, Any]]:
        """Give the picture to a page of HTML, and say in words what it shows, for who cannot see it."""
        return {"text/html": self._svg()}, {"image/png": {"alt": self.said}}

    def _repr_png_(self) -> bytes:
        held = io.BytesIO()
        self.savefig(held, format="png", dpi=110, facecolor="white", bbox_inches="tight")
        return held.getvalue()

    def _svg(self) -> str:
        """The picture as a part of a page: without what is for a whole page, and in the colour of the page's text."""
        held = io.StringIO()
        with rc_context({"svg.fonttype": "none", "svg.hashsalt": self.said}):
            self.savefig(held, format="svg", transparent=True, bbox_inches="tight")
        bare = re.sub(r"\s*\n\s*", " ", _WHOLE_PAGE.sub("", held.getvalue()).replace(INK, "currentColor")).strip()
        return bare.replace(
            "<svg ", f'<svg role="img" style="max-width:100%;height:auto" aria-label="{escaped(self.said)}" ', 1
        )


def probability_along(value: Answer | Result[Any], *, theta: float | None = None) -> Plot:
    """Draw how likely each token of an answer's drafts was, sentence by sentence.

    With `theta` the threshold is drawn. The least likely token of a sentence is named where it is below that, and below
    0.95 in any case: a right word and a wrong one may both be above a threshold.

    Raises:
        UsageProblem: no sentence has recorded probabilities.
    """
    answer = value.value if isinstance(value, Result) else value
    parts = [part for part in answer.parts if is_measured(part)] if isinstance(answer, Answer) else []
    if not parts:
        raise UsageProblem(
            "the answer has no recorded probabilities",
            hint="Run flare with a model that gives log-probabilities, or with confidence='agreement' or 'doubt'.",
        )
    plot, axes = _drawn("token (sentences in turn round and square)", "probability")
    at = 0
    for number, part in enumerate(parts):
        likely = probabilities(part.tokens)
        places = range(at, at + len(likely))
        axes.plot(places, likely, color=COLOURS[number % 2], marker="os"[number % 2], markersize=3.5, linewidth=1.2)
        lowest = min(range(len(likely)), key=likely.__getitem__)
        if likely[lowest] < max(_NAMED, theta or 0.0):
            _name(axes, at + lowest, likely[lowest], part.tokens[lowest])
        at += len(likely)
    if theta is not None:
        axes.axhline(theta, color=INK, linestyle="--", linewidth=1)
        end = (1.01, theta)
        axes.text(*end, f"theta {theta:g}", color=INK, va="center", transform=axes.get_yaxis_transform())
    axes.set_ylim(-0.03, 1.06)
    plot.said = f"the probability of {at} tokens in {len(parts)} sentences"
    return plot


def cost_over_steps(traces: Trace | Result[Any] | Mapping[str, Trace | Result[Any]]) -> Plot:
    """Draw how the tokens of one run, or of several by name, add up step by step.

    Raises:
        UsageProblem: there is no run.
    """
    named = traces if isinstance(traces, Mapping) else {"": traces}
    if not named:
        raise UsageProblem(
            "there is no run to draw", hint='Give a trace, a result, or several by name: {"flare": ...}.'
        )
    plot, axes = _drawn("step", "tokens so far")
    for number, (name, run) in enumerate(named.items()):
        trace = run.trace if isinstance(run, Result) else run
        sums = [0]
        for one in placed(trace):
            if one.record is not None:
                sums.append(sums[-1] + one.record.usage.tokens)
        axes.plot(sums, drawstyle="steps-post", label=name, **_look(number))
    _legend(axes, named)
    axes.set_ylim(bottom=0)
    plot.said = f"tokens over steps of {', '.join(filter(None, named)) or 'a run'}"
    return plot


def recall_at(found: Sequence[Sequence[str]], wanted: Sequence[Collection[str]], k: int) -> float:
    """Return recall@k in [0, 1]: the mean, over questions, of the share of the wanted ids among the first `k` found.

    Args:
        found: the ids found for each question, best first.
        wanted: the ids that should be found for each question; a question without any does not count.
        k: how many of the found ids count.

    Raises:
        UsageProblem: there are not as many rankings as questions, or nothing is wanted.
    """
    if len(found) != len(wanted):
        raise UsageProblem(f"{len(found)} rankings for {len(wanted)} questions", hint="Give one ranking each.")
    shares = [len(set(ids[:k]) & set(due)) / len(set(due)) for ids, due in zip(found, wanted, strict=True) if due]
    if not shares:
        raise UsageProblem("no question has an id that should be found", hint="Say which ids are right.")
    return sum(shares) / len(shares)


def recall_against_k(
    rankings: Mapping[str, Sequence[Sequence[str]]], wanted: Sequence[Collection[str]], *, most: int = 10
) -> Plot:
    """Draw recall@k for k from 1 to `most`, a line for each way of searching; see `recall_at`.

    Raises:
        UsageProblem: as `recall_at`, or there is no ranking.
    """
    if not rankings:
        raise UsageProblem("there is no ranking to draw", hint='Give rankings by name: {"dense": [...]}.')
    plot, axes = _drawn("k", "recall@k")
    ks = range(1, most + 1)
    for number, (name, found) in enumerate(rankings.items()):
        axes.plot(ks, [recall_at(found, wanted, k) for k in ks], label=name, marker="o", markersize=3, **_look(number))
    _legend(axes, rankings)
    axes.set_ylim(-0.03, 1.03)
    axes.set_xticks(ks)
    plot.said = f"recall against k of {', '.join(rankings)}"
    return plot


def _drawn(across: str, up: str) -> tuple[Plot, Axes]:
    plot = Plot(figsize=(8.0, 2.8), facecolor="none")
    axes = plot.add_subplot(facecolor="none")
    axes.set_xlabel(across, color=INK)
    axes.set_ylabel(up, color=INK)
    axes.tick_params(colors=INK)
    axes.grid(color=INK, alpha=0.25)
    for name, spine in axes.spines.items():
        spine.set_color(INK)
        spine.set_visible(name in ("left", "bottom"))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return plot, axes


def _look(number: int) -> dict[str, Any]:
    return {
        "color": COLOURS[number % len(COLOURS)],
        "linestyle": _STYLES[(number + number // len(COLOURS)) % len(_STYLES)],
        "linewidth": 1.6,
    }


def _legend(axes: Axes, named: Mapping[str, Any]) -> None:
    if any(named):
        legend = axes.legend(frameon=False, labelcolor=INK)
        for text in legend.get_texts():
            text.set_parse_math(False)


def _name(axes: Axes, across: float, up: float, token: Token) -> None:
    """Write a token beside its point, where the font has its signs."""
    text = lines.line(token.text, 20)
    if all(ord(sign) in _signs() for sign in text):
        axes.annotate(
            text, (across, up), (0, -4), textcoords="offset points", color=INK, ha="center", va="top", parse_math=False
        )


@cache
def _signs() -> frozenset[int]:
    """The characters of the font that matplotlib brings along."""
    return frozenset(font_manager.get_font(font_manager.findfont("DejaVu Sans")).get_charmap())
