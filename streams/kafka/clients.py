"""kafka-python's clients, made from the settings.

Invariant: every client has the one message size, the security settings and a deadline,
and what the brokers refuse comes out as one line that names cause and fix.
"""

import contextlib
import logging
from collections.abc import Iterator
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka import errors as kafka_errors

from streams.errors import OperationalError
from streams.kafka.auth import certificate_refused, login_refused, password, protocol, ssl_context
from streams.kafka.compression import require_codecs
from streams.settings import Settings
from streams.stage import RECORD_OVERHEAD

TIMEOUT_MS = 10_000

_LOGIN_FAULTS = (
    kafka_errors.SaslAuthenticationFailedError,
    kafka_errors.UnsupportedSaslMechanismError,
    kafka_errors.IllegalSaslStateError,
)


_MANAGER = logging.getLogger("kafka.net.manager")


def common(settings: Settings) -> dict[str, Any]:
    """The arguments that all clients share."""
    # The client logs every retry; what matters comes out as an OperationalError.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    _MANAGER.setLevel(logging.WARNING)
    _MANAGER.propagate = False
    arguments: dict[str, Any] = {
        "bootstrap_servers": settings.broker.split(","),
        "client_id": "cleanwire",
        "security_protocol": protocol(settings),
    }
    if settings.tls:
        arguments["ssl_context"] = ssl_context(settings)
    if settings.sasl_mechanism:
        arguments |= {
            "sasl_mechanism": settings.sasl_mechanism,
            "sasl_plain_username": settings.sasl_username,
            "sasl_plain_password": password(settings),
        }
    return arguments


@contextlib.contextmanager
def admin(settings: Settings) -> Iterator[KafkaAdminClient]:
    """An admin client."""
    with explained(settings):
        client = KafkaAdminClient(
            **common(settings), request_timeout_ms=TIMEOUT_MS, bootstrap_timeout_ms=TIMEOUT_MS
        )
        with contextlib.closing(client):
            yield client


@contextlib.contextmanager
def consumer(settings: Settings, **more: Any) -> Iterator[KafkaConsumer]:  # noqa: ANN401 - the library's options
    """A consumer without a group: it reads what it is told to and commits nothing."""
    with explained(settings):
        client = KafkaConsumer(
            **common(settings),
            group_id=None,
            enable_auto_commit=False,
            # What retention takes away while it is read must not end the reading.
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=settings.max_message_bytes + RECORD_OVERHEAD,
            bootstrap_timeout_ms=TIMEOUT_MS,
            # What a producer took back was never published.
            **{"isolation_level": "read_committed", **more},
        )
        with contextlib.closing(client):
            yield client


@contextlib.contextmanager
def producer(settings: Settings) -> Iterator[KafkaProducer]:
    """A producer that takes a record for sent when all replicas have it."""
    with explained(settings):
        client = KafkaProducer(
            **common(settings),
            acks="all",
            linger_ms=5,
            max_request_size=settings.max_message_bytes + RECORD_OVERHEAD,
            bootstrap_timeout_ms=TIMEOUT_MS,
        )
        with contextlib.closing(client):
            yield client


@contextlib.contextmanager
def explained(settings: Settings) -> Iterator[None]:
    """Turn the library's errors into one line each."""
    where = settings.broker
    reason = _Reason()
    _MANAGER.addHandler(reason)
    try:
        yield
    except (kafka_errors.KafkaTimeoutError, kafka_errors.KafkaConnectionError):
        if isinstance(reason.error, _LOGIN_FAULTS):
            raise login_refused(settings) from None
        if settings.sasl_mechanism and "disconnected" in str(reason.error):
            raise login_refused(settings, "hung up on") from None
        raise _unreachable(settings, reason.error) from None
    except _LOGIN_FAULTS:
        raise login_refused(settings) from None
    except kafka_errors.UnsupportedCodecError:
        require_codecs()
        raise
    except kafka_errors.KafkaError as error:
        said = getattr(error, "description", "") or type(error).__name__
        raise OperationalError(f"the broker at {where} refused: {said}", _fix(error)) from None
    finally:
        _MANAGER.removeHandler(reason)


class _Reason(logging.Handler):
    """Remembers why connecting failed.

    While it looks for a broker, the client retries whatever happened until its deadline, and
    then says no more than that it found none; the reason is only in what it logs.
    """

    def __init__(self) -> None:
        super().__init__()
        self.error: Exception | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the most telling reason: of the login, then of TLS, then of the connection."""
        for said in record.args if isinstance(record.args, tuple) else ():
            # A timeout only says that the deadline is over.
            if isinstance(said, kafka_errors.KafkaError) and not isinstance(
                said, kafka_errors.KafkaTimeoutError
            ):
                self.error = max(said, self.error or said, key=_telling)


def _telling(error: Exception) -> int:
    return 2 if isinstance(error, _LOGIN_FAULTS) else int("Handshake" in str(error))


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
