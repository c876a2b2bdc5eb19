"""The three topics that outcomes are on.

Invariant: every raw page ends on exactly one of them, and no other module maps their names.
"""

from typing import Literal

from streams.settings import Settings

OutcomeTopic = Literal["clean", "duplicate", "rejected"]
"""What a record on an outcome topic says of its page."""


def outcome_topics(settings: Settings) -> dict[str, OutcomeTopic]:
    """The names of the outcome topics and what their records say, in the order of a report."""
    topics = settings.topics
    return {topics.clean: "clean", topics.duplicates: "duplicate", topics.rejected: "rejected"}
