"""The demo's made-up news is what it says it is."""

import collections
import datetime as dt
import itertools

from cleanwire import CleanArticle, DuplicateArticle, Pipeline, Source
from streams.testing.samples.newsroom import newsroom

START = dt.datetime(2026, 11, 3, 8, tzinfo=dt.UTC)


def pages(seed, count):
    return list(itertools.islice(newsroom(seed, start=START, every=dt.timedelta(seconds=1)), count))


def test_a_seed_gives_the_same_pages():
    assert pages(3, 40) == pages(3, 40) != pages(4, 40)


def test_stories_are_told_apart_and_their_copies_found():
    pipeline = Pipeline()
    kinds = collections.Counter()
    titles = set()
    for offset, value in enumerate(pages(1, 200)):
        outcome = pipeline.process(value, Source(topic="raw-pages", partition=0, offset=offset))
        if isinstance(outcome, CleanArticle):
            kinds["clean", "new" if outcome.revision == 1 else "revision"] += 1
            titles.add(outcome.title)
            assert not any(brand in outcome.text for brand in ("NovaPulse", "CoinVista"))
        elif isinstance(outcome, DuplicateArticle):
            kinds["duplicate", outcome.kind] += 1
        else:
            kinds["rejected", outcome.reason] += 1
    assert kinds["clean", "new"] > 50
    assert len(titles) > 50
    for kind in ("recrawl", "exact", "near", "excerpt"):
        assert kinds["duplicate", kind] > 3, kinds
    for reason in ("no-article", "http-error", "unsupported-type"):
        assert kinds["rejected", reason] > 1, kinds
