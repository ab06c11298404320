"""ARM-RAG: rationales as cards, with how they were verified and have served; and what like problems are found by.

show(memory.rationales.like(problem))         # a list of rationales
show(solved)                                  # a solution, its verdict, and the examples that it was shown
show(rationales.beside(problem, plain, obfuscated))   # two answers of `like`, by two keys
show(success.line(outcomes))                  # see `success`
"""

from __future__ import annotations

from collections.abc import Sequence

from memagent.display import lines
from memagent.display.answer_text import html_of, text_of
from memagent.display.markup import Content, Markup, card, chip, folded, joined, quiet, table, tag, tinted
from memagent.display.shapes import bar, changed, prose, strip, words
from memagent.display.view import View
from memagent.methods.arm_rag import Solved
from memagent.methods.arm_rag_learning import Learnt
from memagent.methods.verifying import Verdict
from memagent.types import ORIGINAL, REFUTED, TRIED, Answer, Hit, Rationale

MOST = 20
"""Rationales that a view shows; it says how many more there are."""

_WORDS = {True: ("right", "good"), False: ("wrong", "low"), None: ("cannot be told", "warm")}


def view_of(value: Rationale | Solved) -> View:
    """Return the view of a rationale, or of a problem that was worked on."""
    return of_solved(value) if isinstance(value, Solved) else of_all([value])


def of_all(rationales: Sequence[Rationale]) -> View:
    """Return the view of some rationales, one card each."""
    shown = rationales[:MOST]
    more = f"… and {len(rationales) - MOST} more" if len(rationales) > MOST else ""
    text = [_text(one) for one in shown]
    html = [*map(_card, shown), quiet(more)]
    if not rationales:
        return View("no rationales", quiet("no rationales"))
    return View("\n".join([*text, more]).rstrip(), joined(html))


def of_solved(solved: Solved) -> View:
    """Return the view of a solution: the verdict, the reasoning, and the examples that it was shown."""
    word, meaning = _WORDS[solved.verdict.right] if solved.verdict else ("not checked", "grey")
    why = solved.verdict.why if solved.verdict else ""
    counts = [
        ("answer", lines.line(solved.boxed or "(no box)", 80)),
        ("examples", str(len(solved.answer.hits))),
        ("learnt", lines.number(len(solved.learnt), "rationale")),
        *([("judged otherwise now", str(len(solved.changed)))] if solved.changed else []),
    ]
    query = next((query for part in solved.answer.parts for query in part.queries), "")
    html: list[Content] = [tag("div", quiet("looked for "), tag("q", lines.cut(query, 600)))] if query else []
    html += [tag("div", chip(word, meaning), " ", quiet(lines.cut(why, 300))), strip(counts), html_of(solved.answer)]
    html += [_example(hit) for hit in solved.answer.hits[:MOST]]
    text = [lines.wrapped(f"looked for: {query}", "  ", "", most=400)] if query else []
    text += [lines.wrapped(f"{word}: {why}".rstrip(": "), "  ", ""), words(counts), text_of(solved.answer)]
    text += [_example_text(hit) for hit in solved.answer.hits[:MOST]]
    return View("\n".join(text), joined(html))


def of_attempts(learnt: Learnt) -> View:
    """Return the view of what was learnt of some attempts at a problem: each verdict, and why."""
    counts = [
        ("kept", str(len(learnt.ids))),
        ("right", str(learnt.right)),
        ("wrong", str(learnt.wrong)),
        ("cannot be told", str(learnt.unclear)),
        *([("judged otherwise now", str(len(learnt.changed)))] if learnt.changed else []),
    ]
    rows = [_verdict(number, one) for number, one in enumerate(learnt.verdicts[:MOST], 1)]
    text = [
        lines.wrapped(f"{_WORDS[one.right][0]}: {one.answer or '(no answer)'}  ({one.why})", "      ", f"{number:>3}. ")
        for number, one in enumerate(learnt.verdicts[:MOST], 1)
    ]
    more = [f"… and {len(learnt.verdicts) - MOST} more"] * (len(learnt.verdicts) > MOST)
    html = joined([strip(counts), table(("", "", "answer", "why"), rows), quiet(*more)])
    return View("\n".join([words(counts), *text, *more]), html)


def beside(problem: str, plain: Answer, obfuscated: Answer) -> View:
    """Return two searches for examples side by side, and which neighbours another key brings in.

    Args:
        problem: what both were to solve.
        plain: what `like(problem)` returned.
        obfuscated: what `like(problem, key="obfuscated")` returned, or with another key.
    """
    query = next((query for part in obfuscated.parts for query in part.queries), problem)
    first, second = ([hit.id for hit in answer.hits] for answer in (plain, obfuscated))
    apart = not set(first) & set(second)  # then the count says it, and no mark is needed
    left = [_neighbour(number, hit, apart or hit.id in second) for number, hit in enumerate(plain.hits[:MOST], 1)]
    right = [_neighbour(number, hit, apart or hit.id in first) for number, hit in enumerate(obfuscated.hits[:MOST], 1)]
    column = "flex:1 1 18em"
    html = tag(
        "div",
        tag("div", tag("b", "plain"), prose(problem, 1000), *left, style=column),
        tag("div", tag("b", "with made-up words"), changed(problem, query, 40, by_word=True), *right, style=column),
        style="display:flex;flex-wrap:wrap;gap:.3em 1.8em",
    )
    counts = [
        ("found by both", str(len(set(first) & set(second)))),
        ("only with made-up words", str(len(set(second) - set(first)))),
    ]
    text = [lines.wrapped(f"plain: {problem}", "  ", "", most=500)]
    text += [_neighbour_text(number, hit, apart or hit.id in second) for number, hit in enumerate(plain.hits[:MOST], 1)]
    text += [lines.wrapped(f"with made-up words: {query}", "  ", "", most=500)]
    text += [
        _neighbour_text(number, hit, apart or hit.id in first) for number, hit in enumerate(obfuscated.hits[:MOST], 1)
    ]
    heeded = [quiet(lines.cut(one, 300)) for one in (*plain.problems, *obfuscated.problems)[:6]]
    return View("\n".join([words(counts), *text]), joined([strip(counts), html, *heeded]))


def _verdict(number: int, one: Verdict) -> tuple[Content, ...]:
    word, meaning = _WORDS[one.right]
    return number, chip(word, meaning), tag("b", lines.cut(one.answer, 200)), quiet(lines.cut(one.why, 300))


def _verified(one: Rationale) -> tuple[str, str]:
    """How a rationale was verified, in words, and the tint of that."""
    if one.verified.startswith(REFUTED):
        return one.verified, "low"
    return (f"verified: {one.verified}", "good") if one.verified else ("not verified", "warm")


def _served(one: Rationale) -> str:
    if not one.successes and not one.failures:
        return "not used yet"
    return (
        f"used {lines.number(one.successes + one.failures, 'time')}: then {one.successes} right, {one.failures} wrong"
    )


def _agreement(one: Rationale) -> list[str]:
    share, tried = one.metadata.get("agreement"), one.metadata.get(TRIED)
    if not isinstance(share, int | float):
        return []
    if not isinstance(tried, int):
        return [f"{share:.0%} of the attempts agreed"]
    return [f"{round(share * tried)} of {lines.number(tried, 'attempt')} agreed"]


def _card(one: Rationale) -> Markup:
    word, meaning = _verified(one)
    like: list[Content] = [quiet(f" similarity {one.score:.2f} "), bar(one.score), " "] if one.score is not None else []
    more = [*_agreement(one), *(["shared"] if one.shared else []), *([one.source] if one.source else [])]
    original = str(one.metadata.get(ORIGINAL) or "")
    asked: list[Content] = [tag("b", lines.cut(original or one.problem, 600))]
    asked += [tag("div", quiet("kept as: ", lines.cut(one.problem, 600)))] if original else []
    return card(
        tag(
            "div",
            chip(lines.cut(word, 120), meaning),
            *like,
            " ",
            *_counters(one),
            quiet("".join(f" · {lines.cut(m, 120)}" for m in more)),
        ),
        *asked,
        prose(one.reasoning, 1500),
        tag("div", quiet("answer "), tinted(lines.cut(one.answer, 200) or "(none)", meaning, 0.2)),
        meaning=meaning,
    )


def _counters(one: Rationale) -> list[Content]:
    """How often success and failure followed, as bars beside the words."""
    used = one.successes + one.failures
    if not used:
        return [quiet(_served(one))]
    shares = ((one.successes / used, "good"), (one.failures / used, "low"))
    return [quiet(_served(one)), " ", *(bar(share, meaning, 3, ground=False) for share, meaning in shares if share)]


def _text(one: Rationale) -> str:
    like = [f"similarity {one.score:.2f}"] if one.score is not None else []
    head = " · ".join([_verified(one)[0], *like, _served(one), *_agreement(one)])
    original = str(one.metadata.get(ORIGINAL) or "")
    told = [lines.wrapped(original or one.problem, "  ", "- ", most=500), lines.wrapped(head, "    ", "  ", most=300)]
    told += [lines.wrapped(f"kept as: {one.problem}", "    ", "  ", most=300)] if original else []
    told += [
        lines.wrapped(one.reasoning, "    ", most=800),
        lines.wrapped(f"answer: {one.answer}", "      ", "    ", most=200),
    ]
    return "\n".join(told)


def _problem(hit: Hit, most: int) -> str:
    """The problem of a rationale that was found: its text begins with it."""
    return lines.line(hit.title or hit.text.strip().partition("\n")[0], most)


def _example(hit: Hit) -> Markup:
    head = tag(
        "div", quiet(f"example, similarity {hit.score:.2f} "), bar(hit.score), " ", quiet(lines.cut(hit.why, 200))
    )
    return card(head, folded(_problem(hit, 200), prose(hit.text, 1200)), meaning="told")


def _example_text(hit: Hit) -> str:
    return lines.wrapped(f"{hit.score:.2f}  {_problem(hit, 200)}  ({hit.why})", "        ", "  - ", most=400)


def _neighbour(number: int, hit: Hit, in_both: bool) -> Markup:
    new: list[Content] = [] if in_both else [" ", chip("only here", "told")]
    return tag("div", f"{number}. {hit.score:.2f} ", bar(hit.score, width=3), " ", _problem(hit, 200), *new)


def _neighbour_text(number: int, hit: Hit, in_both: bool) -> str:
    only = "" if in_both else "  [only here]"
    return lines.wrapped(f"{hit.score:.2f}  {_problem(hit, 200)}{only}", "        ", f"{number:>4}. ")
