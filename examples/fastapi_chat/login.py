"""Who is asking: a cookie that this program signed, and nothing that a request says about itself.

The cookie holds a name and until when it counts, with a keyed digest over both. No script of the page can read it, and
the browser sends it with no request that another site began. The accounts are for trying: put your own in the place of
`Accounts.check`, and keep `current_user` as the one way by which a name gets into the program.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from typing import Annotated

from fastapi import Depends, Request

COOKIE = "memagent_chat"
LIFETIME = 12 * 3600  # seconds
DEMO = {"alice": "wonderland", "bob": "builder"}

_TRIES, _WITHIN = 5, 60.0  # so many wrong passwords for one name from one address, in so many seconds
_ADDRESSES = 1000  # that are remembered


class Refusal(Exception):
    """A request that is not served: with the status, what is wrong, and what to do."""

    def __init__(self, status: int, message: str, hint: str = "") -> None:
        self.status, self.message, self.hint = status, message, hint
        super().__init__(message)


class Accounts:
    """Names with passwords, and cookies for those who know theirs.

    Args:
        passwords: by name.
        key: signs the cookies; who has it can be anybody. With another key, every cookie given out before is void.
        clock: seconds since 1970.
    """

    def __init__(self, passwords: Mapping[str, str], key: bytes, clock: Callable[[], float] = time.time) -> None:
        if len(key) < 32:
            raise ValueError(f"the key has {len(key)} bytes, and needs 32 at least: secrets.token_hex(32) makes one")
        self._passwords = dict(passwords)
        self._key = key
        self._clock = clock
        self._failed: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()

    @property
    def demo(self) -> bool:
        """Whether these are the accounts for trying, whose passwords everybody knows."""
        return self._passwords == DEMO

    def check(self, name: str, password: str, address: str = "") -> None:
        """Raise `Refusal` unless this is the password of that name.

        Who gives too many wrong ones has to wait, and nobody else: a stranger at another address locks nobody out.
        """
        failed, now = self._tries(name, address), self._clock()
        if len(failed) == _TRIES and now - failed[0] < _WITHIN:
            raise Refusal(429, "there were too many wrong passwords for this name", "Wait for a minute.")
        right = self._passwords.get(name, "")
        same = hmac.compare_digest(self._digest(password), self._digest(right))
        if not (same and right):
            failed.append(now)
            raise Refusal(401, "name and password do not go together", "Try again.")
        failed.clear()

    def _tries(self, name: str, address: str) -> deque[float]:
        """When wrong passwords came for a name from an address; those of names that nobody has are all of one."""
        key = (name if name in self._passwords else "", address)
        failed = self._failed.setdefault(key, deque(maxlen=_TRIES))
        self._failed.move_to_end(key)
        while len(self._failed) > _ADDRESSES:
            self._failed.popitem(last=False)
        return failed

    def signed(self, name: str) -> str:
        """Return what the cookie of a user holds."""
        who = base64.urlsafe_b64encode(name.encode()).decode()
        told = f"{who}.{int(self._clock()) + LIFETIME}"
        return f"{told}.{self._digest(told).hex()}"

    def user(self, cookie: str) -> str | None:
        """Return whose cookie this is; `None` if this program did not sign it, or it counts no more."""
        told, _, digest = cookie.rpartition(".")
        if not hmac.compare_digest(digest.encode(), self._digest(told).hex().encode()):
            return None
        who, _, until = told.partition(".")
        name = base64.urlsafe_b64decode(who).decode()
        return name if self._clock() < int(until) and name in self._passwords else None

    def _digest(self, text: str) -> bytes:
        return hmac.new(self._key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()


def who(request: Request) -> str | None:
    """Return who is logged in, if anybody is."""
    accounts: Accounts = request.app.state.accounts
    return accounts.user(request.cookies.get(COOKIE, ""))


def current_user(request: Request) -> str:
    """Return who is logged in; everything that touches a memory depends on this."""
    name = who(request)
    if name is None:
        raise Refusal(401, "nobody is logged in", "Log in.")
    return name


User = Annotated[str, Depends(current_user)]
