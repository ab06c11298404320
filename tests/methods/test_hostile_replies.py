"""Ten thousand mangled replies, and long hostile ones: no parser raises what is not its own, and none takes long."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from memagent import Completion
from memagent.methods import confidence, flare_instruct, flare_queries, passive
from memagent.methods.citations import read_verdicts
from memagent.methods.continuing import continued, first_sentence, is_last
from memagent.methods.recite import says_nothing
from memagent.methods.repeating import begins_again, chatter, repeated
from memagent.methods.thinking import after_thoughts, spoken, thoughts_in
from memagent.structured import Unreadable, json_object
from memagent.types import Token

SO_FAR = "Mara keeps the lighthouse. It stands at Gull Point."
SECONDS = 20.0  # a parser of quadratic time takes minutes; the others well under a second on an idle machine

PARSERS: dict[str, Callable[[str], Any]] = {
    "continued": lambda reply: first_sentence(continued(SO_FAR, Completion(reply, (Token(reply),)))),
    "continued, cut off": lambda reply: continued(SO_FAR, Completion(reply, finish_reason="unknown"), most=64),
    "repeated": lambda reply: repeated(SO_FAR, reply),
    "repeated by the answer": lambda reply: repeated(reply, SO_FAR),
    "begins again": lambda reply: begins_again(reply, reply[: len(reply) // 2]),
    "chatter": lambda reply: chatter(reply, SO_FAR),
    "is_last": is_last,
    "question_in": flare_queries.question_in,
    "parted": flare_instruct.parted,
    "asked_in": passive.asked_in,
    "doubt": confidence._doubt_in,
    "verdicts": read_verdicts,
    "json": json_object,
    "recited nothing": says_nothing,
    "thoughts": after_thoughts,
    "spoken": spoken,
}
LONG = [
    "-" * 20_000 + "x", "\t" * 40_000 + "x", "_" * 40_000, "{" * 20_000, '{"' * 10_000, "[" * 40_000 + "{",
    "{[" * 9_000,
    '{"a":' * 5_000, "\n" * 40_000, "\n " * 20_000, " " * 40_000 + "x", "*" * 40_000, "<think>" * 5_000,
    "</think" * 5_000, "<a>" * 10_000, "</so_far>" * 5_000, "[search(" * 5_000, "Follow up: " * 4_000, ". " * 20_000,
    "END " * 10_000, "a" * 40_000, "Sure, here" * 4_000, "the answer " * 4_000, "…" * 40_000, "。" * 20_000,
    f"{SO_FAR} " * 800, "answer" * 6_000, "none" * 10_000, "(" * 40_000, '"' * 40_000, "Q" * 40_000 + "\n\n",
    "\n\nquestion " * 4_000,
]  # fmt: skip


@pytest.mark.parametrize("name", PARSERS)
def test_no_long_reply_takes_long(name: str) -> None:
    took: list[float] = []

    def work() -> None:
        for reply in LONG:
            started = time.thread_time()
            try:
                PARSERS[name](reply)
            except Unreadable:
                pass
            took.append(time.thread_time() - started)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(SECONDS * 6)
    slowest = LONG[len(took)][:12] if len(took) < len(LONG) else ""
    assert len(took) == len(LONG), f"no end on {slowest!r}"
    assert max(took) < SECONDS / 10, (max(took), LONG[took.index(max(took))][:12])


def test_ten_thousand_mangled_thoughts_and_recitations() -> None:
    rng = random.Random(23)
    parts = [
        "<think>", "</think>", "<THINKING>", "</thinking>", "<reasoning>", "</reasoning>", "<thought>", "<", ">", "/",
        "none", "NONE", "n/a", "nothing", "\n", " ", "**", ".", "_", "Mara", "\x00", "🙂", "\ud83d", "不", "none is",
    ]  # fmt: skip
    for _ in range(10_000):
        reply = "".join(rng.choice(parts) for _ in range(rng.randrange(10)))
        rest = spoken(reply)
        behind = iter(reply[after_thoughts(reply) :])
        assert all(char in behind for char in rest)  # in their order
        assert thoughts_in(reply[after_thoughts(reply) :]) or reply.endswith(rest)
        nothing = says_nothing(rest)
        assert not nothing or not any(word in rest for word in ("Mara", "不", "none is"))
        assert nothing or any(char.isalnum() for char in rest)


def test_ten_thousand_mangled_continuations() -> None:
    rng = random.Random(29)
    parts = [
        SO_FAR, SO_FAR[:20], SO_FAR[-24:], "It stands at Gull Point", "Gull Point", "Mara", "Sure!", "Continuation:",
        "END",
        "Answer:", "</so_far>", "**", '"', "…", "...", "- ", ".", "。", " ", "\n", "İ", "Ａ", "ß", "\ud83d", "'s",
    ]  # fmt: skip
    for _ in range(10_000):
        reply = "".join(rng.choice(parts) for _ in range(rng.randrange(8)))
        so_far = "".join(rng.choice(parts) for _ in range(rng.randrange(4))).rstrip()
        piece = continued(so_far, Completion(reply, finish_reason=rng.choice(["stop", "length", "unknown", "filter"])))
        assert piece.text.strip() in reply
        assert 0 <= repeated(so_far, reply) <= len(reply)
        assert piece.text.strip() or piece.ended
