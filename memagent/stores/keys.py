"""What makes two spellings one phrase, and the ids of things that are known by their content."""

from __future__ import annotations

import json
import unicodedata
from hashlib import blake2b


def key(text: str) -> str:
    """Return what a phrase or relation is known by: compatibility forms, case and runs of spaces folded."""
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).split())


def problem_key(problem: str, original: object = None) -> str:
    """Return what a problem is known by: its text, or the original one, apart from case, blanks and its last stop."""
    return key(original if isinstance(original, str) and original.strip() else problem).rstrip(" .?!。？！")


def content_id(prefix: str, *parts: str) -> str:
    """Return an id that is the same for the same content, such as `fact:3f2a...`."""
    return f"{prefix}:{digest(*parts)[:24]}"


def digest(*parts: str) -> str:
    """Return 32 hexadecimal digits that tell contents apart, however they are cut into parts."""
    return blake2b(json.dumps(parts).encode(), digest_size=16).hexdigest()
