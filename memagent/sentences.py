"""Sentences and words of any language, for limits and for splitting."""

from __future__ import annotations

import re

# A word is a run of letters and digits; scripts written without blanks count one word a character.
_WORD = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_]+(?:['’][^\W_]+)*"
)


def split_sentences(text: str, language: str = "en") -> list[str]:
    """Return the sentences of `text`, stripped, in order.

    `language` is a two-letter code; unknown ones follow English.
    """
    ends = sentence_ends(text, language)
    sentences = [text[start:end].strip() for start, end in zip([0, *ends], ends, strict=False)]
    return [sentence for sentence in sentences if sentence]


def count_words(text: str) -> int:
    """Return how many words `text` has."""
    return sum(1 for _ in _WORD.finditer(text))


def keep_last(text: str, *, sentences: int, words: int, language: str = "en") -> str:
    """Return the longest end of `text` that is within both limits, in whole sentences.

    When the last sentence alone is too long, its first words are returned, so that the limit always holds.
    """
    kept: list[str] = []
    room = words
    for sentence in reversed(split_sentences(text, language)[-sentences:]):
        room -= count_words(sentence)
        if room < 0:
            break
        kept.append(sentence)
    if kept:
        return " ".join(reversed(kept))
    ends = [match.end() for match in _WORD.finditer(text)]
    return text if len(ends) <= words else text[: ends[words - 1]]


def sentence_ends(text: str, language: str = "en") -> list[int]:
    """Return where the sentences of `text` end, the blanks behind them included; the last end is the text's."""
    from sentencex import segment

    ends: list[int] = []
    for line in text.splitlines(keepends=True):
        start = ends[-1] if ends else 0
        for piece in segment(language, line.encode("utf-8", "replace").decode()):  # half a character becomes one sign
            ends.append((ends[-1] if ends else 0) + len(piece))
        if not ends or ends[-1] != start + len(line):  # blanks alone: they belong to the sentence before
            ends = [*ends[:-1], start + len(line)] if ends else [start + len(line)]
    return ends
