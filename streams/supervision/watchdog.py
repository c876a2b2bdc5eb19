"""Ends a worker that makes no progress, so that its supervisor starts it again.

Invariants:

- If a stage has work and does none of it for `stall_limit` seconds, its process ends with a line
  that says where the stage is.
- A slow page, a topic at its end, a state that is being restored and a broker that is away are no
  stalls. Before the watchdog reports a stall, it asks the broker for the end of the partition over
  a connection of its own. Time without an answer does not count.
- A process that has to end does end. What is not done in order within `LAST_SECONDS` is left to
  the next worker, which starts at the committed offsets.

A task in the event loop checks the stages once a second. A thread checks the event loop, because a
blocked loop can neither notice nor report that it is blocked. The task and the thread count their
own seconds instead of reading a clock, so the time in which a process was suspended, alone or with
its machine, does not count.
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
from streams.kafka.auth import login
from streams.runtime.app import App
from streams.runtime.consumer import Consumer
from streams.settings import Settings
from streams.stage import STAGES, Stage, input_topic, stages_by_group
from streams.supervision.progress import Progress

TICK_SECONDS = 1.0
ASK_SECONDS = 5.0
"""A broker that has not answered after this time is away."""

LAST_SECONDS = 10.0
"""How long a process that has to end may take to leave its groups and to stop in order."""

STOP_SECONDS = 20.0
"""How long a process that was told to end may take: three seconds to finish its pages, and the rest
to leave its groups. Service managers wait for 30 seconds or more before they kill."""

log = logging.getLogger(__name__)


class StallError(OperationalError):
    """A stage had work and made no progress."""


class Watchdog:
    """Watches the stages of one process.

    Args:
        apps: the stages' apps, all on one event loop.
        settings: the brokers, the topics, and the limit (`stall_limit`, seconds).
        leave: ends the process at once, with the exit code that it is given: 1 after a stall, 0 if
            the process was told to end and could not.
    """

    def __init__(
        self,
        apps: Sequence[faust.App],
        settings: Settings,
        leave: Callable[[int], object] = os._exit,
    ) -> None:
        names = stages_by_group(settings)
        self._apps = {names[app.conf.id]: app for app in apps}
        self._inputs = {stage: input_topic(settings, stage) for stage in STAGES}
        self._progress = {stage: Progress(settings.stall_limit) for stage in self._apps}
        self._ends = _Ends(settings)
        self._limit = settings.stall_limit
        self._leave = leave
        self._loop_turned = True
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to watch the running event loop; a second call does nothing."""
        if self._task is None:
            loop = asyncio.get_running_loop()
            self._task = loop.create_task(self._watch())
            thread = threading.Thread(
                target=self._watch_loop, args=(loop,), name="watchdog", daemon=True
            )
            thread.start()

    async def _watch(self) -> None:
        error = await self._first_error()
        # A crash still commits what was acked and leaves the group, if that is possible.
        for app in self._apps.values():
            await app.crash(error)

    async def _first_error(self) -> Exception:
        """Check the stages every `TICK_SECONDS`; returns the first stall or other error."""
        try:
            while True:
                for stage, app in self._apps.items():
                    if not app.should_stop:
                        await self._check(stage, app)
                await asyncio.sleep(TICK_SECONDS)
        except Exception as error:  # noqa: BLE001 - after any error, nothing watches the stages
            return error
        finally:
            await self._ends.close()

    async def _check(self, stage: Stage, app: faust.App) -> None:
        """Check one stage; called every `TICK_SECONDS`.

        Args:
            stage: the stage.
            app: its app, which may not have started yet.

        Raises:
            StallError: the stage had work and made no step for `stall_limit` seconds, or its
                client has given up its place in the consumer group.
        """
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
        any_partition = TP(self._inputs[stage], 0)
        asked = {any_partition if place is None else place for place in doubtful}
        if why := progress.judge(await self._ends.ask(asked)):
            raise _stall(stage, why)

    def _watch_loop(self, loop: asyncio.AbstractEventLoop) -> None:
        """Run in a thread: end the process if its loop is blocked, or if it does not end in time.

        Returns without ending the process if all apps have stopped in order.
        """
        silent = ending = stopping = 0.0
        while ending < LAST_SECONDS:
            self._loop_turned = False
            with contextlib.suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(self._note_turn)
            time.sleep(TICK_SECONDS)
            if any(app.crashed for app in self._apps.values()):
                ending += TICK_SECONDS
            elif any(app.should_stop for app in self._apps.values()):
                # The process stops on a signal. The sender (systemd, Kubernetes) has a kill timeout
                # of its own, but cannot log our stacks.
                if all(app.state == "shutdown" for app in self._apps.values()):
                    return
                stopping += TICK_SECONDS
                if stopping < STOP_SECONDS:
                    continue
                log.critical("the worker was told to end %.0f s ago; it is ended", stopping)
                faulthandler.dump_traceback(sys.stderr)
                self._end(0)
                return
            silent = 0.0 if self._loop_turned else silent + TICK_SECONDS
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

    def _note_turn(self) -> None:
        self._loop_turned = True


def _stall(stage: Stage, why: str) -> StallError:
    log.critical("%s gets nowhere; the worker ends, to be started again: %s", stage, why)
    return StallError(f"{stage} gets nowhere: {why}", "start the worker again")


def watch(apps: Sequence[faust.App], settings: Settings) -> None:
    """Let one watchdog watch all apps, from when the first of them starts."""
    watchdog = Watchdog(apps, settings)
    for app in apps:
        if isinstance(app, App):
            app.at_start.append(watchdog.start)


def _waiting(app: faust.App) -> object | None:
    """How far an app is with getting its partitions and restoring its state; None once it is done.

    The value changes with every step of that.
    """
    if app.started and app.rebalancing_count and not app.rebalancing and not app.in_recovery:
        return None
    recovery = app.tables.recovery  # type: ignore[attr-defined] # Faust's interface lacks it
    offsets = dict(recovery.active_offsets), dict(recovery.standby_offsets)
    return app.started, app.rebalancing_count, app.rebalancing, app.in_recovery, offsets


class _Ends:
    """Asks the broker for the ends of partitions, with a client that no stage can block."""

    def __init__(self, settings: Settings) -> None:
        self._arguments: dict[str, Any] = {
            "bootstrap_servers": settings.broker.split(","),
            "group_id": None,
            "enable_auto_commit": False,
            # Records behind an open transaction cannot be read yet, so they do not make a stall.
            "isolation_level": "read_committed",
            "request_timeout_ms": int(1000 * ASK_SECONDS),
            **login(settings),
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
        """Close the client; `ask` makes a new one when it needs it."""
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(KafkaError, OSError, TimeoutError):
                async with asyncio.timeout(ASK_SECONDS):
                    await client.stop()
