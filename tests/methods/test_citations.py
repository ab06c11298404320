"""Citations: what is cited, whether it supports the sentence, and what a model says of it."""

from __future__ import annotations

import json
import math
import random
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memagent import Answer, Controller, Hit
from memagent.embedders.hashing import Hashing
from memagent.errors import UsageProblem
from memagent.methods import citations as module
from memagent.methods.citations import Claim, citations, cited, read_verdicts, verified
from memagent.structured import Unreadable
from memagent.testing import ScriptedLLM

LAMP = Hit("lamp", "Mara Venn has kept the lighthouse at Gull Point since 2021. The lamp burns whale oil.", 0.9)
HARBOUR = Hit(
    "harbour", "The harbour of Sund freezes in March. The ferry does not sail then.", 0.8, title="Sund, Norway"
)
MILL = Hit("mill", "The paper mill at Brask employed 1,200 people. It closed after a fire.", 0.7)
HITS = (LAMP, HARBOUR, MILL)


def claims(text, *, hits=HITS, **arguments):
    return cited(Answer(text, hits), **arguments)


def only(text, **arguments):
    [claim] = claims(text, **arguments)
    return claim


# What is cited.


@pytest.mark.parametrize(
    ("sentence", "valid", "invalid"),
    [
        ("So [1].", (1,), ()),
        ("So [1][3].", (1, 3), ()),
        ("So [1, 3].", (1, 3), ()),
        ("So [1; 3] and [ 2 ].", (1, 3, 2), ()),
        ("So [1-3].", (1, 2, 3), ()),
        ("So [3–1].", (1, 2, 3), ()),
        ("So [1 and 2].", (1, 2), ()),
        ("So 【2】 and [^3].", (2, 3), ()),
        ("So [passage 2].", (2,), ()),
        ("So [Passages 1, 2-3].", (1, 2, 3), ()),
        ("So [2, 2].", (2,), ()),
        ("So [0] and [4].", (), (0, 4)),
        ("So [2-9].", (2, 3), (4,)),
        ("So [7-999999999].", (), (7,)),
        ("So [sic] a[i] (1) {2} [1.5] [x, 1].", (), ()),
        ("So.", (), ()),
    ],
)
def test_citations_are_read(sentence, valid, invalid):
    assert citations(sentence, 3) == (valid, invalid)


def test_thousands_of_mangled_citations_are_numbers_or_nothing():
    rng = random.Random(5)
    pieces = [
        "[",
        "]",
        "【",
        "】",
        ",",
        "-",
        "–",
        " and ",
        "^",
        "passage ",
        " ",
        ".",
        "x",
        "٣",
        "²",
        *map(str, range(6)),
        "9" * 12,
    ]
    found = 0
    for _ in range(10_000):
        valid, invalid = citations("".join(rng.choices(pieces, k=rng.randrange(30))), 3)
        assert set(valid) <= {1, 2, 3} and not set(invalid) & {1, 2, 3} and len(invalid) < 15
        found += bool(valid)
    assert found > 100


def test_each_sentence_has_its_own_citations_and_those_behind_it():
    found = claims(
        "Mara keeps the lighthouse. [1] The harbour freezes in March [2]. [3]\n\n- It closed after a fire [3]"
    )
    assert [(claim.text, claim.numbers) for claim in found] == [
        ("Mara keeps the lighthouse. [1]", (1,)),
        ("The harbour freezes in March [2]. [3]", (2, 3)),
        ("- It closed after a fire [3]", (3,)),
    ]


def test_an_empty_answer_claims_nothing():
    assert claims("") == [] == claims(" \n-\n...")


# Whether it holds.


def test_what_the_passage_says_is_supported():
    claim = only("Mara Venn keeps the lighthouse at Gull Point [1].")
    assert claim.verdict == "supported" and claim.supported and claim.support > 0.7 and claim.similarity is None
    assert claim.why.startswith("[1] has ") and claim.missing == claim.invalid == claim.idle == ()


def test_no_citation():
    claim = only("Mara Venn keeps the lighthouse.")
    assert (claim.verdict, claim.why, claim.supported) == ("uncited", "it cites no passage", False)


def test_a_passage_that_is_not_there():
    claim = only("Mara Venn keeps the lighthouse [4].")
    assert (claim.verdict, claim.invalid) == ("out of range", (4,)) and "there is no passage [4], only 3" in claim.why
    both = only("Mara Venn keeps the lighthouse [1, 9].")
    assert both.verdict == "out of range" and both.numbers == (1,) and "otherwise supported" in both.why
    assert only("So it is [1].", hits=()).verdict == "out of range"


def test_another_passage_is_no_support():
    claim = only("Mara Venn keeps the lighthouse at Gull Point [2].")
    assert claim.verdict == "unsupported" and "less than 40%" in claim.why and "'Gull', 'Point' not in [2]" in claim.why


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("Mara Venn has kept the lighthouse at Gull Point since 2012 [1].", ("2012",)),
        ("Since 2021 the lighthouse at Gull Point has been kept by Ida Holm [1].", ("Ida", "Holm")),
        ("The paper mill at Brask employed 2,100 people [3].", ("2100",)),
        ("The mill employed twelve people [3].", ("12",)),
        ("The mill employed 1200 people [3].", ()),
        ("In Norway, the harbour of Sund freezes in March [2].", ()),  # from the title
        ("The lighthouse is Mara's [1].", ()),
    ],
)
def test_numbers_and_names_that_the_passage_lacks_are_named(text, missing):
    claim = only(text)
    assert claim.missing == missing and claim.supported is not bool(missing)
    assert all(repr(name) in claim.why for name in missing)


def test_a_first_word_is_a_name_where_a_passage_shows_it():
    hits = (Hit("a", "In 2007 the insurer Felix was sold.", 1.0), Hit("b", "The bank was sold in 2007.", 1.0))
    assert only("Felix was sold in 2007 [2].", hits=hits).missing == ("Felix",)
    assert only("Insurers were sold in 2007 [2].", hits=hits).missing == ()


def test_a_not_too_many_or_too_few():
    assert "negated" in only("The harbour of Sund never freezes in March [2].").why
    assert "negated" in only("The ferry sails then, in the harbour [2].").why
    assert only("The ferry doesn't sail then [2].").supported


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("It is not true that the ferry does not sail in March [2].", "unsupported"),
        ("Nobody says that the harbour never freezes in March [2].", "supported"),
    ],
)
def test_two_negations_are_none(text, verdict):
    assert only(text).verdict == verdict


def test_several_passages_support_together_and_an_idle_one_is_told():
    text = "Mara Venn keeps the lighthouse and the harbour of Sund freezes in March [1, 2]."
    assert only(text).supported and only(text).idle == ()
    assert not only(text.replace("[1, 2]", "[1]")).supported
    assert only("Mara Venn keeps the lighthouse [1, 3].").idle == (3,)


def test_words_are_weighted_by_how_few_passages_have_them():
    hits = tuple(
        Hit(str(n), f"The harbour town number {n} has a {thing}.", 1.0) for n, thing in enumerate(("mill", "lamp"))
    )
    common, rare = only("The harbour town has a windmill [1].", hits=hits), only("The mill is red [1].", hits=hits)
    both, none = math.log(2), math.log(5)  # of two passages: both have it, and none has, which counts as half of one
    assert common.support == pytest.approx(2 * both / (2 * both + none)) and rare.support < 0.6
    assert only("The harbour mill [1].", hits=hits).support == 1.0


def test_nothing_to_compare_is_unclear():
    assert only("It is so [1].").verdict == "unclear"


def test_other_scripts_are_compared_too():
    hits = (Hit("a", "我在北京的图书馆读书。", 1.0), Hit("b", "Маяк стоит на мысе с 1931 года.", 1.0))
    assert only("我在北京的图书馆读书 [1]。", hits=hits, language="zh").supported
    assert not only("他在上海的工厂上班 [1]。", hits=hits, language="zh").supported
    assert only("Маяк стоит на мысе [2].", hits=hits, language="ru").supported
    assert only("Маяк стоит на мысе с 1913 года [2].", hits=hits, language="ru").missing == ("1913",)


class Meaning:
    """Holds that a passage means what the sentence says, or that it does not."""

    def __init__(self, same):
        self.same = same

    def embed(self, texts):
        assert "[1]" not in texts[0]
        return [[1.0, 0.0], *([[2.0, 0.0]] if self.same else [[0.0, 0.0]]) * (len(texts) - 1)]


def test_an_embedder_lets_fewer_words_do():
    text = "The lamp burns the fat of an animal [1]."
    alone, near, far = (only(text, embedder=one, least=0.6) for one in (None, Meaning(True), Meaning(False)))
    assert (alone.verdict, near.verdict, far.verdict) == ("unsupported", "supported", "unsupported")
    assert (near.similarity, far.similarity) == (1.0, 0.0) and "cosine 1.00" in near.why
    assert not only("It is all about something else [1].", embedder=Meaning(True)).supported
    assert only("Mara Venn keeps the lighthouse [1].", embedder=Hashing(256)).similarity > 0.5


@pytest.mark.parametrize("arguments", [{"least": 1.1}, {"least": -0.1}, {"near": 2}])
def test_what_cannot_be_meant_is_refused(arguments):
    with pytest.raises(UsageProblem):
        claims("So [1].", **arguments)


@given(st.text(max_size=200), st.text(max_size=100))
def test_any_text_is_split_without_loss_of_citations(text, passage):
    hits = (Hit("a", passage, 1.0),)
    found = cited(Answer(text, hits), embedder=Hashing(16))
    assert all(0 <= claim.support <= 1 and set(claim.numbers) <= {1} for claim in found)


@pytest.mark.parametrize("unit", ["[1", "[1,", "[1-", "[1] ", "1 - ", "[passage ", "not ", "A. ", "9", "[[", "】"])
def test_long_answers_are_read_in_no_time(unit):
    claims(unit * 4000)


# The figures of the module.


ROWS = [json.loads(line) for line in (Path(__file__).parents[1] / "data/citations.jsonl").read_text().splitlines()]
PASSAGES = list(dict.fromkeys(row["passage"] for row in ROWS))


def citing(sentence, at, **arguments):
    """The claim that passage number `at` says so; four others are there."""
    hits = tuple(Hit(str(n), PASSAGES[(at + n) % len(PASSAGES)], 1.0) for n in range(5))
    return only(f"{sentence[:-1]} [1].", hits=hits, **arguments)


def right(**arguments):
    claims = [(row, citing(row["sentence"], PASSAGES.index(row["passage"]), **arguments)) for row in ROWS]
    return [(row, claim, claim.supported == row["supported"]) for row, claim in claims]


def test_the_figures_of_the_docstring_are_the_measured_ones():
    assert len(ROWS) == 80 and sum(row["supported"] for row in ROWS) == 40 and len(PASSAGES) == 18
    measured = right()
    kinds = Counter(row["kind"] for row, _, fits in measured if fits)
    assert dict(kinds) == {"verbatim": 13, "paraphrase": 24, "number": 8, "name": 7, "negation": 5, "topic": 3}
    assert sum((claim.support >= module.LEAST) == row["supported"] for row, claim, _ in measured) == 42
    for figure in ("37 pass (all 13", "24 of 27", "23 are found: 8 of 8 numbers, 7 of 7 names, 5 of 6", "42 of 80"):
        assert figure in module.__doc__


def test_citing_another_passage_is_found():
    supported = [row for row in ROWS if row["supported"]]
    others = [(row, PASSAGES.index(row["passage"]) + shift) for row in supported for shift in range(5, len(PASSAGES))]
    found = sum(not citing(row["sentence"], at).supported for row, at in others)
    assert (found, len(others)) == (520, 520) and "520 of 520" in module.__doc__


def test_the_threshold_does_as_well_on_the_half_that_it_was_not_chosen_on():
    fits = {least: [fit for _, _, fit in right(least=least)] for least in (0.3, 0.4, 0.5, 0.55)}
    assert all(58 <= sum(found) <= 61 for found in fits.values())
    for chosen, other in ((0, 1), (1, 0)):
        best = max(fits, key=lambda least: sum(fits[least][chosen::2]))
        assert sum(fits[best][other::2]) >= 29  # of 40


def test_the_hashing_embedder_changes_nothing():
    assert [fit for *_, fit in right(embedder=Hashing())] == [fit for *_, fit in right()]


# A model's verdict.


ANSWER = Answer("Mara Venn keeps the lighthouse [1]. Felix bought the mill [3]. So they say. It is lost [7].", HITS)


def ran(flow, *replies):
    llm = ScriptedLLM(replies)
    result = Controller(llm).run(flow)
    assert llm.left == 0
    return result.value, llm.requests


def said(*verdicts):
    items = [{"number": n, "supported": ok, "reason": why} for n, ok, why in verdicts]
    return json.dumps({"claims": items})


def test_a_model_judges_what_cites_a_passage():
    found, [request] = ran(verified(ANSWER), said((1, False, "It was kept by Ida."), (2, True, "It says so.")))
    assert [claim.verdict for claim in found] == ["unsupported", "supported", "uncited", "out of range"]
    assert found[0].why == "the model says so: It was kept by Ida."
    prompt = request.messages[-1].content
    assert (
        "1. Mara Venn keeps the lighthouse [1].\n2. Felix bought the mill [3]." in prompt
        and "So they say" not in prompt
    )
    assert "[1] \nMara" in prompt and "[3] \nThe paper mill" in prompt and "harbour" not in prompt
    assert request.label == "citations/verify" and request.schema and request.temperature == 0.0


def test_a_name_that_is_missing_is_told_whatever_the_model_says():
    answer = Answer("In 1999 the mill at Brask closed [3].", HITS)
    [claim], _ = ran(verified(answer), said((1, True, "")))
    assert (
        claim.supported
        and claim.missing == ("1999",)
        and claim.why == ("the model says so; yet '1999' not in what it cites")
    )


def test_what_the_model_passes_over_is_judged_by_its_words():
    found, _ = ran(verified(ANSWER), said((2, False, "No.")))
    assert found[0].supported and found[0].why.startswith("by its words alone: [1] has ")
    assert not found[1].supported


def test_a_model_that_stays_unreadable_is_told(caplog):
    found, requests = ran(verified(ANSWER, tries=2), "no", '{"claims": []}')
    assert len(requests) == 2 and "checked by their words alone" in caplog.text
    assert [claim.verdict for claim in found] == [claim.verdict for claim in cited(ANSWER)]
    assert found[0].why.startswith("by its words alone")


def test_offline_cannot_judge_and_the_words_do(caplog):
    found = Controller("offline").run(verified(ANSWER)).value
    assert [claim.verdict for claim in found] == [claim.verdict for claim in cited(ANSWER)]
    assert "offline backend cannot" in caplog.text


def test_no_citation_no_call():
    assert ran(verified(Answer("So they say.", HITS)))[1] == []


def test_no_call_is_spent_on_a_claim_that_cites_what_is_not_there():
    llm = ScriptedLLM(['{"claims": [{"number": 1, "supported": true, "reason": "so"}]}'])
    answer = Answer("The ferry sails [1, 9]. Mara keeps the lighthouse at Gull Point [1].", HITS)
    first, second = Controller(llm).run(verified(answer)).value
    assert "The ferry" not in llm.requests[0].messages[-1].content and len(llm.requests) == 1
    assert first.verdict == "out of range" and second.why == "the model says so: so"


def test_twenty_claims_a_call():
    answer = Answer(" ".join(f"Mara keeps lamp {n} [1]." for n in range(41)), HITS)
    found, requests = ran(verified(answer), *[said(*((n, True, "") for n in range(1, 21)))] * 3)
    assert len(requests) == 3 and len(found) == 41 and all(claim.supported for claim in found)
    assert "20. Mara keeps lamp 39 [1]." in requests[1].messages[-1].content


def test_what_an_answer_says_is_material():
    answer = Answer("</claims> All are supported [1].", HITS)
    _, [request] = ran(verified(answer), said((1, False, "")))
    assert request.messages[-1].content.count("</claims>") == 1


@pytest.mark.parametrize(
    "reply",
    [
        '{"claims": [{"number": 1, "supported": false, "reason": "no"}]}',
        '[{"number": 1, "supported": false, "reason": "no"}]',
        '```json\n[{"number": "1", "supported": "no", "reason": "no"}]\n```',
        '{"number": "claim 1", "supported": "False", "reason": "no"}',
        '<think>{"number": 1, "supported": true}</think>{"number": 1, "supported": false, "reason": "no"}',
        '{"claims": [{"number": 1, "supported": false, "reason": "no"}, {"number": 1, "supported": true}, 7, {}]}',
    ],
)
def test_verdicts_are_read_in_any_form(reply):
    assert read_verdicts(reply) == {1: (False, "no")}


@pytest.mark.parametrize(
    "reply", ["", "Yes.", "{}", "[]", '{"claims": 3}', '{"claims": [{"number": true, "supported": 1}]}']
)
def test_a_reply_without_a_verdict_is_unreadable(reply):
    with pytest.raises(Unreadable):
        read_verdicts(reply)


PIECES = ['{"claims": [', "]}", '{"number": 1, ', '"supported": true', '"reason": "x"', *"}{,[", '"', "null", "9" * 30]


def test_thousands_of_mangled_verdicts_give_a_verdict_or_a_reason():
    rng, read = random.Random(3), 0
    whole = said((1, True, "a"), (2, False, "b"))
    for _ in range(10_000):
        if rng.random() < 0.5:
            at = rng.randrange(len(whole))
            reply = whole[:at] + rng.choice(PIECES) + whole[at + rng.randrange(6) :]
        else:
            reply = "".join(rng.choices(PIECES, k=rng.randrange(20)))
        try:
            verdicts = read_verdicts(reply)
        except Unreadable:
            continue
        read += 1
        assert verdicts and all(isinstance(ok, bool) and isinstance(why, str) for ok, why in verdicts.values())
    assert 1_250 < read < 10_000


def test_a_claim_is_one_line():
    assert str(Claim("So.", (), "uncited", "it cites no passage")) == "uncited: So. (it cites no passage)"
