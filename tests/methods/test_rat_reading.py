"""What RAT reads: drafts, queries, revisions, programs; passages cut by relevance; and ten thousand mangled replies."""

from __future__ import annotations

import random
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memagent import rat
from memagent.flow import Generate, Inquire, Retrieve, run
from memagent.methods.rat_domains import in_form
from memagent.methods.rat_passages import GAP, pieces, reference_parts, relevant
from memagent.methods.rat_reading import (
    capped,
    paragraphs,
    program_in,
    query_in,
    revision_in,
    split_by_rules,
    split_steps,
    tidy,
)
from memagent.methods.rat_revision import credited, kept_of, located, refusal, words
from memagent.types import Change, Completion, Hit, estimate_tokens


@pytest.mark.parametrize(
    ("draft", "steps"),
    [
        ("A\n\nB\n\nC", ["A", "B", "C"]),
        ("A\r\n\r\nB\r\n \r\nC", ["A", "B", "C"]),
        ("one line", ["one line"]),
        ("", []),
        ("1. a\n2. b\n3) c", ["1. a", "2. b", "3) c"]),
        ("Intro\n1. a\n2. b", ["Intro\n\n1. a", "2. b"]),
        ("1. a\n   more\n   1. x\n   2. y\n2. b", ["1. a\n   more\n   1. x\n   2. y", "2. b"]),
        ("STEP 1: a\nSTEP 2: b", ["STEP 1: a", "STEP 2: b"]),
        ("**Step 1.** a\n\n**Step 2.** b\n\nc", ["**Step 1.** a", "**Step 2.** b\n\nc"]),
        ("### Step 1: a\ntext\n### Step 2: b\ntext", ["### Step 1: a\ntext", "### Step 2: b\ntext"]),
        ("STEP: a\nSTEP: b", ["STEP: a", "STEP: b"]),
        ("# Head\n\nA\n\n## Head ##\n\nB", ["# Head\n\nA", "## Head ##\n\nB"]),
        ("A ## B\n\nC", ["A ## B", "C"]),
        ("A\n\n```py\nx = 1\n\n# y\n```\n\nB", ["A", "```py\nx = 1\n\n# y\n```", "B"]),
        ("A\n\n```\nnever closed\n\nB", ["A", "```\nnever closed\n\nB"]),
        # a list in the second half is part of what it stands in
        ("A long paragraph of prose that goes first.\n\nB:\n1. x\n2. y", None),
        ("In 1890.\n2. is no first number", ["In 1890.\n2. is no first number"]),
        ("```\n1. a\n2. b\n```", ["```\n1. a\n2. b\n```"]),
        ("1、找木头\n2、做桌子", ["1、找木头", "2、做桌子"]),
        ("计划：\n步骤1：找木头\n细节\n步骤2：做桌子", ["计划：\n\n步骤1：找木头\n细节", "步骤2：做桌子"]),
        ("步骤 １：找\n步骤 ２：做", ["步骤 １：找", "步骤 ２：做"]),
        ("第一步，找\n第二步：做", ["第一步，找", "第二步：做"]),
        (
            "\n".join(f"第{n}步：做" for n in "一 二 三 四 五 六 七 八 九 十 十一 十二".split()),
            [f"第{n}步：做" for n in "一 二 三 四 五 六 七 八 九 十 十一 十二".split()],
        ),
        ("一、找\n二、做", ["一、找", "二、做"]),
        ("（1）找\n（2）做", ["（1）找", "（2）做"]),
        ("手順1：木\n手順2：机", ["手順1：木", "手順2：机"]),
        ("- find wood\n- craft a table\n  - flat\n- sit", ["- find wood", "- craft a table\n  - flat", "- sit"]),
        ("Plan:\n\n• wood\n• table", ["Plan:\n\n• wood", "• table"]),
        ("* a\n\n* b", ["* a", "* b"]),
        ("١. ابحث\n٢. اصنع", ["١. ابحث", "٢. اصنع"]),
        ("١- ابحث\n٢- اصنع", ["١- ابحث", "٢- اصنع"]),
        ("الخطوة ١: ابحث\nالخطوة ٢: اصنع", ["الخطوة ١: ابحث", "الخطوة ٢: اصنع"]),
        ("Schritt 1: a\nSchritt 2: b", ["Schritt 1: a", "Schritt 2: b"]),
        ("**Étape 1 :** a\n**Étape 2 :** b", ["**Étape 1 :** a", "**Étape 2 :** b"]),
        ("चरण १: a\nचरण २: b", ["चरण १: a", "चरण २: b"]),
        # bullets in prose, other words and other numbers are no steps
        ("A:\n- x\n- y\n\nB\n\nC", ["A:\n- x\n- y", "B", "C"]),
        ("Alder 1: a\nBirch 2: b", ["Alder 1: a\nBirch 2: b"]),
        ("Room 7: a\nRoom 8: b", ["Room 7: a\nRoom 8: b"]),
        ("-1 is less\n-2 is lesser", ["-1 is less\n-2 is lesser"]),
        ("- one bullet", ["- one bullet"]),
        ("Steps are fun.\n\nStepping on.", ["Steps are fun.", "Stepping on."]),
    ],
)
def test_a_draft_is_split_by_its_own_structure(draft, steps):
    expected = ["A long paragraph of prose that goes first.", "B:\n1. x\n2. y"] if steps is None else steps
    assert split_steps(draft, 12) == expected


def test_a_plan_leaves_out_what_stands_before_it():
    assert split_steps("Here is the plan:\nSTEP 1: a\nSTEP 2: b", 9, preamble=False) == ["STEP 1: a", "STEP 2: b"]


@pytest.mark.parametrize(("count", "most"), [(1, 1), (5, 2), (9, 4), (3, 8), (100, 7)])
def test_more_steps_than_allowed_are_joined_evenly(count, most):
    steps = [str(number) for number in range(count)]
    joined = capped(steps, most)
    assert len(joined) == min(count, most) and "\n\n".join(joined) == "\n\n".join(steps)
    sizes = [len(step.split()) for step in joined]
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize(
    ("reply", "query"),
    [
        ("alder lamp 1892", "alder lamp 1892"),
        ('Query: "alder lamp"', "alder lamp"),
        ("**Search query:** alder lamp\n\nThis finds it.", "alder lamp"),
        ("Here is a query:\n- alder lamp", "alder lamp"),
        ("```\nalder lamp\n```", "alder lamp"),
        ("<think>what lamp?</think>\n1. alder lamp", "alder lamp"),
        ("<think>it never ends", ""),
        ("«лампа Алдера»", "лампа Алдера"),
        ("灯台 点灯", "灯台 点灯"),
        ("", ""),
        ("---\n***", ""),
        ("a" * 400, "a" * 300),
        ("word " * 100, ("word " * 60).strip()),
    ],
)
def test_a_query_is_the_first_line_that_says_something(reply, query):
    assert query_in(reply) == query


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        ("  A.\n\nB. ", "A.\n\nB."),
        ("Here is the revised text:\n\nA.", "A."),
        ("Sure, here you go:\nA.", "A."),
        ("**Revised step:**\nA.", "A."),
        ("```\nA.\n\nB.\n```", "A.\n\nB."),
        ("```markdown\nA.\n```", "A."),
        ("A:\n```\nx = 1\n```\nB\n```\ny\n```", "A:\n```\nx = 1\n```\nB\n```\ny\n```"),
        ("```\nx\n```\nand\n```\ny\n```", "```\nx\n```\nand\n```\ny\n```"),
        ("<so_far>\nA.\n</so_far>\n\n<step>\nB.\n</step>", "A.\n\n\n\nB."),
        ("<think>\nhm\n</think>\nA.", "A."),
        ("Here is where Alder lived: a tower.", "Here is where Alder lived: a tower."),
        ("A\x00\x1b[31m\ud800.", "A[31m?."),
    ],
)
def test_a_revision_is_freed_of_what_models_put_round_it(reply, text):
    assert revision_in(reply) == text


@pytest.mark.parametrize(
    ("reply", "program"),
    [
        ("print(1)", "print(1)"),
        ("Sure:\n```python\nprint(1)\n```\nDone.", "print(1)"),
        ("```\nx\n```\nor better\n```py\nprint(22)\n```", "print(22)"),
        ("```python\nprint(1)", "print(1)"),
        ("```python\ndef f():\n    return 1\n```", "def f():\n    return 1"),
        ("", ""),
        ("```\n```", "```\n```"),
    ],
)
def test_a_program_is_the_longest_fenced_block(reply, program):
    assert program_in(reply) == program


def test_a_split_by_lines_of_signs():
    assert split_by_rules("A\n===\nB\n  =====  \n\nC\n===") == ["A", "B", "C"]
    assert split_by_rules("a == b === c") == ["a == b === c"] and split_by_rules("") == []


def test_steps_of_a_plan_have_their_label():
    assert in_form("chop wood", 2, "planning") == "STEP 2: chop wood" == in_form("2. chop wood", 2, "planning")
    assert in_form("**STEP 2:** chop", 2, "planning") == "**STEP 2:** chop"
    assert in_form("步骤2：找木头", 2, "planning") == "STEP 2: 找木头" == in_form("2、找木头", 2, "planning")
    assert in_form("第二步，找", 2, "planning") == "STEP 2: 找" == in_form("- 找", 2, "planning")
    assert in_form("٢- اصنع", 2, "planning") == "STEP 2: اصنع" == in_form("الخطوة ٢: اصنع", 2, "planning")
    assert in_form("Take 3: they fit", 2, "planning") == "STEP 2: Take 3: they fit"
    assert in_form("in 1890. done", 2, "planning") == "STEP 2: in 1890. done"
    assert in_form("chop", 2, "writing") == "chop" and in_form("", 2, "planning") == ""


# Revisions.


def test_what_survives_is_counted_by_words_that_say_something():
    assert kept_of("The lamp was lit in 1890.", "A LAMP, lit: 1892") == pytest.approx(2 / 3)
    assert kept_of("...", "anything") == 1.0 and kept_of("the of", "the of") == 1.0
    assert kept_of("灯台は高い", "灯台は高い。") == 1.0
    assert words("The lamp") == {"lamp"}


def test_a_revision_is_judged_by_length_and_by_what_it_lost():
    a, b = "Alder lit the lamp.", "Birch kept it."
    assert refusal(f"{a}\n\n{b}", [a], b, (0.5, 3.0), 0.6) == ""
    assert "lost step 1: 0% of its words are left, 60% must be" in refusal(f"{b} {b}", [a], b, (0.5, 3.0), 0.6)
    assert "characters where" in refusal("x" * 300, [a], b, (0.5, 3.0), 0.0)
    assert "nothing" in refusal("...", [], b, (0.0, 3.0), 0.0)


def test_steps_are_located_by_what_they_say():
    assert located("Alder lit it.\n\nIn spring.\n\nBirch kept it.", ["alder lit", "birch kept"]) == [
        "Alder lit it.\n\nIn spring.",
        "Birch kept it.",
    ]
    assert located("Alder lit it.\nBirch kept it.", ["alder lit", "birch kept"]) == ["Alder lit it.", "Birch kept it."]
    assert located("Alder lit it. Birch kept it.", ["alder lit", "birch"]) == ["Alder lit it.", "Birch kept it."]
    assert located("one thing", ["one", "thing"]) == [] and located("all\n\nof it", ["x"]) == ["all\n\nof it"]


@given(st.lists(st.text("abc \n", max_size=9), min_size=1, max_size=6), st.text("abc \n.", max_size=60))
def test_located_steps_join_to_the_text(steps, text):
    found = located(text, steps)
    assert not found or (len(found) == len(steps) and "".join("".join(found).split()) == "".join(text.split()))


def test_new_words_are_put_down_to_their_passage():
    hit = Hit("one", "Alder, 1892", 0.5, title="Lamp")
    [change] = credited([hit], "lit", "lit by Alder of Gull")
    assert change == Change(hit, "lit", "lit by Alder of Gull", True, "1 of 2 new words are in the passage")
    assert credited([hit], "lit", "LIT") == [Change(hit, "lit", "LIT", False, "no word is new")]


def test_passages_shown_together_share_out_what_was_changed():
    hits = [Hit("gulls", "Gulls nest.", 0.5), Hit("year", "It was 1892.", 0.4), Hit("again", "In 1892.", 0.3),
            Hit("keeper", "Birch kept it.", 0.2)]  # fmt: skip
    before, middle = "In 1890 Alder lit it.", "In 1892 Alder lit it."
    after = f"{middle} Birch kept it."
    found = credited(hits, before, after)
    assert [change.taken for change in found] == [False, True, False, True]
    assert [(change.before, change.after) for change in found[:3]] == [
        (before, before), (before, middle), (middle, middle)
    ]  # fmt: skip
    assert found[3].after == after
    assert [change.why for change in found] == [
        "0 of 3 new words are in the passage",
        "1 of 3 new words are in the passage",
        "1 of 3 new words are in the passage, and others had them",
        "2 of 3 new words are in the passage",
    ]


@given(st.lists(st.text("ab \n", max_size=9), min_size=1, max_size=4), st.text("abc \n"), st.text("abc \n"))
def test_what_passages_changed_leads_from_one_text_to_the_other(texts, before, after):
    found = credited([Hit(str(number), text, 0.5) for number, text in enumerate(texts)], before, after)
    assert (found[0].before, found[-1].after) == (before, after)
    assert all(one.after == two.before for one, two in pairwise(found))
    new = words(after) - words(before)
    assert not any(change.taken and not new & words(change.hit.text) for change in found)
    assert [change for change in found if change.taken] == [
        change for change in found if change.taken and change.before != change.after
    ]


def test_a_draft_of_nothing_but_blank_lines_and_headings_is_read_in_bounded_time():
    before = time.process_time()
    for line in ("", "# lamp", "---"):
        assert len(split_steps(f"{line}\n" * 100_000, 8)) <= 1
    assert time.process_time() - before < 30  # it would be minutes if each line looked back at all before it


# Passages.


def test_a_rare_word_of_the_query_weighs_more_than_a_common_one():
    common = " ".join(f"The keeper slept beside his own lamp until day number {number}." for number in range(60))
    rare = "Alder sang of the sea and of all her ships until the night was over."
    [cut] = relevant([Hit("a", f"{common} {rare} {common}", 0.5)], "what of the keeper, his lamp, Alder?", 40, piece=18)
    assert rare in cut.text


PAGE = " ".join(f"Sentence {number} tells of gulls and nothing else." for number in range(500))


def test_short_passages_stay_as_they_are():
    hits = [Hit("a", "one  \n\n two", 0.5), Hit("b", "three", 0.4)]
    assert relevant(hits, "anything", 100) == hits


def test_of_a_long_passage_the_pieces_with_the_querys_words_are_kept_in_their_order():
    page = f"{PAGE} Alder lit the lamp. {PAGE} It burnt oil, said Alder. {PAGE}"
    [cut] = relevant([Hit("a", page, 0.5)], "when did Alder light the lamp?", 100, piece=30)
    assert cut.text.index("Alder lit the lamp.") < cut.text.index("It burnt oil, said Alder.")
    assert estimate_tokens(cut.text) <= 120 and cut.text.startswith(GAP.strip()) and cut.text.endswith(GAP.strip())
    [cut] = relevant([Hit("a", PAGE, 0.5)], "no word of it", 100, piece=30)
    assert cut.text.startswith("Sentence 0 tells")


def test_every_passage_has_its_best_piece_before_any_has_its_second():
    pages = [Hit("a", f"{PAGE} lamp lamp lamp. {PAGE} lamp oil. {PAGE}", 0.9), Hit("b", f"{PAGE} a lamp there.", 0.1)]
    assert [cut.id for cut in relevant(pages, "lamp", 90, piece=30)] == ["a", "b"]
    assert "a lamp there." in relevant(pages, "lamp", 90, piece=30)[1].text


@pytest.mark.parametrize(
    "text", ["x" * 250_000, "灯台は高い。" * 40_000, "灯" * 200_000, "a b " * 60_000, "\n" * 200_000, PAGE * 8]
)
@pytest.mark.parametrize("budget", [10, 1000])
def test_passages_of_any_kind_pass_through_within_the_budget(text, budget):
    cut = relevant([Hit("a", text, 0.5)], "灯台 x a gulls", budget)
    assert sum(estimate_tokens(hit.text) for hit in cut) <= budget + 10


@given(st.text(max_size=300), st.integers(1, 40))
def test_pieces_have_every_character_that_is_not_blank(text, most):
    found = list(pieces(text, most))
    assert "".join("".join(found).split()) == "".join(text.split())
    assert all(estimate_tokens(piece) <= most for piece in found)


@given(st.text(max_size=100), st.integers(0, 10_000), st.integers(1, 2000))
def test_parts_of_the_published_splitter_join_to_the_text(text, tokens, limit):
    parts = reference_parts(text, tokens, limit)
    assert "".join(parts) == text and len(parts) == tokens // limit + 1
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


# Mangled replies, from a fixed seed.

SCRAPS = [
    *["STEP 1: chop wood", "step 2", "STEP", "1. a", "2) b", "**3.** c", "# Head", "## ", "===", "---", "~~~"],
    *["```", "```python", "print(1)", "<think>", "</think>", "<so_far>", "</step>", "Query:", "Search query: lamp"],
    *["Here is it:", "Revised text:", "Alder lit the lamp in 1890.", "灯台は高い。", "лампа", "\u202e", "\x00", "😀"],
    *["\x1b[2J", "\ud800", '"', "{", "}", "[1]", "$task", "${x}", "%s", "\\", "a" * 3000, "\t", " ", "\n", "\n\n"],
    *["\r\n", "\u2028", ""],
]


def mangled(rng):
    scraps = [rng.choice(SCRAPS) for _ in range(rng.randrange(12))]
    text = rng.choice(["\n", "\n\n", " ", ""]).join(scraps)
    if rng.random() < 0.2 and text:
        at = rng.randrange(len(text))
        text = text[:at] + text[at + rng.randrange(9) :]
    return text * (50 if rng.random() < 0.02 else 1)


def test_no_reply_breaks_a_reader():
    rng = random.Random(20240308)
    for _ in range(10_000):
        reply = mangled(rng)
        most = rng.randrange(1, 9)
        steps = split_steps(reply, most, preamble=rng.random() < 0.5)
        assert len(steps) <= most and all(step.strip() for step in steps)
        assert "".join("".join(split_steps(reply, most)).split()) == "".join(tidy(reply).split())
        assert all(paragraphs(step) for step in steps) and all(split_by_rules(reply))
        query = query_in(reply)
        assert len(query) <= 300 and "\n" not in query and (not query or any(c.isalnum() for c in query))
        after = revision_in(reply)
        assert after == after.strip() and "\x00" not in after and after.encode() is not None
        assert program_in(reply).encode() is not None
        if steps and (pieces_ := located(after, steps)):
            assert len(pieces_) == len(steps)
        assert isinstance(refusal(after, steps[:-1], steps[-1] if steps else "", (0.5, 3.0), 0.6), str)


@pytest.mark.parametrize("domain", ["writing", "planning", "maths", "code"])
def test_no_model_breaks_a_run(domain):
    rng = random.Random(f"2403.05313 {domain}")
    for _ in range(250):
        asked = 0

        def answer(step, path):
            nonlocal asked
            asked += 1
            if isinstance(step, Generate):
                if rng.random() < 0.05 and asked > 1:
                    raise ValueError("mangled")
                return Completion(mangled(rng), finish_reason=rng.choice(["stop", "length"]))
            assert isinstance(step, Retrieve) and not isinstance(step, Inquire)
            if rng.random() < 0.1:
                raise KeyError("mangled")
            return [Hit(str(number), mangled(rng), 0.5) for number in range(rng.randrange(3))]

        scope, revisions = rng.choice(["prefix", "step"]), rng.choice(["each", "together"])
        flow = rat("Tell of the lamp.", domain=domain, scope=scope, revisions=revisions, k=2, max_steps=5,
                   query=rng.choice(["", "llm", "draft"]), split=rng.choice(["structure", "llm"]),
                   causal=rng.random() < 0.7)  # fmt: skip
        done = run(flow, answer)
        assert asked <= 3 + 5 * 4 and len(done.parts) <= 5
        for part in done.parts:
            assert part.decision in ("kept", "revised") and part.why
            kept = in_form(part.draft, done.parts.index(part) + 1, domain)
            assert part.decision == "revised" or part.text.lstrip("\n") == kept.lstrip("\n")
        assert all(isinstance(problem, str) and problem for problem in done.problems)
