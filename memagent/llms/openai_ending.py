"""Whether a stream came to its end: the server says `[DONE]` last, which the client keeps to itself.

A server need not say why a reply ended. Where it has said `[DONE]` the reply is whole all the same; a stream that just
stops may have been broken off by anything between here and there, in good order too.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

_DONE = re.compile(rb"(?:\A|[\r\n])data: ?\[DONE\]")
_KEPT = 16  # bytes of what came before, since the mark may come in two chunks


class Ending:
    """Reads along with the stream of a client of `openai`, as it is read.

    Attributes:
        done: whether the server has said that this is all; also of a stream that cannot be read along with, which ends
            without an error.
    """

    def __init__(self, stream: Any) -> None:
        response: Any = getattr(stream, "response", None)
        self.done = not (hasattr(response, "iter_bytes") and hasattr(response, "aiter_bytes"))
        self._before = b"\n"
        if not self.done:
            self._read, self._aread = response.iter_bytes, response.aiter_bytes
            response.iter_bytes, response.aiter_bytes = self._chunks, self._achunks

    def _chunks(self, *sizes: int) -> Iterator[bytes]:
        for chunk in self._read(*sizes):
            self._take(chunk)
            yield chunk

    async def _achunks(self, *sizes: int) -> AsyncIterator[bytes]:
        async for chunk in self._aread(*sizes):
            self._take(chunk)
            yield chunk

    def _take(self, chunk: bytes) -> None:
        read = self._before + chunk
        self.done = self.done or _DONE.search(read) is not None
        self._before = read[-_KEPT:]
