"""Runs the pipeline over the first pages of an input, without a pool of processes.

Invariant: the outcomes are those of `offline`, and come in the order of the pages. A process is
forked for each page, so that no page costs more than itself.
"""

import time
from collections.abc import Callable, Iterable, Iterator

from cleanwire.dedupe.records import unpack_candidate
from cleanwire.errors import PageRejected
from cleanwire.pipeline import OutcomeEvent, Pipeline, rejection
from streams.cleaning.forked_page import IS_POSSIBLE, clean_forked
from streams.policy import limits
from streams.settings import Settings
from streams.sources import InputPage

FEW = 20 if IS_POSSIBLE else 0
"""How many pages are cleaned without a pool, whose start takes as long."""


def outcomes_of_few(
    settings: Settings,
    pipeline: Pipeline,
    pages: Iterable[InputPage],
    *,
    now: Callable[[], float] = time.time,
) -> Iterator[OutcomeEvent]:
    """Decide on every page, in order, one at a time.

    Args:
        settings: the limits.
        pipeline: what decides; it knows the pages before these.
        pages: the raw-page events; each one is read when it is needed.
        now: returns seconds since the epoch; it caps event times as the broker's append time does.
    """
    most = limits(settings)
    for page in pages:
        result = page.refusal or clean_forked(page.value, page.source, now(), most)
        if isinstance(result, PageRejected):
            yield rejection(result, page.source)
        else:
            candidate = unpack_candidate(result.candidate)
            yield pipeline.decide(candidate.article, page.source, received_at=candidate.event_time)
