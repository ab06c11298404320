"""Triples and rationales as they are shown: reads and writes where they stand, tables, cards, and success over time."""

from __future__ import annotations

import contextlib
import io
import runpy
from dataclasses import replace
from pathlib import Path
from typing import Any

import made_memories as made
import pytest
from looked_at import check_display, poisoned

from memagent import Answer
from memagent.display import memllm, rationales, success, triples
from memagent.display.view import View, view
from memagent.errors import UsageProblem
from memagent.methods.verifying import Verdict
from memagent.triples import Learnt, Reading, Refusal
from memagent.types import ORIGINAL, Hit, Part, Rationale, Triple

TOLD = made.triples_told()
SOLVING = made.rationales_told()
INLINE = made.reads_inline(TOLD.memory)
READ = TOLD.memory.facts.read(("Ida", "lives in", None))
KEPT = Learnt(("f1",), (Triple("Ida", "lives in", "Oslo"),), (Refusal("Hi.", "a greeting", Triple("I", "am", "x")),))
BY_STRUCTURE = Rationale("thing1 has 3.", "So 3.", "3", "numeric", "book", True, {ORIGINAL: made.ZOE}, "r1", score=0.4)
VALUES: dict[str, Any] = {
    "written": TOLD.written,
    "before": TOLD.before,
    "inline": INLINE,
    "fact": TOLD.history[0],
    "reading": READ,
    "learnt": KEPT,
    "rationale": BY_STRUCTURE,
    "refuted": replace(BY_STRUCTURE, verified="refuted: numeric", successes=1, failures=3, score=None),
    "solved": SOLVING.solved[-1],
    "attempts": SOLVING.learnt,
}
VIEWS: dict[str, View] = {
    "history": view(TOLD.history),
    "table": triples.table(TOLD.memory, written=TOLD.written, answer=TOLD.after),
    "changed": memllm.changed(TOLD.before, TOLD.after, TOLD.history),
    "like": view(SOLVING.memory.rationales.like(made.ZOE)),
    "beside": rationales.beside(made.ZOE, SOLVING.plain, SOLVING.obfuscated),
    "success": success.line(SOLVING.solved, window=2),
}


def flat(text: str) -> str:
    return " ".join(text.split())


def test_every_display_is_safe_small_and_tidy() -> None:
    for value in (*VALUES.values(), *VIEWS.values()):
        check_display(value)


def test_no_field_of_any_value_can_break_out() -> None:
    bad: dict[str, Any] = {name: poisoned(value) for name, value in VALUES.items()}
    bad |= {
        "facts": triples.of_facts(
            poisoned(TOLD.history), says={poisoned(TOLD.history[0].passages[0]): "<img onerror=alert(1)>"}
        ),
        "changed": memllm.changed(poisoned(TOLD.before), poisoned(TOLD.after), poisoned(TOLD.history)),
        "like": view([poisoned(one) for one in SOLVING.memory.rationales.all()]),
        "beside": rationales.beside(made.ZOE, poisoned(SOLVING.plain), poisoned(SOLVING.obfuscated)),
    }
    for name, value in bad.items():
        _, read = check_display(value, most=150_000, own=False)
        assert "onerror=alert(1)" in read, name


def test_reads_stand_where_the_model_stopped_for_them() -> None:
    text, read = check_display(INLINE)
    told = flat(text)
    assert "Ida lives in [read Ida · lives in · ? → Ida · lives in · Bergen] Bergen." in told
    assert "[asked Mara Lindqvist · works for · ?, dropped: it repeats" in told and "reads 2 · dropped reads 1" in told
    assert "read Ida · lives in · ?" in read and "a letter" in read


def test_a_followed_path_is_shown_as_a_read() -> None:
    hit = Hit("f1", "Ida lives in Oslo", 1.0, kind="fact", triple=("Ida", "lives in", "Oslo"))
    part = Part("Oslo", "Oslo", "retrieved", "followed Ida > lives in", queries=("Ida > lives in",), hits=(hit,))
    assert "[read Ida > lives in → Ida · lives in · Oslo]" in flat(view(Answer("Oslo", (hit,), (part,))).text)


def test_each_sentence_has_what_was_written_of_it_and_what_was_refused() -> None:
    text, read = check_display(TOLD.written)
    assert TOLD.written.heard[0].text == "Ida lives in Oslo."
    assert tuple(t for one in TOLD.written.heard for t in one.kept) == TOLD.written.triples
    assert tuple(r for one in TOLD.written.heard for r in one.refused) == TOLD.written.refused
    assert text.index("Ida lives in Oslo.") < text.index("write Ida | lives in | Oslo") < text.index("Mara")
    assert "refused (a system prompt)" in text and "refused: a system prompt" in read
    assert "a greeting" in check_display(KEPT)[1]


def test_the_table_tells_new_read_and_superseded_triples_with_their_sentence() -> None:
    text, read = check_display(VIEWS["table"])
    rows = flat(text)
    assert "new, superseded Ida | lives in | Oslo since 2024-01-01 until 2026-05-01, when it became Bergen" in rows
    assert "“Ida lives in Oslo.”" in text and "read, holds Ida | lives in | Bergen since 2026-05-01 a letter" in rows
    assert "<del" in VIEWS["table"].html and "superseded" in read


def test_an_edited_triple_changes_the_answer() -> None:
    assert (TOLD.before.text.strip(), TOLD.after.text.strip()) == ("Oslo.", "Bergen.")
    text, read = check_display(VIEWS["changed"])
    assert "before  Oslo." in text and "after   Bergen." in text and "when it became Bergen" in flat(read)
    assert "the two are the same" in check_display(memllm.changed(TOLD.before, TOLD.before))[1]
    long = replace(
        TOLD.after, text="Ida has moved house a number of times in all these years, and today she lives in Bergen."
    )
    assert "lives in Bergen." in flat(memllm.changed(TOLD.before, long).text)


def test_the_example_edits_a_triple_and_asks_again() -> None:
    example = Path(__file__).parents[2] / "examples" / "edit_a_triple.py"
    with contextlib.redirect_stdout(io.StringIO()) as out:
        runpy.run_path(str(example), run_name="__main__")
    said = flat(out.getvalue())
    assert "before Oslo. after Bergen." in said and "when it became Bergen" in said


def test_a_reading_tells_how_near_each_value_is() -> None:
    text, read = check_display(READ)
    assert text.startswith("Bergen  (distance 0.000: Ida lives in Bergen") and "just this" in read
    assert view(Reading()).text == "nothing was found"
    assert "there was more" in view(replace(READ, truncated=True)).text


def test_many_rows_are_cut_and_say_so() -> None:
    fact, one = TOLD.history[0], SOLVING.memory.rationales.like(made.ZOE)[0]
    text, read = check_display(view([replace(fact, object="灯" * 5000)] * 300), most=60_000)
    assert "and 270 more" in text and "and 270 more" in read and "characters more" in read
    assert "and 80 more" in check_display(view([replace(one, reasoning="x " * 3000)] * 100), most=60_000)[1]
    long = replace(TOLD.written, heard=TOLD.written.heard * 30)
    assert "more sentences" in check_display(long)[0]


def test_a_rationale_tells_verification_reuse_and_likeness() -> None:
    shown = SOLVING.memory.rationales.like(made.SUMS[2])
    text, read = check_display(view(shown))
    best = shown[0]
    assert best.successes and f"used {best.successes} times: then {best.successes} right, 0 wrong" in flat(text)
    assert "verified: numeric" in read and f"similarity {best.score:.2f}" in read and "1 of 1 attempt agreed" in read
    text, read = check_display(VALUES["refuted"])
    assert "refuted: numeric" in text and "used 4 times: then 1 right, 3 wrong" in flat(text)
    assert made.ZOE in read and "kept as: thing1 has 3." in read


def test_a_solution_tells_the_verdict_and_its_examples() -> None:
    text, read = check_display(SOLVING.solved[0])
    assert "\nwrong: " in text and "examples 0" in text
    text, read = check_display(SOLVING.solved[-1])
    assert text.startswith("looked for: Ann has 7") and "\nright: " in text and "example, similarity" in read
    text, _ = check_display(SOLVING.learnt)
    assert "right 2 · wrong 1" in text and "2. wrong: 18" in text


def test_an_obfuscated_query_stands_beside_the_plain_one_with_its_own_neighbours() -> None:
    text, read = check_display(VIEWS["beside"])
    assert "[only here]" in text and "only here" in read and "found by both 1" in text
    assert "with made-up words" in read and "<del" in VIEWS["beside"].html and "<ins" in VIEWS["beside"].html


def test_success_is_counted_over_the_last_few_and_grows_with_the_memory() -> None:
    course = success.Course((False, None, True, True), (), 2)
    assert course.shares == (0.0, 0.0, 1.0, 1.0)
    text, read = check_display(VIEWS["success"])
    assert "solved 5 of 6" in text and "memory 6 rationales" in flat(text) and "solved of the last 2" in read
    mixed = success.line([True, None, Verdict(False)], sizes=[1, 1, 2])
    assert "solved 1 of 2" in mixed.text
    check_display(success.line([number % 3 != 0 for number in range(5000)], window=50))
    for wrong in ([], [True, "yes"]):
        with pytest.raises(UsageProblem):
            success.line(wrong)  # type: ignore[arg-type]
    with pytest.raises(UsageProblem, match="2 outcomes with 1 sizes"):
        success.line([True, False], sizes=[1])
