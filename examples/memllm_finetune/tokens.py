"""Samples as token ids with labels: what is learnt has its id, the rest `IGNORED`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from samples import Sample

from memagent.errors import UsageProblem

IGNORED = -100


class Encoded(NamedTuple):
    """A sample as a model reads it: token ids, and for each the id to learn, or `IGNORED`."""

    ids: tuple[int, ...]
    labels: tuple[int, ...]


def encoded(sample: Sample, tokenizer: Any, window: int) -> Encoded:
    """Return a sample as tokens, cut to a window.

    A token is learnt if all its characters are, so that one that joins a call with its results is not. The end mark is
    learnt where the sample ends. What is too long loses its beginning, but no more than leaves half a window before
    the call, or before the last stretch where there are two; then its end.

    Raises:
        UsageProblem: the tokenizer cannot tell where its tokens stand in the text.
    """
    if not getattr(tokenizer, "is_fast", False):
        raise UsageProblem(
            f"{type(tokenizer).__name__} does not tell where its tokens stand",
            hint="Take a model with a fast tokenizer.",
        )
    read = tokenizer(sample.text, return_offsets_mapping=True)
    ids, labels = list(read["input_ids"]), []
    for number, (start, end) in zip(ids, read["offset_mapping"], strict=True):
        learnt = end > start and any(first <= start and end <= after for first, after in sample.loss)
        labels.append(number if learnt else IGNORED)
    if sample.ends and tokenizer.eos_token_id is not None:
        ids.append(tokenizer.eos_token_id)
        labels.append(tokenizer.eos_token_id)
    begins = next((at for at, (start, _) in enumerate(read["offset_mapping"]) if start >= sample.loss[-1][0]), 0)
    cut = max(0, min(len(ids) - window, begins - window // 2))
    return Encoded(tuple(ids[cut : cut + window]), tuple(labels[cut : cut + window]))


def padded(batch: Sequence[Encoded], filler: int) -> tuple[list[list[int]], list[list[int]], list[list[int]]]:
    """Return ids, attention mask and labels of a batch as rectangles, filled up at their right."""
    longest = max(len(one.ids) for one in batch)
    rest = [longest - len(one.ids) for one in batch]
    return (
        [[*one.ids, *[filler] * more] for one, more in zip(batch, rest, strict=True)],
        [[1] * len(one.ids) + [0] * more for one, more in zip(batch, rest, strict=True)],
        [[*one.labels, *[IGNORED] * more] for one, more in zip(batch, rest, strict=True)],
    )


def learnt(batch: Iterable[Encoded]) -> int:
    """Return how many tokens of a batch are learnt; the first of a text never is, as nothing stands before it."""
    return sum(label != IGNORED for one in batch for label in one.labels[1:])
