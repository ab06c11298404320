"""Reading JSON of other programs, also out of a picture, so that it can be written again as it was."""

from __future__ import annotations

import base64
import binascii
import json
import struct
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from memagent.errors import UsageProblem

_PNG = b"\x89PNG\r\n\x1a\n"
_CARDS = (b"ccv3", b"chara")  # the newer one first
_LARGEST = 100_000_000  # bytes


@dataclass(frozen=True, slots=True)
class JsonText:
    """How a JSON file is written: indent (`None`: on one line), blanks behind separators, escapes, its end."""

    indent: int | str | None = None
    spaced: bool = True
    ascii: bool = False
    end: str = ""

    def written(self, data: Any) -> str:
        """Return data as text in this style."""
        separators = (("," if self.indent is not None else ", "), ": ") if self.spaced else (",", ":")
        return json.dumps(data, ensure_ascii=self.ascii, indent=self.indent, separators=separators) + self.end

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> JsonText:
        """Read it back."""
        return cls(**data)

    @classmethod
    def seen_in(cls, text: str, data: Any) -> JsonText:
        """Return the style in which `data` gives `text` again, or four blanks where none of the usual does."""
        end = text[len(text.rstrip()) :]
        indents: tuple[int | str | None, ...] = (4, None, 2, "\t", 1, 3)
        for indent in indents:
            for spaced in (True, False):
                for plain in (False, True):
                    style = cls(indent, spaced, plain, end)
                    if style.written(data) == text:
                        return style
        return cls(4, end=end)


def read_json(path: Path) -> tuple[dict[str, Any], JsonText]:
    """Return the JSON object of a file, or of the character card in a PNG, and how it is written.

    Half characters become `?`. Raises `UsageProblem` for a file that cannot be read or holds no JSON object.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise UsageProblem(f"{str(path)!r} is too large", hint=f"At most {_LARGEST // 1_000_000} MB are read.")
        raw = path.read_bytes()
    except OSError as error:
        raise UsageProblem(f"{str(path)!r} cannot be read: {error.strerror}", hint="Check the name.") from error
    if raw.startswith(_PNG):
        raw = _card(raw, path)
    try:
        text = raw.decode("utf-8-sig")
        data = json.loads(text)
        whole = json.loads(json.dumps(data, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        raise UsageProblem(f"{str(path)!r} is no JSON: {error}", hint="Give a card or a world file.") from error
    if not isinstance(whole, dict):
        raise UsageProblem(f"{str(path)!r} holds no JSON object", hint="Give a card or a world file.")
    return whole, JsonText.seen_in(text, whole)


def _card(raw: bytes, path: Path) -> bytes:
    """Return the text of the card in a picture, a `tEXt` chunk whose content is base64.

    Whether the picture is cut short behind it is no matter.
    """
    found: dict[bytes, bytes] = {}
    at, kind = len(_PNG), b""
    while at + 8 <= len(raw):
        length, kind = struct.unpack_from(">I4s", raw, at)
        chunk = raw[at + 8 : at + 8 + length]
        if len(chunk) < length:
            kind = b""
            break
        if kind == b"tEXt" and b"\0" in chunk:
            keyword, _, text = chunk.partition(b"\0")
            found.setdefault(keyword.lower(), text)
        at += 12 + length
    for keyword in _CARDS:
        if keyword in found:
            try:
                return base64.b64decode(found[keyword], validate=True)
            except binascii.Error as error:
                raise UsageProblem(f"the card in {str(path)!r} is damaged: {error}", hint="Export it again.") from error
    if kind != b"IEND":
        raise UsageProblem(f"the picture {str(path)!r} is cut short, and the card in it with it", hint="Load it again.")
    raise UsageProblem(f"the picture {str(path)!r} holds no character card", hint="Give the card's PNG, not a copy.")
