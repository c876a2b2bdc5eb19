"""The raw pages that `bench/stream.py` publishes, and what the batch mode takes for them.

Invariant: for one seed the events are the same in every process, and no two of them are equal.

The pages are those of ../shared/data/extraction. A page that is used again comes from another host,
so it is a copy to be found.
"""

import datetime as dt
import importlib
import itertools
import multiprocessing
import random
import re
import statistics
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import orjson

from cleanwire.events import Source
from cleanwire.pipeline import Pipeline

SHARED = Path(__file__).resolve().parents[2] / "shared"
SETS = ("aeb", "fundus", "wcxb", "snippets")
FIRST_FETCH = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
WARM = 48
"""Pages before the clock starts: after them, tables are read and the cleaning processes run."""

sys.path[:0] = [str(SHARED / "bench" / "extraction")]


def raw_pages(seed: int) -> Iterator[bytes]:
    """Events without end: the pages in one random order, repeated from other hosts each time."""
    corpus = importlib.import_module("corpus")
    pages = [
        page
        for name in SETS
        for page in corpus.read_dataset(SHARED / "data" / "extraction" / name)
        if urlsplit(page.url).scheme in ("http", "https") and not re.search(r"\s", page.url)
    ]
    random.Random(seed).shuffle(pages)  # noqa: S311 - an order, no secret
    seconds = itertools.count()
    for again in itertools.count():
        for page in pages:
            url = page.url.replace("://", f"://copy{again}.", 1) if again else page.url
            yield orjson.dumps(
                {
                    "url": url,
                    "fetched_at": (FIRST_FETCH + dt.timedelta(seconds=next(seconds))).isoformat(),
                    "status": 200,
                    "content_type": "text/html; charset=utf-8",
                    "body": page.html,
                }
            )


def batch_mode(seed: int, pages: int, processes: int) -> float:
    """CPU milliseconds for a page of the same steps without Kafka, in `processes` at a time."""
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        return statistics.fmean(pool.map(one_batch, [seed] * processes, [pages] * processes))


def one_batch(seed: int, pages: int) -> float:
    """CPU milliseconds for a page of the batch mode, in this process."""
    events = list(itertools.islice(raw_pages(seed), WARM + pages))
    pipeline = Pipeline()
    start = 0.0
    for place, value in enumerate(events):
        if place == WARM:
            start = time.process_time()
        pipeline.process(value, Source(topic="", partition=0, offset=place))
    return 1000 * (time.process_time() - start) / pages
