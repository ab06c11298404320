"""The bytes of a text file to text: what a file is not, and in which encoding it is.

A byte order mark decides; else UTF-8 is what is expected. What is not UTF-8 is read as Windows-1252, the encoding of
old Western files, as long as it reads like one; a file in another old encoding is refused, since guessing would garble
it.
"""

from __future__ import annotations

import codecs
import re
import unicodedata

from memagent.errors import UsageProblem

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_KINDS = (
    (b"%PDF-", "a PDF"),
    (b"PK\x03\x04", "a zip file, as Word and LibreOffice write them"),
    (b"\xd0\xcf\x11\xe0", "an old Word document"),
    (b"{\\rtf", "an RTF document"),
    (b"\x1f\x8b", "a compressed file"),
    (b"SQLite format 3\0", "a database"),
)
_CONTROLS = "\t\n\r\x0b\x0c\x1a\x1b\x85"
_SAVE_AS = "Save it as plain text in UTF-8 or as Markdown, and import that."
_NAMES = {"utf-8-sig": "UTF-8", "utf-8": "UTF-8", "utf-16": "UTF-16", "utf-32": "UTF-32", "cp1252": "Windows-1252"}


def decoded(data: bytes, name: str, encoding: str | None = None) -> tuple[str, str]:
    """Return the text of a file and the name of the encoding in which it was read. Lines end as on Unix.

    Args:
        data: the file.
        name: what the file is called in errors.
        encoding: read it in this one (`gb18030`, `cp1251`); by default it is found.

    Raises:
        UsageProblem: the file is empty, is no text, or its encoding cannot be told.
    """
    for start, kind in _KINDS:
        if data.startswith(start):
            raise UsageProblem(f"{name} is {kind}, not text", hint=_SAVE_AS)
    found = encoding or _encoding(data, name)
    try:
        text = data.decode(found)
    except LookupError as error:
        raise UsageProblem(f"the encoding {found!r} is not known", hint="Name it as in utf-8 or gb18030.") from error
    except UnicodeDecodeError as error:
        raise UsageProblem(
            f"{name} is not {_NAMES.get(found, found)}: byte {error.start} is not right", hint="Save it as UTF-8."
        ) from error
    if 50 * sum(unicodedata.category(sign) == "Cc" and sign not in _CONTROLS for sign in text) > len(text):
        raise UsageProblem(f"{name} is not text", hint=_SAVE_AS)
    if not text.strip("\ufeff \t\r\n\u3000\x0b\x0c\x1a"):
        raise UsageProblem(f"{name} is empty", hint="Name the file with the story in it.")
    return lines_joined(text), _NAMES.get(found, found)


def lines_joined(text: str) -> str:
    """Return a text with lines that end as on Unix, blank lines for new pages, and no other control characters."""
    text = re.sub("\r\n|[\r\x0b\x85\u2028]", "\n", text.lstrip("\ufeff")).replace("\x0c", "\n\n")
    text = text.replace("\u2029", "\n\n")
    return "".join(sign for sign in text if sign in "\n\t" or unicodedata.category(sign) not in ("Cc", "Cs"))


def _encoding(data: bytes, name: str) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding
    if guess := _wide(data):
        return guess
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        if b"\0" in data:
            raise UsageProblem(f"{name} is not text", hint=_SAVE_AS) from error
        if _is_western(data):
            return "cp1252"
        raise UsageProblem(
            f"{name} is not UTF-8: byte {error.start} is not right",
            hint="Save it as UTF-8, or name its encoding, as in gb18030 or cp1251.",
        ) from error
    return "utf-8"


def _wide(data: bytes) -> str | None:
    """Return UTF-16 without a mark, known by the zero bytes that blanks and line ends have in it."""
    if len(data) < 4 or len(data) % 2:
        return None
    blanks = {order: sum(data[at::2].count(0) for at in (start,)) for order, start in (("le", 1), ("be", 0))}
    order, other = ("le", "be") if blanks["le"] > blanks["be"] else ("be", "le")
    sure = blanks[order] * 20 > len(data) and blanks[other] * 20 < blanks[order]
    return f"utf-16-{order}" if sure else None


def _is_western(data: bytes) -> bool:
    """Whether bytes that are not UTF-8 read as Windows-1252: few signs beyond ASCII, and none of UTF-8's long ones."""
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        return False
    letters = sum(letter.isalpha() for letter in text)
    beyond = sum(letter.isalpha() and letter > "\x7f" for letter in text)
    high = sum(letter > "\x7f" for letter in text)
    damaged = len(re.findall(rb"[\xc3-\xf4][\x80-\xbf]", data))
    return beyond * 4 < letters and damaged * 2 <= high
