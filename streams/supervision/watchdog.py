"""Ends a worker that gets nowhere, so that its supervisor starts it anew.

Invariant: a stage that has work it could do, and has done none of it for `stall_limit`
seconds, ends its process with a line that says where it stands. A page that is slow, a topic at
its end, a memory that is being read back and a broker that is away are no stalls: nothing is
judged by its own word alone, the broker is asked for the end of a partition first, and time in
which it does not answer does not count. A process that has to end does end: what the orderly way
has not done within `LAST_SECONDS` is left to the next worker, which starts at what was committed.

A task in the event loop looks at the stages once a second. A thread looks at the task, because a
loop that is blocked can neither find that out nor say it. Time is counted in the thread's and the
task's own seconds: a process that was stopped, with its machine or without it, is not late.
"""

import asyncio
import contextlib
import faulthandler
import logging
import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Callable, Collection, Sequence
from typing import Any

import faust
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from faust.types import TP

from streams.errors import OperationalError
from streams.kafka.auth import aiokafka_security
from streams.runtime.app import App
from streams.runtime.consumer import Consumer
from streams.settings import Settings
from streams.stage import STAGES, Stage, app_id
from streams.supervision.progress import Progress

TICK_SECONDS = 1.0
ASK_SECONDS = 5.0
"""A broker that has not answered by then is away."""

LAST_SECONDS = 10.0
"""For a process that has to end: to leave its groups, and to stop in order."""

STOP_SECONDS = 20.0
"""For a process that was told to end: three to finish its pages, and to leave its groups. Service
managers wait for 30 and more before they kill."""

log = logging.getLogger(__name__)


class StallError(OperationalError):
    """A stage gets nowhere."""


class Watchdog:
    """Watches the stages of one process.

    Args:
        apps: the stages' apps, all on one event loop.
        settings: the limit, and where the bus is.
        leave: ends the process at once, with an exit code.
    """

    def __init__(
        self,
        apps: Sequence[faust.App],
        settings: Settings,
        leave: Callable[[int], object] = os._exit,
    ) -> None:
        names = {app_id(settings, stage): stage for stage in STAGES}
        self._apps = {names[app.conf.id]: app for app in apps}
        self._inputs = {"extract": settings.topics.raw, "dedupe": settings.topics.candidates}
        self._progress = {stage: Progress(settings.stall_limit) for stage in self._apps}
        self._ends = _Ends(settings)
        self._limit = settings.stall_limit
        self._leave = leave
        self._turned = True
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to watch the running loop; a second call does nothing."""
        if self._task is None:
            loop = asyncio.get_running_loop()
            self._task = loop.create_task(self._watch())
            threading.Thread(target=self._guard, args=(loop,), name="watchdog", daemon=True).start()

    async def _watch(self) -> None:
        fault = await self._fault()
        # The group is left, and what was acked is committed, if that can still be done.
        for app in self._apps.values():
            await app.crash(fault)

    async def _fault(self) -> Exception:
        """Watch until a stage gets nowhere."""
        try:
            while True:
                for stage, app in self._apps.items():
                    if not app.should_stop:
                        await self._look(stage, app)
                await asyncio.sleep(TICK_SECONDS)
        except Exception as error:  # noqa: BLE001 - a stall, or a fault of ours: nobody watches then
            return error
        finally:
            await self._ends.close()

    async def _look(self, stage: Stage, app: faust.App) -> None:
        progress = self._progress[stage]
        consumer = app.consumer if app.started else None
        marks = {}
        if isinstance(consumer, Consumer):
            if consumer.group_is_lost():
                raise _stall(stage, "its client has given up its place in the group")
            marks = consumer.marks()
        doubtful = progress.look(TICK_SECONDS, marks, _waiting(app))
        if not doubtful:
            return
        some = TP(self._inputs[stage], 0)
        ends = await self._ends.ask({some if place is None else place for place in doubtful})
        if found := progress.judge(ends):
            raise _stall(stage, found)

    def _guard(self, loop: asyncio.AbstractEventLoop) -> None:
        """The thread: sees that the loop turns, and that a process that has to end does."""
        silent = ending = stopping = 0.0
        while ending < LAST_SECONDS:
            self._turned = False
            with contextlib.suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(self._turn)
            time.sleep(TICK_SECONDS)
            if any(app.crashed for app in self._apps.values()):
                ending += TICK_SECONDS
            elif any(app.should_stop for app in self._apps.values()):
                # By a signal. Whoever sent it has a limit of its own, and less to say.
                if all(app.state == "shutdown" for app in self._apps.values()):
                    return
                stopping += TICK_SECONDS
                if stopping < STOP_SECONDS:
                    continue
                log.critical("the worker was told to end %.0f s ago; it is ended", stopping)
                faulthandler.dump_traceback(sys.stderr)
                self._end(0)
                return
            silent = 0.0 if self._turned else silent + TICK_SECONDS
            if silent >= self._limit and not ending:
                log.critical("the event loop has not turned for %.0f s; the worker ends", silent)
                faulthandler.dump_traceback(sys.stderr)
                break
        log.critical("the worker is ended: it could not end in order")
        self._end(1)

    def _end(self, code: int) -> None:
        for child in multiprocessing.active_children():
            child.kill()
        self._leave(code)

    def _turn(self) -> None:
        self._turned = True


def _stall(stage: Stage, found: str) -> StallError:
    log.critical("%s gets nowhere; the worker ends, to be started again: %s", stage, found)
    return StallError(f"{stage} gets nowhere: {found}", "start the worker again")


def watch(apps: Sequence[faust.App], settings: Settings) -> None:
    """Let a watchdog begin with the first of the apps that starts."""
    watchdog = Watchdog(apps, settings)
    for app in apps:
        if isinstance(app, App):
            app.at_start.append(watchdog.start)


def _waiting(app: faust.App) -> object | None:
    """How far an app is with being given its partitions and its memory; None once it has both."""
    if app.started and app.rebalancing_count and not app.rebalancing and not app.in_recovery:
        return None
    recovery = app.tables.recovery  # type: ignore[attr-defined] # Faust's interface lacks it
    offsets = dict(recovery.active_offsets), dict(recovery.standby_offsets)
    return app.started, app.rebalancing_count, app.rebalancing, app.in_recovery, offsets


class _Ends:
    """Asks the broker for the ends of partitions, by a client that no stage can hold up."""

    def __init__(self, settings: Settings) -> None:
        self._arguments: dict[str, Any] = {
            "bootstrap_servers": settings.broker.split(","),
            "group_id": None,
            "enable_auto_commit": False,
            # What waits for the end of a transaction cannot be read yet: no stall of ours.
            "isolation_level": "read_committed",
            "request_timeout_ms": int(1000 * ASK_SECONDS),
            **aiokafka_security(settings),
        }
        self._client: AIOKafkaConsumer | None = None

    async def ask(self, partitions: Collection[TP]) -> dict[TP, int] | None:
        """The offset after the last record of each partition; None while the broker is away."""
        try:
            async with asyncio.timeout(ASK_SECONDS):
                if self._client is None:
                    self._client = AIOKafkaConsumer(**self._arguments)
                    await self._client.start()
                ends = await self._client.end_offsets(partitions)
        except (KafkaError, OSError, TimeoutError):
            await self.close()
            return None
        return {TP(partition.topic, partition.partition): end for partition, end in ends.items()}

    async def close(self) -> None:
        """Close the client; it is made anew when it is needed."""
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(KafkaError, OSError, TimeoutError):
                async with asyncio.timeout(ASK_SECONDS):
                    await client.stop()
