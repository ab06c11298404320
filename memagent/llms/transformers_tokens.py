"""Between token ids and text: exact text of what is generated, and the ids that are written as a given text."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from memagent.llms.abilities import lacking
from memagent.types import Token

_BROKEN = "\ufffd"  # what stands for the bytes of an unfinished character
_LONGEST_CHARACTER = 4  # tokens, where each is a byte
_CONTEXT = (
    8  # tokens of the prompt that are decoded along; the first token of a text loses its blank in some tokenizers
)


class TextReader:
    """Turns generated ids into tokens, one after the other, such that their joined texts are the generated text.

    A token is decoded behind those before it, never alone. Ids whose bytes end inside a character wait for the rest of
    it; they come out as one token whose log-probability is their sum, which is that of the character.
    """

    def __init__(self, tokenizer: Any, prompt: Sequence[int]) -> None:
        self._tokenizer = tokenizer
        self._ids = self._tail(prompt)
        self._start, self._read = 0, len(self._ids)  # decoded along, and given out
        self._logprob = 0.0

    def push(self, number: int, logprob: float) -> list[Token]:
        """Take the next id and return the token that it settles, if any."""
        self._ids.append(number)
        self._logprob += logprob
        text = self._new_text()
        if not text or text.endswith(_BROKEN):
            return []
        return self._settle(text)

    def finish(self) -> list[Token]:
        """Return what is left when nothing more comes: characters that were never finished."""
        text = self._new_text()
        return self._settle(text) if text else []

    def _settle(self, text: str) -> list[Token]:
        token = Token(text, self._logprob)
        self._start, self._read, self._logprob = self._read, len(self._ids), 0.0
        return [token]

    def _new_text(self) -> str:
        before = self._decode(self._ids[self._start : self._read])
        return self._decode(self._ids[self._start :])[len(before) :]

    def _tail(self, prompt: Sequence[int]) -> list[int]:
        """Return the last ids of the prompt, from where a character begins."""
        for size in range(_CONTEXT, _CONTEXT + _LONGEST_CHARACTER):
            tail = list(prompt[-size:])
            if not self._decode(tail).startswith(_BROKEN):
                break
        return tail

    def _decode(self, ids: Sequence[int]) -> str:
        return decode(self._tokenizer, ids)


class Vocabulary:
    """Which ids are written as which text. Reads the whole vocabulary when it is first asked, about a second."""

    def __init__(self, tokenizer: Any, name: str) -> None:
        self._tokenizer, self._name = tokenizer, name
        self._ids: dict[str, list[int]] = {}
        self._lock = threading.Lock()
        self.size = max(tokenizer.get_vocab().values()) + 1
        added = tokenizer.added_tokens_decoder
        self.controls = frozenset(tokenizer.all_special_ids) | {n for n, token in added.items() if token.special}

    def biases(self, wanted: Mapping[str, float]) -> dict[int, float]:
        """Return the bias of each id that `wanted` names by its text.

        A text means every token that is written so, and every one that is written so behind one blank, since most
        tokenizers have both and a caller who writes `yes` means either. A text with a blank of its own means that
        alone, and goes before the text without one. Control tokens go by their own text, such as `</s>`.

        Raises:
            CapabilityError: no token is written so.
        """
        if wanted:
            self._fill()
        found: dict[int, float] = {}
        for text, bias in wanted.items():
            ids = self._exactly(text)
            spaced = self._exactly(f" {text}") if text and f" {text}" not in wanted else []
            if not ids and not spaced:
                raise self._no_token(text)
            found |= dict.fromkeys([*ids, *spaced], bias)
        return found

    def _exactly(self, text: str) -> list[int]:
        return self._ids.get(text, [])

    def _fill(self) -> None:
        with self._lock:
            if not self._ids:
                self._ids = _by_text(self._tokenizer, range(self.size))

    def _no_token(self, text: str) -> Exception:
        pieces = [decode(self._tokenizer, [n]) for n in self._tokenizer(text, add_special_tokens=False)["input_ids"]]
        spelt = " + ".join(map(repr, pieces)) or "nothing"
        return lacking(self._name, "logit_bias", f"it has no token {text!r}, and writes it as {spelt}")


def decode(tokenizer: Any, ids: Sequence[int], *, controls: bool = False) -> str:
    """Return the text of these ids as they stand, without control tokens unless `controls`."""
    text: str = tokenizer.decode(list(ids), skip_special_tokens=not controls, clean_up_tokenization_spaces=False)
    return text


def _by_text(tokenizer: Any, ids: Iterable[int]) -> dict[str, list[int]]:
    """Return ids by the text that each adds behind a letter; those that are only a part of a character are left out."""
    anchor = tokenizer("a", add_special_tokens=False)["input_ids"]
    size = len(decode(tokenizer, anchor, controls=True))
    found: dict[str, list[int]] = {}
    for number in ids:
        text = decode(tokenizer, [*anchor, number], controls=True)[size:]
        if text and _BROKEN not in text:
            found.setdefault(text, []).append(number)
    return found
