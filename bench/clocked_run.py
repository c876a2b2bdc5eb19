"""Runs events through a process, and measures the time and the CPU time that it takes for them.

Invariant: the clock starts after the warm-up. CPU time is that of a process and all its children,
including those that have ended; the broker's CPU time is apart. A run whose pages do not all come
to an end is void.
"""

import contextlib
import dataclasses
import time
from collections.abc import Callable, Sequence

import psutil
from stream_pages import WARM

from streams.kafka import clients
from streams.settings import Settings

SILENCE_SECONDS = 60.0
PIECE_SECONDS = 0.05


class NotAccountedForError(Exception):
    """A page has no outcome, or two, so the measurement is void."""


@dataclasses.dataclass(frozen=True, slots=True)
class Cpu:
    """CPU seconds of a process, of all its children, and of the broker."""

    own: float
    children: float
    broker: float

    def __sub__(self, other: "Cpu") -> "Cpu":
        return Cpu(self.own - other.own, self.children - other.children, self.broker - other.broker)


def run(
    settings: Settings,
    pid: int,
    events: Sequence[bytes],
    done: Callable[[], int],
    rate: float | None,
) -> tuple[float, dict[tuple[int, int], float], Cpu]:
    """Publish all events to a process and wait until they are done.

    Returns:
        When the publishing began, in seconds since the epoch; the broker's time of each record by
        partition and offset; the CPU time from then to the end. All without the warm-up.
    """
    publish(settings, events[:WARM])
    wait_until_done(pid, done, WARM)
    before = cpu_of(pid)
    began = time.time()
    arrived = publish(settings, events[WARM:], rate)
    wait_until_done(pid, done, len(events))
    return began, arrived, cpu_of(pid) - before


def publish(
    settings: Settings, events: Sequence[bytes], rate: float | None = None
) -> dict[tuple[int, int], float]:
    """Put events on `raw-pages`; returns the broker's time of each by partition and offset."""
    start = time.monotonic()
    futures = []
    with clients.producer(settings) as producer:
        for place, value in enumerate(events):
            if rate:
                time.sleep(max(0.0, start + place / rate - time.monotonic()))
            partition = place % settings.raw_partitions
            futures.append(producer.send(settings.topics.raw, value, partition=partition))
        sent = [future.get(timeout=SILENCE_SECONDS) for future in futures]
    return {(record.partition, record.offset): record.timestamp / 1000 for record in sent}


def wait_until_done(pid: int, done: Callable[[], int], count: int) -> None:
    """Wait until a process is done with `count` pages.

    Raises:
        NotAccountedForError: the process has ended, or has made no progress for `SILENCE_SECONDS`.
    """
    so_far, moved = done(), time.monotonic()
    while so_far < count:
        time.sleep(PIECE_SECONDS)
        before, so_far = so_far, done()
        if so_far != before:
            moved = time.monotonic()
        elif time.monotonic() - moved > SILENCE_SECONDS or not is_running(pid):
            raise NotAccountedForError(f"{so_far} of {count} pages have an outcome")


def is_running(pid: int) -> bool:
    """Whether a child process has not ended."""
    return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def cpu_of(pid: int) -> Cpu:
    """The CPU time that a process, its children and the broker have used so far."""
    process = psutil.Process(pid)
    times = process.cpu_times()
    children = times.children_user + times.children_system
    for child in process.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            children += sum(child.cpu_times()[:4])
    broker = 0.0
    for child in psutil.Process().children():
        if child.name() == "java":
            broker += sum(child.cpu_times()[:2])
    return Cpu(times.user + times.system, children, broker)
