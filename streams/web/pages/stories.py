"""The page of the most copied stories.

Invariant: the page says which range of time it is about, and all its pictures have that range.
"""

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence

from markupsafe import Markup

from streams.web.pages.charts import Column, columns
from streams.web.pages.rendering import render
from streams.web.store.model import Story

_MINUTE, _HOUR, _DAY = 60_000, 3_600_000, 86_400_000


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """A range of time that ends now.

    Attributes:
        name: its name in a link.
        words: its name for people.
        length: its length in milliseconds, a multiple of `width`.
        width: the length of the intervals that copies are counted in.
        interval: the name of such an interval.
    """

    name: str
    words: str
    length: int
    width: int
    interval: str

    def span(self, now: float) -> tuple[int, int]:
        """Its begin and end, in milliseconds since the epoch; the last interval is the present one.

        Args:
            now: seconds since the epoch.
        """
        until = (int(1000 * now) // self.width + 1) * self.width
        return until - self.length, until


RANGES: Mapping[str, Range] = {
    one.name: one
    for one in (
        Range(name="hour", words="last hour", length=_HOUR, width=5 * _MINUTE, interval="5 min"),
        Range(name="day", words="last day", length=_DAY, width=_HOUR, interval="hour"),
        Range(name="week", words="last week", length=7 * _DAY, width=6 * _HOUR, interval="6 h"),
    )
}

DEFAULT = "day"


def stories_page(now: float, stories: Sequence[Story], chosen: Range, *, most: int) -> str:
    """The page of the most copied stories.

    Args:
        now: seconds since the epoch.
        stories: the stories, the most copied first, with copies counted in the range's intervals.
        chosen: the range.
        most: how many stories are listed at most.
    """
    return render(
        "stories.html",
        now=now,
        path="stories",
        stories=[(story, _spread(story, chosen, now)) for story in stories],
        chosen=chosen,
        since=chosen.span(now)[0] / 1000,
        ranges=list(RANGES.values()),
        most=most,
    )


def _spread(story: Story, chosen: Range, now: float) -> Markup:
    """The copies over time; every story has the same axis."""
    counts = dict(story.hours)
    return columns(
        [
            Column(label=_label(at, chosen), parts={"duplicate": counts.get(at, 0)})
            for at in range(*chosen.span(now), chosen.width)
        ],
        label=f"copies by {chosen.interval}, the {chosen.words}",
        unit="copies",
    )


def _label(at: int, chosen: Range) -> str:
    shown = dt.datetime.fromtimestamp(at / 1000, dt.UTC)
    return f"{shown:%H:%M}" if chosen.length <= _DAY else f"{shown:%Y-%m-%d %H:%M}"
