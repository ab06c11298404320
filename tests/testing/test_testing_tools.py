"""The guard against the network, and the checks of stores and retrievers on what is ours."""

import socket
import urllib.request

import pytest

from memagent.testing import FakeOpenAIServer, NetworkUsed, no_network


def test_loopback_stays_usable():
    with no_network(), FakeOpenAIServer() as server:
        with urllib.request.urlopen(f"{server.url}/models") as reply:
            assert reply.status == 200


@pytest.mark.parametrize(
    "reach",
    [
        lambda: socket.create_connection(("192.0.2.1", 80), timeout=1),
        lambda: socket.getaddrinfo("example.org", 80),
        lambda: socket.socket().connect_ex(("2001:db8::1", 80)),
    ],
)
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_other_machines_are_out_of_reach(reach):
    with pytest.raises(NetworkUsed):
        with no_network():
            reach()


def test_a_client_that_swallows_the_error_does_not_hide_it():
    with pytest.raises(NetworkUsed, match="192"):
        with no_network():
            try:
                socket.create_connection(("192.0.2.1", 80), timeout=1)
            except AssertionError:
                pass


def test_everything_is_put_back():
    before = socket.socket.connect, socket.getaddrinfo
    with no_network():
        assert socket.socket.connect is not before[0]
    assert (socket.socket.connect, socket.getaddrinfo) == before
