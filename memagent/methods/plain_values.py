"""Values in one plain text each: what a program returned, told apart by type and content, without asking the value.

Not only imported: its source is run behind a program, in the process of that program. It uses nothing but builtins.
"""

from __future__ import annotations


def plain_value(value: object, depth: int = 0) -> str:
    """Return a value of Python's own plain types as a text that is the same for the same type and content alone.

    Raises:
        TypeError: it is of another type, subclasses included, or too deep.
    """
    kind = type(value)
    if kind in (int, float, complex, str, bytes, bool, type(None)):
        return repr(value)
    if depth < 50 and isinstance(value, (list, tuple)) and kind in (list, tuple):
        inner = ", ".join([plain_value(one, depth + 1) for one in value])
        return f"[{inner}]" if kind is list else f"({inner},)"
    if depth < 50 and isinstance(value, (set, frozenset)) and kind in (set, frozenset):
        return f"{kind.__name__}({sorted([plain_value(one, depth + 1) for one in value])})"
    if depth < 50 and isinstance(value, dict) and kind is dict:
        pairs = [(plain_value(key, depth + 1), plain_value(one, depth + 1)) for key, one in value.items()]
        return f"dict({sorted(pairs)})"
    raise TypeError(f"it is a {kind.__name__}, which is compared by no content of its own")
