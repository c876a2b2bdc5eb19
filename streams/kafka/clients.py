"""Makes the clients of kafka-python from the settings.

Invariant: every client has the same message size, the security settings and a deadline. An error of
the brokers becomes one line that names the cause and the fix. A client that cannot be made leaves
neither a thread nor a socket.
"""

import contextlib
import logging
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka import errors as kafka_errors
from kafka.net.compat import KafkaNetClient

from streams.errors import OperationalError
from streams.kafka.auth import certificate_refused, login, login_refused, protocol
from streams.kafka.compression import require_codecs
from streams.kafka.logged_errors import LoggedErrors, is_login_error
from streams.settings import Settings
from streams.stage import RECORD_OVERHEAD

TIMEOUT_MS = 10_000
"""Milliseconds until a client gives up a request, or the search for a broker."""

C = TypeVar("C", KafkaAdminClient, KafkaConsumer, KafkaProducer)

_CONNECTION_LOG = logging.getLogger("kafka.net.manager")


def common(settings: Settings) -> dict[str, Any]:
    """The arguments that all clients share."""
    # The client logs every retry. The errors that matter become an OperationalError.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    _CONNECTION_LOG.setLevel(logging.WARNING)
    _CONNECTION_LOG.propagate = False
    return {
        "bootstrap_servers": settings.broker.split(","),
        "client_id": "cleanwire",
        **login(settings),
    }


@contextlib.contextmanager
def admin(settings: Settings) -> Iterator[KafkaAdminClient]:
    """An admin client.

    Raises:
        OperationalError: the bus is away or refuses.
    """
    with (
        explained(settings),
        made(
            KafkaAdminClient,
            **common(settings),
            request_timeout_ms=TIMEOUT_MS,
            bootstrap_timeout_ms=TIMEOUT_MS,
        ) as client,
    ):
        yield client


def require_topic(settings: Settings, topic: str) -> None:
    """Check that a topic exists; without it, a producer would wait for it.

    Raises:
        OperationalError: there is no such topic, or the bus is away or refuses.
    """
    with admin(settings) as client:
        if topic not in client.list_topics():
            raise OperationalError(f"topic {topic} does not exist", "run `cleanwire topics`")


@contextlib.contextmanager
def consumer(settings: Settings, **more: Any) -> Iterator[KafkaConsumer]:  # noqa: ANN401 - the library's options
    """A consumer without a group: it reads the partitions that it is assigned, and never commits.

    Raises:
        OperationalError: the bus is away or refuses.
    """
    with (
        explained(settings),
        made(
            KafkaConsumer,
            **common(settings),
            group_id=None,
            enable_auto_commit=False,
            # Retention may delete records while they are read. That must not end the reading.
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=settings.max_message_bytes + RECORD_OVERHEAD,
            bootstrap_timeout_ms=TIMEOUT_MS,
            # The records of an aborted transaction were never published.
            **{"isolation_level": "read_committed", **more},
        ) as client,
    ):
        yield client


@contextlib.contextmanager
def producer(settings: Settings) -> Iterator[KafkaProducer]:
    """A producer that takes a record for sent once all replicas have it.

    Raises:
        OperationalError: the bus is away or refuses.
    """
    with (
        explained(settings),
        made(
            KafkaProducer,
            **common(settings),
            acks="all",
            linger_ms=5,
            max_request_size=settings.max_message_bytes + RECORD_OVERHEAD,
            bootstrap_timeout_ms=TIMEOUT_MS,
        ) as client,
    ):
        yield client


@contextlib.contextmanager
def made(kind: Callable[..., C], **options: Any) -> Iterator[C]:  # noqa: ANN401 - the library's options
    """A client of kafka-python, which is closed at the end.

    The library starts a thread and then looks for the brokers. If it finds none, its client cannot
    be closed, because the caller never gets it. The thread would look for brokers for ever.

    Args:
        kind: the class of the client.
        options: its options.

    Raises:
        KafkaError: the client cannot be made.
    """
    connections: list[KafkaNetClient] = []

    def connection(**its_options: Any) -> KafkaNetClient:  # noqa: ANN401 - the library's options
        connections.append(KafkaNetClient(**its_options))
        return connections[-1]

    with contextlib.ExitStack() as stack:
        try:
            client = kind(**options, kafka_client=connection)
        except BaseException:
            for each in connections:
                each.close()
            raise
        stack.callback(client.close)
        yield client


@contextlib.contextmanager
def explained(settings: Settings) -> Iterator[None]:
    """Turn an error of the library into one line.

    Raises:
        OperationalError: instead of the library's error.
    """
    where = settings.broker
    reason = _ConnectFailure()
    handler = LoggedErrors(reason.hear)
    _CONNECTION_LOG.addHandler(handler)
    try:
        yield
    except (kafka_errors.KafkaTimeoutError, kafka_errors.KafkaConnectionError):
        if is_login_error(reason.error):
            raise login_refused(settings) from None
        if settings.sasl_mechanism and "disconnected" in str(reason.error):
            raise login_refused(settings, "hung up on") from None
        raise _unreachable(settings, reason.error) from None
    except kafka_errors.UnsupportedCodecError:
        require_codecs()
        raise
    except kafka_errors.KafkaError as error:
        if is_login_error(error):
            raise login_refused(settings) from None
        what = getattr(error, "description", "") or type(error).__name__
        raise OperationalError(f"the broker at {where} refused: {what}", _fix(error)) from None
    finally:
        _CONNECTION_LOG.removeHandler(handler)


class _ConnectFailure:
    """Keeps the reason why connecting failed.

    While the client looks for a broker, it retries after every error. At its deadline it raises an
    error that only says that it found no broker. The reason is only in the log of the client.
    """

    def __init__(self) -> None:
        self.error: Exception | None = None

    def hear(self, error: Exception) -> None:
        """Keep the most telling error: of the login, then of TLS, then of the connection."""
        # A timeout only says that the deadline is over.
        if isinstance(error, kafka_errors.KafkaError) and not isinstance(
            error, kafka_errors.KafkaTimeoutError
        ):
            self.error = max(error, self.error or error, key=_rank)


def _rank(error: Exception) -> int:
    """How telling an error is: 2 for the login, 1 for TLS, 0 for all others."""
    return 2 if is_login_error(error) else int("Handshake" in str(error))


def _unreachable(settings: Settings, reason: Exception | None) -> OperationalError:
    if reason and (refused := certificate_refused(settings, reason)):
        return refused
    how = protocol(settings)
    why = f": {reason.args[0] if reason.args else reason}" if reason else ""
    return OperationalError(
        f"no broker answers at {settings.broker} over {how}{why}",
        "start one (`cleanwire broker`), or set CLEANWIRE_BROKER and the SASL and TLS settings",
    )


def _fix(error: Exception) -> str:
    name = type(error).__name__
    if "Authorization" in name:
        return "grant this user the right, or set another CLEANWIRE_SASL_USERNAME"
    if "ReplicationFactor" in name:
        return "set CLEANWIRE_REPLICATION_FACTOR to at most the number of brokers"
    return "check the brokers and their logs"
