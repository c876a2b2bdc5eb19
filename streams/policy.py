"""Turns settings into the core's window, thresholds, limits and pipeline.

Invariant: the stages and the offline mode get the same values from the same settings.
"""

from cleanwire.dedupe.policy import Window
from cleanwire.pipeline import Pipeline
from cleanwire.similarity.index import Thresholds
from streams.cleaning.page_cleaning import Limits
from streams.settings import Settings


def window(settings: Settings) -> Window:
    """How long pages are remembered."""
    return Window(
        length=settings.dedupe_window.total_seconds(),
        replay=settings.replay_horizon.total_seconds(),
    )


def thresholds(settings: Settings) -> Thresholds:
    """How similar two texts of one story are."""
    return Thresholds(near=settings.near_threshold, excerpt=settings.containment_threshold)


def limits(settings: Settings) -> Limits:
    """How much one page may cost."""
    return Limits(
        seconds=settings.page_time_limit,
        page_bytes=settings.max_page_bytes,
        message_bytes=settings.max_message_bytes,
        memory_bytes=settings.clean_memory,
        require_article=settings.require_article,
    )


def pipeline(settings: Settings) -> Pipeline:
    """The whole pipeline in one process."""
    return Pipeline(
        window=window(settings),
        thresholds=thresholds(settings),
        most_bytes=settings.dedupe_memory,
    )
