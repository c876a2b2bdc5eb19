"""What is left of clients of kafka-python that find no broker."""

import contextlib
import gc
import socket
import threading

import pytest

from streams.errors import OperationalError
from streams.kafka import clients
from streams.settings import Settings


@contextlib.contextmanager
def mute_broker():
    """A port that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@contextlib.contextmanager
def no_broker():
    yield "127.0.0.1:1"


@pytest.mark.parametrize("broker", [no_broker, mute_broker])
@pytest.mark.parametrize("kind", [clients.admin, clients.consumer, clients.producer])
def test_a_client_that_finds_no_broker_leaves_no_thread_and_no_socket(monkeypatch, kind, broker):
    monkeypatch.setattr(clients, "TIMEOUT_MS", 300)
    gc.collect()
    before = set(threading.enumerate())
    with broker() as address:
        for _ in range(3):
            with pytest.raises(OperationalError, match=address), kind(Settings(broker=address)):
                raise AssertionError
        assert set(threading.enumerate()) == before
        assert not [
            one
            for one in gc.get_objects()
            if isinstance(one, socket.socket) and one.fileno() >= 0 and is_to(one, address)
        ]


def is_to(connection, address):
    with contextlib.suppress(OSError):
        host, port = connection.getpeername()
        return f"{host}:{port}" == address
    return False
