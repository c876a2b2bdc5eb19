"""Writes the status of this worker to Kafka, so that a view shows all workers.

Invariants:

- It never stops or slows the stages, nor their end. Its client is its own: what the stages send is
  flushed when a worker ends, and a status that cannot be written would be waited for there.
- A status that cannot be written is dropped, and the log says so once.
"""

import asyncio
import contextlib
import logging
import os
import socket
import time
from collections.abc import Sequence
from typing import Any

import faust
from aiokafka import AIOKafkaProducer

from streams.kafka.auth import login
from streams.kafka.worker_status import (
    EVERY_SECONDS,
    ShardStatus,
    WorkerStatus,
    pack,
    topic,
)
from streams.runtime.app import App
from streams.settings import Settings
from streams.stage import stages_by_group
from streams.web.memory import MemoryMeter
from streams.web.metrics import versions
from streams.web.probes import Stages

SEND_SECONDS = 5.0
"""A status that is not written after this time is dropped."""

LAST_SECONDS = 1.0
"""How long a worker that ends waits until its last status is written."""

log = logging.getLogger(__name__)


def report(apps: Sequence[faust.App], settings: Settings) -> None:
    """Let a process write its status every `EVERY_SECONDS`, and withdraw it when it ends.

    Args:
        apps: the apps of the process, all on one event loop.
        settings: the topic, and the name of this worker.
    """
    reporter = _Reporter(apps, settings)
    first = apps[0]
    if isinstance(first, App):
        first.at_start.append(reporter.start)
    first.on_before_shutdown.connect(reporter.end, weak=False)


class _Reporter:
    def __init__(self, apps: Sequence[faust.App], settings: Settings) -> None:
        self._named = stages_by_group(settings)
        self._stages = Stages(apps, settings)
        self._settings = settings
        self._host = socket.gethostname()
        self._name = settings.instance_id or f"{self._host}/{os.getpid()}"
        self._started = time.time()
        self._meter = MemoryMeter()
        self._producer: AIOKafkaProducer | None = None
        self._task: asyncio.Task[None] | None = None
        self._warned = False

    def start(self) -> None:
        """Begin to report; a second call does nothing."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._report())

    async def end(self, *_: Any, **__: Any) -> None:  # noqa: ANN401 - Faust's signals have no types
        """Withdraw the status."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        with contextlib.suppress(Exception):
            # The client gives up by itself what it cannot send in its own time.
            async with asyncio.timeout(LAST_SECONDS):
                await self._write(None)
        if self._producer is not None:
            with contextlib.suppress(Exception):
                await self._producer.stop()

    async def _report(self) -> None:
        while True:
            try:
                await self._meter.look()
                async with asyncio.timeout(SEND_SECONDS):
                    await self._write(pack(self._status()))
            except Exception as error:  # noqa: BLE001 - whatever it is, the stages go on
                self._warn(error)
            await asyncio.sleep(EVERY_SECONDS)

    async def _write(self, value: bytes | None) -> None:
        """Write a status; None withdraws it."""
        if self._producer is None:
            producer = AIOKafkaProducer(
                bootstrap_servers=self._settings.broker.split(","),
                **login(self._settings),
                acks="all",
                request_timeout_ms=round(1000 * SEND_SECONDS),
            )
            try:
                await producer.start()
            except BaseException:
                await producer.stop()
                raise
            self._producer = producer
        where = topic(self._settings)
        await self._producer.send_and_wait(where, key=self._name.encode(), value=value, partition=0)

    def _warn(self, error: Exception) -> None:
        if not self._warned:
            self._warned = True
            log.warning(
                "the status of this worker cannot be written to %s: %s",
                topic(self._settings),
                type(error).__name__,
            )

    def _status(self) -> WorkerStatus:
        state = self._stages.state()
        shards = {} if state is None else state.shards
        return WorkerStatus(
            name=self._name,
            host=self._host,
            at=time.time(),
            started=self._started,
            version=versions()["version"],
            waits=self._stages.missing(),
            partitions=self._partitions(),
            memory=sum(process.proportional for process in self._meter.latest),
            shards=tuple(
                ShardStatus(
                    shard=number,
                    articles=shard.articles,
                    decisions=shard.decisions,
                    size=shard.content,
                    fill={str(limit): share for limit, share in shard.fill.items()},
                )
                for number, shard in shards.items()
            ),
        )

    def _partitions(self) -> dict[str, tuple[int, ...]]:
        """The partitions that each stage reads, by stage."""
        found: dict[str, list[int]] = {stage: [] for stage in self._stages.missing()}
        for group, place in self._stages.partitions():
            found[self._named[group]].append(place.partition)
        return {stage: tuple(sorted(numbers)) for stage, numbers in found.items()}
