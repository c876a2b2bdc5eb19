"""Makes the Faust app of a stage, with the options that both stages share.

Invariants:

- Every Faust default that could lose a page, publish it twice or leak something is overridden,
  with the reason beside it.
- Each stage is an app of its own, and so a consumer group of its own.
"""

from pathlib import Path
from typing import Any

import faust
from faust.types.auth import SASLMechanism

from cleanwire import native
from streams.kafka.auth import password, ssl_context
from streams.kafka.compression import read_any_xerial_header
from streams.runtime.app import App
from streams.runtime.flow_control import PARTITION_BYTES
from streams.runtime.instruments import Instruments
from streams.runtime.tally import Tally
from streams.settings import Settings
from streams.stage import (
    KEPT_LONGER,
    METADATA_SECONDS,
    RECORD_OVERHEAD,
    Stage,
    app_id,
    buffering_of,
)


def make_app(settings: Settings, stage: Stage, *, web: bool, partitions: int | None = None) -> App:
    """Make a stage's app, without its agent.

    Args:
        settings: where the bus is, and all limits.
        stage: which of the two stages.
        web: whether this app serves the web view; of two apps in one process, one does.
        partitions: how many partitions a table's changelog has, which has to match its input. None
            stands for `raw_partitions`.
    """
    # A stage that began to compile while it works would miss its heartbeats.
    native.require()
    read_any_xerial_header()
    app = App(
        app_id(settings, stage),
        broker=[f"kafka://{address}" for address in settings.broker.split(",")],
        broker_credentials=_credentials(settings),
        datadir=str(Path(settings.data_dir) / stage),
        autodiscover=False,
        # `cleanwire topics` makes the topics, with their configuration, before any worker starts.
        topic_allow_declare=False,
        topic_disable_leader=True,
        topic_partitions=partitions or settings.raw_partitions,
        store="memory://",
        TableManager="streams.state.recovery:Tables",
        key_serializer="raw",
        value_serializer="raw",
        # All replicas must have a record, so that no page is lost with a leader that had not
        # replicated it.
        producer_acks=-1,
        producer_max_request_size=settings.max_message_bytes + RECORD_OVERHEAD,
        # Records arrive milliseconds apart. Lingering for 50 ms batches them into fewer requests,
        # and adds at most 50 ms of delay at each hop.
        producer_linger=0.05,
        producer_max_batch_size=512 * 1024,
        # The brokers send a larger record all the same, alone.
        consumer_max_fetch_size=PARTITION_BYTES,
        consumer_auto_offset_reset="earliest",
        consumer_metadata_max_age_ms=1000 * METADATA_SECONDS,
        consumer_group_instance_id=_instance_id(settings, stage),
        broker_session_timeout=settings.session_timeout,
        # A worker learns of a rebalance by its heartbeat, so a short interval makes rebalances
        # fast. The session timeout of a lost worker begins with its last heartbeat.
        broker_heartbeat_interval=1.0,
        broker_commit_interval=1.0,
        stream_buffer_maxsize=buffering_of(stage).events,
        # `Delivery` empties its own queue, with a deadline. Faust would wait for ever.
        stream_wait_empty=False,
        web_enabled=web,
        web_bind=settings.web_bind,
        web_host=settings.web_bind,
        web_port=settings.web_port,
        web_in_thread=False,
        # Off: these pages show internal state to anybody who asks.
        web_router_enabled=False,
        web_tables_enabled=False,
        web_graph_enabled=False,
        web_stats_enabled=False,
        web_metrics_enabled=False,
        worker_redirect_stdouts=False,
    )
    app.instruments = Instruments(stage)
    app.tally = Tally(stage, settings.topics.candidates)
    # An audit looks back as far as pages are kept, and somebody needs a day to run it.
    app.keep_seconds = (settings.retention + KEPT_LONGER).total_seconds()
    return app


def _instance_id(settings: Settings, stage: Stage) -> str | None:
    return f"{settings.instance_id}-{stage}" if settings.instance_id else None


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
