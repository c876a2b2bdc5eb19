"""The three topics that outcomes are on, and the kinds of outcomes on each.

Invariant: every raw page ends on exactly one of them, and no other module maps their names.
"""

import datetime as dt
from typing import Literal

from cleanwire.errors import REASONS
from streams.settings import Settings

OutcomeTopic = Literal["clean", "duplicate", "rejected"]
"""What a record on an outcome topic says of its page."""

KINDS: dict[OutcomeTopic, tuple[str, ...]] = {
    "clean": ("new", "revision"),
    "duplicate": ("recrawl", "exact", "near", "excerpt"),
    "rejected": tuple(REASONS),
}
"""The kinds of each outcome; a rejected page's kind is its reason."""

OTHER = "other"
"""Replaces a kind that is not in `KINDS`."""


OUTLIVES = dt.timedelta(days=1)
"""How much longer than `raw-pages` the outcome topics keep their records."""


def outcome_topics(settings: Settings) -> dict[str, OutcomeTopic]:
    """The names of the outcome topics and what their records say, in the order of a report."""
    topics = settings.topics
    return {topics.clean: "clean", topics.duplicates: "duplicate", topics.rejected: "rejected"}
