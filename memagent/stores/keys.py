"""What makes two spellings one phrase, and the ids of things that are known by their content."""

from __future__ import annotations

import json
import unicodedata
from hashlib import blake2b

_LAST = " .?!,:;\u2026\u3002\u3001\u061f\u06d4\u0964"  # what ends a sentence, and blanks


def key(text: str) -> str:
    """Return what a phrase or relation is known by: compatibility forms, case and runs of spaces folded."""
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).split())


def problem_key(problem: str, original: object = None) -> str:
    """Return what a problem is known by: its words, whatever their compatibility forms, case, blanks and last signs.

    `original` goes before `problem` where it is a text: the problem itself, where that one is its structure. The last
    signs are those that end a sentence in Latin, Greek, Arabic, Indic and Chinese writing; an exclamation mark behind a
    figure stays, since 5! is not 5.
    """
    plain = key(original if isinstance(original, str) and original.strip() else problem)
    bare = plain.rstrip(_LAST)
    return (bare + "!" * (bare[-1:].isdigit() and plain[len(bare) :].startswith("!"))) or plain


def content_id(prefix: str, *parts: str) -> str:
    """Return an id that is the same for the same content, such as `fact:3f2a...`."""
    return f"{prefix}:{digest(*parts)[:24]}"


def digest(*parts: str) -> str:
    """Return 32 hexadecimal digits that tell contents apart, however they are cut into parts."""
    return blake2b(json.dumps(parts).encode(), digest_size=16).hexdigest()
