"""What a request needs, and what is said to somebody whose model does not have it."""

import pytest

from memagent.errors import CapabilityError
from memagent.llms.abilities import needs, require
from memagent.types import Message, Request

ASKED = (Message("user", "hello"),)


@pytest.mark.parametrize(
    "request_, wanted",
    [
        (Request(ASKED, max_tokens=5, temperature=0.0, seed=1, schema={"type": "object"}, timeout=1.0), set()),
        (Request(ASKED, stop=("x",)), {"stop"}),
        (Request(ASKED, logprobs=True, prefill="A"), {"logprobs", "prefill"}),
        (Request(ASKED, logit_bias={"yes": 1.0}), {"logit_bias"}),
    ],
)
def test_requirements_and_wishes(request_, wanted):
    assert needs(request_) == wanted


def test_what_is_missing_and_what_to_use_instead():
    request = Request(ASKED, logprobs=True, stop=("x",), label="flare/sentence")
    with pytest.raises(CapabilityError) as caught:
        require("acme:big", frozenset({"seed"}), request)
    assert caught.value.message == "acme:big cannot do logprobs, stop, which flare/sentence needs"
    assert "For logprobs" in caught.value.hint and "For stop" in caught.value.hint
    require("acme:big", frozenset({"logprobs", "stop"}), request)
