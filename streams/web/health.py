"""Whether all is well, as a sentence and a level.

Invariant: the gravest thing is said first, and everything that is said follows from what the view
has measured.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Literal

from streams.kafka.worker_status import WorkerStatus
from streams.web.reading.backlog import Backlog
from streams.web.reading.state import State
from streams.web.reading.workers import is_silent
from streams.web.units import duration

Level = Literal["good", "warn", "bad"]

STILL_SECONDS = 60.0
"""Lag that nobody works on for so long is a stall."""

OLD_SECONDS = 60.0
"""A page that waits for so long is worth a word."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How the stream is.

    Attributes:
        level: `good`, `warn` or `bad`.
        word: the state in a word or two.
        sentence: what is the case, for people.
    """

    level: Level
    word: str
    sentence: str


def health(
    state: State,
    backlog: Backlog,
    waiting: Mapping[str, str],
    workers: Sequence[WorkerStatus],
    now: float,
) -> Health:
    """Say how the stream is.

    Args:
        state: what the view knows of the topics.
        backlog: how the lag develops.
        waiting: what each stage of this process waits for, by stage; empty if it is ready.
        workers: the statuses of the workers.
        now: seconds since the epoch.
    """
    return (
        _of_this_process(state, waiting)
        or _of_the_groups(backlog, workers, now)
        or _of_the_lag(backlog, now)
    )


def _of_this_process(state: State, waiting: Mapping[str, str]) -> Health | None:
    """What keeps this process from working or from seeing; None if nothing does."""
    waits = _upper("; ".join(f"{stage}: {why}" for stage, why in waiting.items() if why))
    stale = state.stale()
    if "it has crashed" in waiting.values():
        return Health(level="bad", word="Crashed", sentence=f"{waits}.")
    if stale is not None and stale.since is not None:
        sentence = f"Kafka cannot be read: {stale.why}. What is shown is old."
        return Health(level="bad", word="Blind", sentence=sentence)
    if waits:
        word = "Recovering" if "read back" in waits else "Not ready"
        return Health(level="warn", word=word, sentence=f"{waits}.")
    if stale is not None:
        return Health(level="warn", word="Starting", sentence=f"{_upper(stale.why)}.")
    return None


def _of_the_groups(backlog: Backlog, workers: Sequence[WorkerStatus], now: float) -> Health | None:
    """What keeps the workers from working; None if nothing does."""
    still = backlog.stands_still_for(now)
    if still > STILL_SECONDS:
        sentence = f"{_behind(backlog)}, and nothing was committed for {duration(still)}."
        return Health(level="bad", word="Stalled", sentence=sentence)
    silent = [worker.name for worker in workers if is_silent(worker, now)]
    if silent:
        sentence = f"{_counted(len(silent), 'worker')} went silent: {', '.join(silent[:5])}."
        return Health(level="warn", word="A worker is silent", sentence=sentence)
    return None


def _of_the_lag(backlog: Backlog, now: float) -> Health:
    last = backlog.latest
    if last is None or not last.records:
        return Health(level="good", word="Healthy", sentence="Every page that came in is decided.")
    age = None if last.oldest is None else max(0.0, now - last.oldest)
    if age is None or age < OLD_SECONDS:
        return Health(level="good", word="Healthy", sentence=f"{_behind(backlog)}.")
    seconds = backlog.caught_up_in()
    how = (
        "and the lag does not shrink"
        if seconds is None
        else f"caught up in about {duration(seconds)} at this speed"
    )
    sentence = f"{_behind(backlog)}, the oldest for {duration(age)}; {how}."
    return Health(level="warn", word="Behind", sentence=sentence)


def _behind(backlog: Backlog) -> str:
    last = backlog.latest
    records = last.records if last else 0
    return "1 record waits" if records == 1 else f"{records:,} records wait"


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
