"""Decode and extract under whatever hypothesis thinks of: `bench/fuzz.py` does it at full size."""

import base64
import contextlib
import dataclasses
import json
import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleanwire import Source
from cleanwire.clean import clean_event
from cleanwire.dedupe.records import CandidateRecord
from cleanwire.errors import REASONS, PageRejected
from cleanwire.events import TextBlock
from cleanwire.page.raw_page import parse_raw_page
from helpers.hostile_pages import KINDS, corpus, make
from helpers.hostile_pages.mutated import mutated
from helpers.hostile_pages.promises import broken
from streams.testing.samples import sample_pages

SOURCE = Source(topic="raw-pages", partition=0, offset=0)
STORY = (
    "<p>The old mill at the end of the valley turned again on Friday, four years after it stopped.</p>"
    * 3
)
SHORT = settings(max_examples=300, deadline=None)

PIECES = st.sampled_from(
    ["<p>", "</p>", "<div class='byline'>", "</div>", "<a rel='author' href='", "'>", "</a>", "<br>", "<h1>", "</h1>",
     "<table><tr><td>", "<td>", "</table>", "<script type='application/ld+json'>", '{"@type": "NewsArticle", "author": ',
     '"image": "https://a.example/\\ud800",', '[[{"@id": 1}', "}", "</script>", "<title>", "</title>", "<!--", "-->", "<pre>",
     "<meta property='og:title' content='", "<time datetime='", "<svg>", "<select><option>", "&amp;", "&#0;", "&#x110000;",
     "\x00", "\u200b", "\u202e", "\ufdfa", "\u0300\u0316", "\U000e0041", "2025-01-01T10:00:00+99:99", "By Ada Quill | ", "\n",
     "a \u2013b", "KYIV,NovaPulse ", STORY]
)  # fmt: skip
PAGES = st.lists(PIECES | st.text(max_size=20), max_size=40).map("".join)
TYPES = st.sampled_from(
    [None, "text/html", "text/plain", "text/html; charset=gbk", "application/xhtml+xml"]
)


def outcome(value, *, require_article=False):
    """The article, once its promises are checked, or the reason why there is none."""
    try:
        article = clean_event(value, max_page_bytes=1 << 20, require_article=require_article)
    except PageRejected as error:
        assert REASONS[error.reason] is type(error)
        assert "\n" not in error.detail
        return error.reason, error.detail
    assert broken(CandidateRecord(article=article, source=SOURCE, event_time=0.0)) == []
    return article


def event(body, content_type):
    fields = {
        "url": "https://a.example/1",
        "fetched_at": "2026-11-03T10:00:00Z",
        "content_type": content_type,
    }
    if isinstance(body, bytes):
        return json.dumps({**fields, "body_base64": base64.b64encode(body).decode()}).encode()
    return json.dumps({**fields, "body": body}).encode("utf-8", "surrogatepass")


@SHORT
@given(PAGES, TYPES)
def test_pages_of_pieces(body, content_type):
    value = event(body, content_type)
    assert outcome(value) == outcome(value)


@SHORT
@given(st.binary(max_size=400), TYPES, st.binary(max_size=200))
def test_bytes_around_a_story(before, content_type, after):
    outcome(event(before + STORY.encode() + after, content_type))


@SHORT
@given(st.binary(max_size=300))
def test_events_of_any_bytes(value):
    outcome(value)


@SHORT
@given(st.sampled_from(sorted(KINDS)), st.integers(0, 2**32), st.booleans())
def test_hostile_kinds_at_any_seed(kind, seed, require_article):
    item = make(kind, seed, 0)
    assert item == make(kind, seed, 0)
    outcome(item.value, require_article=require_article)


def bodies():
    for sample in sample_pages():
        with contextlib.suppress(PageRejected):
            body = parse_raw_page(sample.value).body
            yield body if isinstance(body, bytes) else body.encode()


REAL = list(bodies())


@SHORT
@given(st.integers(0, 2**32))
def test_mutated_pages(seed):
    outcome(mutated(random.Random(seed), REAL))


def test_a_corpus_has_every_kind_and_is_the_same_for_ever(monkeypatch):
    items = list(corpus(7, 10 * len(KINDS)))
    assert [item.kind for item in items] == [*KINDS] * 10
    assert len({item.value for item in items}) > 9.5 * len(KINDS)
    monkeypatch.setattr(time, "time", lambda: 2e9)
    for item in items:
        assert make(item.kind, item.seed, item.number).value == item.value, item.name
    assert make(items[0].kind, 8, 0).value != items[0].value


@pytest.mark.parametrize("change", [{"published_at": "2025-01-01T00:00:00+\u0661"}, {"title": "a\x00"}, {"image": "x"}, {"tags": ("a\nb",)},
                                    {"blocks": (TextBlock(kind="code", level=0, text="a\x1b"),)}, {"language": "EN"}])  # fmt: skip
def test_a_promise_that_is_broken_is_seen(change):
    article = outcome(event(STORY, "text/html"))
    spoiled = dataclasses.replace(article, **change)
    assert broken(CandidateRecord(article=spoiled, source=SOURCE, event_time=0.0))
