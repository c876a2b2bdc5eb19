"""A line a minute of what this worker did, and a warning when the share of rejected pages jumps.

Invariant: whatever the stages did is in one line, and in no other. A minute in which nothing was
acknowledged has none. No line holds anything of a page.
"""

import asyncio
import collections
import dataclasses
import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any

import faust
from faust.types import TP

from streams.runtime.app import App
from streams.runtime.consumer import Consumer
from streams.settings import Settings
from streams.stage import Stage, stages_by_group
from streams.supervision.rejections import MOST_REASONS, Rejections

REPORT_SECONDS = 60.0

log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a stage did since the last report, and what is left.

    Attributes:
        outcomes: how many events were acknowledged, by outcome.
        reasons: how many of them were rejected, by reason.
        seconds: the time since the last report.
        in_flight: events that are read and not acked.
        lag: how many offsets its partitions are behind their ends; None if that is not known.
    """

    outcomes: Mapping[str, int]
    reasons: Mapping[str, int]
    seconds: float
    in_flight: int
    lag: int | None

    @property
    def pages(self) -> int:
        """How many events were acknowledged."""
        return sum(self.outcomes.values())

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.pages / self.seconds if self.seconds else 0.0

    def __str__(self) -> str:
        parts = [f"{count} {outcome}" for outcome, count in self.outcomes.items()]
        if self.reasons:
            most = sorted(self.reasons.items(), key=lambda entry: -entry[1])[:MOST_REASONS]
            parts[-1] += f" ({', '.join(f'{reason} {count}' for reason, count in most)})"
        behind = "" if self.lag is None else f", {self.lag} behind"
        return (
            f"{self.pages} pages, {self.rate:.1f}/s: {', '.join(parts)}; "
            f"{self.in_flight} in flight{behind}"
        )

    def fields(self) -> dict[str, Any]:
        """The same for programs."""
        return {
            "pages": self.pages,
            "rate": round(self.rate, 3),
            "outcomes": dict(self.outcomes),
            "reasons": dict(self.reasons),
            "in_flight": self.in_flight,
            "lag": self.lag,
        }


class Activity:
    """Reports on the stages of one process.

    Args:
        apps: the stages' apps, all on one event loop.
        settings: the settings that they were made with.
    """

    def __init__(self, apps: Sequence[App], settings: Settings) -> None:
        names = stages_by_group(settings)
        self._stages = {names[app.conf.id]: _Stage(app) for app in apps}
        self._at = time.monotonic()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to report from the running event loop; a second call does nothing."""
        if self._task is None:
            self._at = time.monotonic()
            self._task = asyncio.get_running_loop().create_task(self._run())

    def report(self) -> None:
        """Log what was done since the last report; nothing if nothing was done.

        A fault of the report is logged and not raised: stages go on, and end, without this line.
        """
        try:
            self._report()
        except Exception:
            log.exception("what was done cannot be reported")

    def _report(self) -> None:
        now = time.monotonic()
        seconds, self._at = now - self._at, now
        found = {name: stage.since_last(seconds) for name, stage in self._stages.items()}
        done = {name: entry for name, entry in found.items() if entry.pages}
        if done:
            log.info(
                "in %.0f s %s",
                seconds,
                " | ".join(f"{name}: {entry}" for name, entry in done.items()),
                extra={
                    "seconds": round(seconds, 3),
                    "stages": {name: entry.fields() for name, entry in done.items()},
                },
            )
        for name, entry in found.items():
            self._warn(name, entry)

    def _warn(self, name: Stage, done: Done) -> None:
        rejected = done.outcomes.get("rejected", 0)
        rejections = self._stages[name].rejections
        change = rejections.look(done.pages, rejected, done.reasons, done.seconds)
        if change is not None:
            log.log(
                logging.WARNING if change.jumped else logging.INFO,
                "%s: %s",
                name,
                change,
                extra={"stage": name, **dataclasses.asdict(change)},
            )

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(REPORT_SECONDS)
            self.report()


class _Stage:
    """What is known of a stage between two reports."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._outcomes: collections.Counter[str] = collections.Counter()
        self._reasons: collections.Counter[str] = collections.Counter()
        self.rejections = Rejections()

    def since_last(self, seconds: float) -> Done:
        tally = self._app.tally
        done = Done(
            outcomes=tally.outcomes - self._outcomes,
            reasons=tally.reasons - self._reasons,
            seconds=seconds,
            in_flight=len(self._app.consumer.unacked) if self._app.started else 0,
            lag=_lag(self._app),
        )
        self._outcomes, self._reasons = tally.outcomes.copy(), tally.reasons.copy()
        return done


def _lag(app: App) -> int | None:
    """How many offsets the input's partitions of this worker are behind, as far as is known."""
    consumer = app.consumer if app.started and not app.should_stop else None
    if not isinstance(consumer, Consumer):
        return None
    behind = [
        end - place
        for partition, mark in consumer.marks().items()
        if (end := _end(consumer, partition)) is not None
        and (place := mark.committed if mark.acked is None else mark.acked + 1) is not None
    ]
    return sum(max(0, count) for count in behind) if behind else None


def _end(consumer: Consumer, partition: TP) -> int | None:
    """The offset after a partition's last record, as the last answer said; None before that."""
    end: int | None = consumer.highwater(partition)
    return end


def report_each_minute(apps: Sequence[faust.App], settings: Settings) -> None:
    """Report on all apps, from when the first of them starts until the last one has stopped."""
    ours = [app for app in apps if isinstance(app, App)]
    activity = Activity(ours, settings)
    for app in ours:
        app.at_start.append(activity.start)
        app.at_stop.append(activity.report)
