"""The small language model behind the log-probabilities: a proper distribution, and honest about what it has seen."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memagent.llms.offline import Offline
from memagent.offline.ngram import START, UNKNOWN, NGram, tokenize
from memagent.types import Message, Request

TEXT = "The cat sat on the mat. The cat ran. A dog sat on the cat, and the mat was gone."


@given(st.text())
def test_tokens_join_to_any_text(text):
    assert "".join(tokenize(text)) == text


@pytest.mark.parametrize(
    "context",
    [
        (),
        ("the",),
        ("the", "cat"),
        ("sat", "on"),
        (START, START),
        ("never", "seen"),
        ("never", "cat"),
        ("the", "never"),
    ],
)
def test_probabilities_sum_to_one(context):
    model = NGram([TEXT])
    total = sum(model.probability(word, context) for word in model.vocabulary) + model.probability(UNKNOWN, context)
    assert total == pytest.approx(1.0, abs=1e-12)
    assert len(model.vocabulary) > 10


def test_an_empty_model_gives_everything_to_the_unknown():
    assert NGram([]).probability(UNKNOWN) == 1.0
    assert NGram([""]).logprob("word") < 0


def test_a_context_that_was_seen_makes_its_follower_likely():
    model = NGram([TEXT])
    assert (
        model.probability("sat", ("the", "cat")) > model.probability("sat", ()) > model.probability(UNKNOWN, ()) / 100
    )
    assert model.probability("on", ("cat", "sat")) > 0.5


def test_witten_bell_by_hand():
    # "a b a c": unigrams a 2, b 1, c 1 (N = 4, T = 3); after "a" come b and c, once each.
    model = NGram(["a b a c"])
    assert model.probability("a") == pytest.approx(2 / 7)
    assert model.probability(UNKNOWN) == pytest.approx(3 / 7)
    assert model.probability("b", ("a",)) == pytest.approx((1 + 2 * (1 / 7)) / 4)


def test_spellings_of_unseen_words_share_the_unknown_part():
    model = NGram([TEXT])
    assert model.logprob("cot") < math.log(model.probability(UNKNOWN))
    assert model.logprob("c") > model.logprob("cccccccc")


def mean(tokens):
    return sum(token.logprob for token in tokens) / len(tokens)


def test_a_copied_sentence_is_likelier_than_one_of_new_words():
    model = NGram([TEXT])
    copied = model.score(tokenize("The cat sat on the mat."))
    shuffled = model.score(tokenize("mat the on sat cat The."))
    new = model.score(tokenize("Seven zebras juggled quinces."))
    assert mean(copied) > mean(shuffled) > mean(new)
    assert all(token.logprob <= 0 for token in (*copied, *new))


def test_the_backend_gives_them_when_asked():
    passages = "<passages>\n[1] Lamp: Mara Venn keeps the lamp at Gull Point.\n</passages>"
    message = Message("user", f"{passages}\n<question>\nWho keeps the lamp?\n</question>")
    plain = Offline().complete(Request((message,)))
    scored = Offline().complete(Request((message,), logprobs=True))
    assert plain.text == scored.text
    assert all(token.logprob is None for token in plain.tokens)
    assert all(token.logprob is not None and token.logprob <= 0 for token in scored.tokens)
    named = {token.text.strip(): token.logprob for token in scored.tokens}
    assert named["Venn"] > named["Mara"]
