"""A guard against tests that quietly talk to the internet."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Any


class NetworkUsed(AssertionError):
    """Something tried to reach another machine inside `no_network()`."""


@contextmanager
def no_network() -> Iterator[None]:
    """Make every connection and name look-up beyond this machine raise `NetworkUsed`, inside this block.

    Loopback addresses, `localhost` and Unix sockets stay usable. It guards the whole process, not one thread. As many
    clients catch whatever a connection raises, the block itself raises `NetworkUsed` at its end if anything was tried.
    """
    connect, connect_ex, look_up = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo
    tried: list[str] = []

    def guarded_connect(self: socket.socket, address: Any) -> None:
        _check(address, tried)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        _check(address, tried)
        return connect_ex(self, address)

    def guarded_look_up(host: Any, *args: Any, **kwargs: Any) -> Any:
        _check((host,), tried)
        return look_up(host, *args, **kwargs)

    _put(guarded_connect, guarded_connect_ex, guarded_look_up)
    try:
        yield
    finally:
        _put(connect, connect_ex, look_up)
    if tried:
        raise NetworkUsed(f"connections were tried to {', '.join(tried)}; only this machine may be reached here")


def _put(connect: Any, connect_ex: Any, look_up: Any) -> None:
    setattr(socket.socket, "connect", connect)  # noqa: B010
    setattr(socket.socket, "connect_ex", connect_ex)  # noqa: B010
    setattr(socket, "getaddrinfo", look_up)  # noqa: B010


def _check(address: Any, tried: list[str]) -> None:
    host = address[0] if isinstance(address, tuple) else None  # anything else is a Unix socket
    if host is not None and not _is_here(host):
        tried.append(str(host))
        raise NetworkUsed(f"a connection to {host!r} was tried, and only this machine may be reached here")


def _is_here(host: str | bytes) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    if name in ("", "localhost"):
        return True
    try:
        address = ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
