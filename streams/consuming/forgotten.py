"""Whether a topic may have forgotten takedowns since a consumer's copy was last current.

Invariant: a copy that was current within the time for which `clean-articles` keeps takedowns has
missed none.
"""

import datetime as dt

from streams.kafka.outcome_topics import OUTLIVES
from streams.settings import Settings


def forgotten(settings: Settings, last: dt.datetime | None, where: str, fix: str) -> str:
    """A line that says that takedowns may be missing; empty if none can be.

    Args:
        settings: how long topics keep records.
        last: when the copy was last current; None if it is new.
        where: the copy.
        fix: what to do about it.
    """
    kept = settings.retention + OUTLIVES
    if last is None or (age := dt.datetime.now(dt.UTC) - last) <= kept:
        return ""
    return (
        f"{where} was last current {age.days} days ago, and {settings.topics.clean} keeps a "
        f"takedown for {kept.days} days: some may be missing here; {fix}"
    )
