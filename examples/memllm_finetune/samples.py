"""A training sample: a text, the stretches of it that are learnt, and files of such samples as JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from memagent.errors import UsageProblem

Kind = Literal["read", "write"]


@dataclass(frozen=True, slots=True)
class Sample:
    """A text to train on.

    Attributes:
        kind: which of the two adapters it is for.
        title: the document that it was made of.
        text: all of it, the calls included.
        loss: the stretches that are learnt, as [from, to) in characters, in order; the rest is only read.
        ends: whether the model is to stop behind it.
        bucket: 0 for the document itself, else which counterfactual copy of it.
    """

    kind: Kind
    title: str
    text: str
    loss: tuple[tuple[int, int], ...]
    ends: bool
    bucket: int = 0

    def learnt(self) -> tuple[str, ...]:
        """Return the stretches that are learnt."""
        return tuple(self.text[start:end] for start, end in self.loss)


def as_lines(samples: Iterable[Sample]) -> str:
    """Return samples as JSON lines."""
    return "".join(json.dumps(asdict(sample), ensure_ascii=False) + "\n" for sample in samples)


def load_samples(path: Path) -> list[Sample]:
    """Return the samples of a file. Raises `UsageProblem`, with the number of the line, where one is none."""
    samples = []
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                samples.append(_sample(line, f"{path}, line {number}"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageProblem(f"{path} cannot be read: {error}", hint="data.py makes such a file.") from error
    return samples


def _sample(line: str, where: str) -> Sample:
    try:
        found = json.loads(line)
        loss = tuple((int(start), int(end)) for start, end in found.pop("loss"))
        sample = Sample(loss=loss, **found)
        if any(not 0 <= start < end <= len(sample.text) for start, end in loss):
            raise ValueError(f"the stretches {loss} are not in the text")
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UsageProblem(f"{where} is no sample: {error}", hint="data.py makes such a file.") from error
    return sample
