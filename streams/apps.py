"""What both Faust apps have in common.

The rule here: every Faust default that can lose, double or leak is set, with its reason;
each stage is an app of its own, hence a consumer group of its own.
"""

import dataclasses
import datetime as dt
from pathlib import Path
from typing import Any, Literal

import faust
from faust.types.auth import SASLMechanism

from streams.backpressure import PARTITION_BYTES
from streams.codecs import read_any_xerial_header
from streams.positions import App
from streams.security import password, protocol, ssl_context
from streams.settings import Settings

Stage = Literal["extract", "dedupe"]

STAGES: tuple[Stage, ...] = ("extract", "dedupe")

METADATA_SECONDS = 15
"""Partitions that are added to a topic are noticed after so long at most; a rebalance comes on
top. Faust's default is five minutes."""

RECORD_OVERHEAD = 128 * 1024
"""Bytes on top of the message size that a producer may send: rejected pages carry added
headers, and a request has a frame."""


KEPT_LONGER = dt.timedelta(days=1)
"""For so long after the retention a commit names what was deleted before it was read."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Buffering:
    """How much of a stage's input waits in memory.

    Attributes:
        events: so many wait for the agent, within the bytes of `streams/backpressure.py`.
        in_flight: events being worked on or waiting for their acks.
        in_flight_bytes: the same in bytes.
    """

    events: int
    in_flight: int
    in_flight_bytes: int


BUFFERING: dict[Stage, Buffering] = {
    "extract": Buffering(events=256, in_flight=256, in_flight_bytes=64 << 20),
    "dedupe": Buffering(events=4096, in_flight=1024, in_flight_bytes=32 << 20),
}


def app_id(settings: Settings, stage: Stage) -> str:
    """The name of a stage's app, which is its consumer group's too."""
    return f"{settings.topic_prefix}cleanwire-{stage}"


def make_app(settings: Settings, stage: Stage, *, web: bool, partitions: int | None = None) -> App:
    """A stage's app without its agent.

    Args:
        settings: where the bus is, and all limits.
        stage: which of the two.
        partitions: of the topic that a table's changelog has to match.
        web: whether this app serves the web view; of two in one process one does.
    """
    read_any_xerial_header()
    app = App(
        app_id(settings, stage),
        broker=[f"kafka://{address}" for address in settings.broker.split(",")],
        broker_credentials=_credentials(settings),
        datadir=str(Path(settings.data_dir) / stage),
        autodiscover=False,
        # Topics are made before any worker starts, with their configuration.
        topic_allow_declare=False,
        topic_disable_leader=True,
        topic_partitions=partitions or settings.raw_partitions,
        store="memory://",
        TableManager="streams.recovery:Tables",
        key_serializer="raw",
        value_serializer="raw",
        # A page must never be lost to a leader that had not replicated it.
        producer_acks=-1,
        producer_max_request_size=settings.max_message_bytes + RECORD_OVERHEAD,
        # Records come apart by milliseconds: fewer requests, for at most so much of a delay a hop.
        producer_linger=0.05,
        producer_max_batch_size=512 * 1024,
        # A larger record still comes, alone.
        consumer_max_fetch_size=PARTITION_BYTES,
        consumer_auto_offset_reset="earliest",
        consumer_metadata_max_age_ms=1000 * METADATA_SECONDS,
        consumer_group_instance_id=_instance_id(settings, stage),
        broker_session_timeout=settings.session_timeout,
        # A worker hears of a rebalance by its heartbeat, and is missed from its last one on.
        broker_heartbeat_interval=1.0,
        broker_commit_interval=1.0,
        stream_buffer_maxsize=BUFFERING[stage].events,
        # Delivery empties its own queue, with a deadline; Faust would wait for ever.
        stream_wait_empty=False,
        web_enabled=web,
        web_bind=settings.web_bind,
        web_host=settings.web_bind,
        web_port=settings.web_port,
        web_in_thread=False,
        # Off: they show and serve internal state to whoever asks.
        web_router_enabled=False,
        web_tables_enabled=False,
        web_graph_enabled=False,
        web_stats_enabled=False,
        web_metrics_enabled=False,
        worker_redirect_stdouts=False,
    )
    # An audit looks back as far as pages are kept, and a day is for whoever runs it.
    app.keep_seconds = (settings.retention + KEPT_LONGER).total_seconds()
    return app


def _instance_id(settings: Settings, stage: Stage) -> str | None:
    return f"{settings.instance_id}-{stage}" if settings.instance_id else None


def aiokafka_security(settings: Settings) -> dict[str, Any]:
    """The arguments of an aiokafka client for SASL and TLS."""
    arguments: dict[str, Any] = {"security_protocol": protocol(settings)}
    if settings.tls:
        arguments["ssl_context"] = ssl_context(settings)
    if settings.sasl_mechanism:
        arguments |= {
            "sasl_mechanism": settings.sasl_mechanism,
            "sasl_plain_username": settings.sasl_username,
            "sasl_plain_password": password(settings),
        }
    return arguments


def _credentials(settings: Settings) -> Any:  # noqa: ANN401 - Faust's union of credential types
    context = ssl_context(settings) if settings.tls else None
    if settings.sasl_mechanism:
        return faust.SASLCredentials(
            username=settings.sasl_username,
            password=password(settings),
            mechanism=SASLMechanism(settings.sasl_mechanism),
            ssl_context=context,
        )
    return faust.SSLCredentials(context) if context else None
