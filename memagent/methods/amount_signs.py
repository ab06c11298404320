r"""The signs of a short text that states a number, made plain: Unicode's many digits, dashes and blanks, and LaTeX.

`\dfrac{1}{2}` and `½` become `1/2`, `m²` becomes `m^2`, `70\,000` becomes `70 000`, `\text{cm}` becomes `cm`. What is
not known is refused and never left out, since it may change the number.
"""

from __future__ import annotations

import re
import unicodedata

from memagent.errors import quoted

_MOST = 300
_RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻"
_SUPERSCRIPT = re.compile(f"[{_RAISED}]+")
_PLAIN = str.maketrans(
    {
        **dict(zip(_RAISED, "0123456789+-", strict=True)),
        **dict.fromkeys("\u2212\u2013\u2010\u2011\ufe63\uff0d", "-"),
        **dict.fromkeys("\u00b7\u2219\u22c5\u00d7", "×"),
        "\u066b": ".",
        "\u066c": ",",
        "\u2044": "/",
        "\u2248": "≈",
        "\u2243": "≈",
    }
)
_SQUARE_UNIT = re.compile("[A-Za-zμ]+[23]")
_WRAPPED = re.compile(
    r"\\(?:text(?:bf|it|rm|sf|tt|normal)?|math(?:rm|bf|it|sf|tt|normal)|boldsymbol|bm|mbox|emph|operatorname|underline)"
    r"\s*\{([^{}]*)\}"
)
_OPERAND = r"(?:\{\s*([-+]?\d[\d,]*(?:\.\d+)?)\s*\}|(\d))"
_FRACTION = re.compile(rf"\\[dtc]?frac\s*{_OPERAND}\s*{_OPERAND}")
_SPELT: tuple[tuple[str, str], ...] = (  # in this order
    (r"\{([.,])\}", r"\1"),
    (r"\\!", ""),
    (r"\\[,;: >]|\\q?quad(?![A-Za-z])|~|&nbsp;", " "),
    (r"\\[()\[\]]", " "),
    (r"\\([$%])", r"\1"),
    (r"\\pounds(?![A-Za-z])", "£"),
    (r"\\(?:euro|texteuro)(?![A-Za-z])", "€"),
    (r"\\(?:left|right)(?=[()])", ""),
    (r"\\(?:times|cdot)(?![A-Za-z])", "×"),
    (r"\\(?:approx|simeq)(?![A-Za-z])", "≈"),
    (r"\\degree(?![A-Za-z])|\^\s*(?:\\circ(?![A-Za-z])|\{\s*\\circ\s*\})", "°"),
    (r"\^\s*\{\s*([-+]?\d+)\s*\}", r"^\1"),
)
_PAIRS = ("**", "*", "`", '"', "__", "_", "$$", "$")


class Unclear(ValueError):
    """A text cannot surely be read as one number; says why."""


def plain(text: str) -> str:
    """Return a short text in plain signs. Raises `Unclear` where it is too long, or has signs that are not known."""
    if len(text) > _MOST:
        raise Unclear(f"it is longer than {_MOST} signs")
    flat = "".join(map(_known, _SUPERSCRIPT.sub(lambda found: "^" + found.group().translate(_PLAIN), text)))
    flat = unicodedata.normalize("NFKC", flat).translate(_PLAIN)
    return _bare(" ".join(_without_latex(flat).split()))


def _known(sign: str) -> str:
    """One sign in its plain form; those that would turn into digits that nobody wrote in a row are refused."""
    category = unicodedata.category(sign)
    if category == "Nd":
        return str(unicodedata.decimal(sign))
    if category == "Cf":  # it is not seen
        return ""
    if category == "Zs":
        return " "
    compatible = unicodedata.normalize("NFKC", sign)
    if "\u2044" in compatible and sign != "\u2044":
        return f" {compatible} "  # a fraction, such as one half
    if category in ("No", "Nl") or (not sign.isascii() and re.search(r"\d", compatible)):
        if _SQUARE_UNIT.fullmatch(compatible):
            return compatible
        raise Unclear(f"{quoted(sign)} may be a digit or not")
    return sign


def _without_latex(text: str) -> str:
    previous = ""
    while previous != text:
        previous = text
        text = _WRAPPED.sub(r" \1 ", text)
    for pattern, instead in _SPELT:
        text = re.sub(pattern, instead, text)
    text = _FRACTION.sub(lambda found: f" {found[1] or found[2]}/{found[3] or found[4]} ", text)
    if "\\" in text:
        command = re.search(r"\\(?:[A-Za-z]+|.?)", text)
        raise Unclear(f"{quoted(command.group() if command else text)} is not read")
    return text


def _bare(text: str) -> str:
    """Without what may stand around the whole: blanks, a full stop, braces, emphasis, quotation marks, dollar signs."""
    previous = None
    while previous != text:
        previous = text = text.strip()
        if text.endswith((".", "。", ",", ";")) and not text.endswith(".."):
            text = text[:-1]
        for mark in _PAIRS:
            inner = text[len(mark) : -len(mark)]
            if len(text) > 2 * len(mark) and text.startswith(mark) and text.endswith(mark) and mark not in inner:
                text = inner
        for first, last in ("{}", "“”", "«»"):
            if text.startswith(first) and text.endswith(last) and first not in text[1:]:
                text = text[1:-1]
    if "{" in text or "}" in text:
        raise Unclear("it has braces that are not read")
    return text
