"""What the web view makes of records, without a bus."""

import asyncio
import dataclasses
import re
import string
from html.parser import HTMLParser
from types import SimpleNamespace

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from streams.kafka.outcome_topics import OTHER
from streams.settings import Settings
from streams.web.metrics import exposition, registry
from streams.web.pages.overview import Overview, overview
from streams.web.probes import Stages
from streams.web.reading.backlog import Backlog
from streams.web.reading.outcomes import seen
from streams.web.reading.owners import Owners
from streams.web.reading.readings import Readings
from streams.web.reading.state import HISTORY_SECONDS, LATEST, Lag, OutcomeView, State
from streams.web.reading.tailer import Tailer
from streams.web.reading.workers import Workers
from streams.web.store.record import MAX_PAGE

NOW = 1_800_000_000.0
CLEAN = {
    "url": "https://gull.example/harbour",
    "site": "gull.example",
    "title": "Harbour opens",
    "language": "en",
    "word_count": 1234,
    "revision": 1,
}
COPY = {
    "url": "https://farm.example/n/1",
    "kind": "near",
    "similarity": 0.913,
    "duplicate_of_url": "https://gull.example/harbour",
}
WHY = [
    ("cleanwire.reason", b"http-error"),
    ("cleanwire.detail", b"status 404"),
    ("cleanwire.source.topic", b"raw-pages"),
    ("cleanwire.source.partition", b"2"),
    ("cleanwire.source.offset", b"17"),
]


def entry(**more):
    return OutcomeView(**{"at": NOW, "outcome": "clean", "kind": "new", "title": "T"} | more)


def state(*entries, now=NOW):
    known = State(NOW - 60)
    for one in entries:
        known.enter(one, now)
    return known


def shown(known, waiting=None, **more):
    """The overview of what is known."""
    page = Overview(state=known, backlog=Backlog(), waiting=waiting or {})
    return overview(page, NOW, **more)


class Tags(HTMLParser):
    """The elements and the text of a page."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.words = [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, tuple(name for name, _ in attrs)))

    def handle_data(self, data):
        self.words.append(data)


def test_a_clean_article_is_read():
    assert seen("clean", orjson.dumps(CLEAN), [], NOW) == entry(
        title="Harbour opens",
        url=CLEAN["url"],
        site="gull.example",
        detail="1,234 words, en",
    )
    assert seen("clean", orjson.dumps(CLEAN | {"revision": 2}), [], NOW).kind == "revision"
    untitled = seen("clean", orjson.dumps(CLEAN | {"title": None}), [], NOW)
    assert untitled.title == CLEAN["url"]


def test_a_duplicate_is_read():
    found = seen("duplicate", orjson.dumps(COPY), [], NOW)
    assert (found.kind, found.similarity, found.copy_of) == ("near", 0.913, CLEAN["url"])
    assert found.site == "farm.example"
    assert seen("duplicate", orjson.dumps(COPY | {"kind": "odd"}), [], NOW).kind == OTHER


def test_a_rejected_page_is_read_whatever_it_is():
    page = orjson.dumps({"url": "https://gull.example/x", "body": "b"})
    found = seen("rejected", page, WHY, NOW)
    assert (found.kind, found.title, found.detail) == (
        "http-error",
        "https://gull.example/x",
        "status 404",
    )
    for value in (None, b"", b"\xff\xfe", b"[" * 100_000, b'{"url": 7}', b" " * (MAX_PAGE + 1)):
        assert seen("rejected", value, WHY, NOW).title == "raw page 2:17"
    # Headers of the original come first and may be anything; ours are the last of a name.
    original = [("cleanwire.reason", b"clean"), ("cleanwire.x", b"\xff"), ("other", b"\xff")]
    assert seen("rejected", None, original + WHY, NOW).kind == "http-error"


@pytest.mark.slow
@pytest.mark.parametrize("outcome", ["clean", "duplicate", "rejected"])
@given(
    event=st.recursive(
        st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.dictionaries(st.sampled_from([*CLEAN, *COPY]) | st.text(), inner),
        max_leaves=12,
    ),
    headers=st.lists(st.tuples(st.sampled_from([name for name, _ in WHY]), st.binary())),
)
def test_a_foreign_record_is_refused_or_can_be_shown(outcome, event, headers):
    known = state()
    try:
        known.enter(seen(outcome, orjson.dumps(event), headers, NOW), NOW)
    except ValueError:
        return
    assert "Latest outcomes" in shown(known)


def test_outcomes_are_counted_by_kind():
    known = state(entry(), entry(kind="revision"), entry(outcome="rejected", kind="not-json"))
    assert known.total("clean") == 2
    assert known.counts["rejected", "not-json"] == 1
    known.enter(entry(), NOW, earlier=True)
    assert (known.total("clean"), known.read_back) == (3, 1)


def test_what_is_taken_down_leaves_the_latest_at_once():
    known = state(
        entry(title="gone", article="a" * 32),
        entry(
            outcome="duplicate",
            kind="near",
            title="copy",
            article="b" * 32,
            original="a" * 32,
            copy_of="https://gone.example/",
        ),
        entry(title="stays", article="c" * 32),
    )
    known.withdraw("a" * 32)
    assert {seen.title for seen in known.latest} == {"copy", "stays"}
    assert all(seen.copy_of is None for seen in known.latest)
    assert "gone" not in shown(known)


@given(st.lists(st.floats(-1e12, 1e12), max_size=120))
def test_the_latest_are_in_order_and_bounded(times):
    known = state(*(entry(at=at) for at in times))
    shown = [one.at for one in known.latest]
    assert shown == sorted((min(max(at, 0.0), NOW) for at in times), reverse=True)[:LATEST]


def test_rates_are_of_the_records_times():
    known = state(*(entry(at=NOW - 30) for _ in range(120)), entry(at=NOW - 600), entry(at=0))
    assert known.rate(NOW) == 2
    assert known.rate(NOW + 61) == 0
    assert sum(known.history(NOW)) * 15 == 121
    # A record from the future counts now, and pushes nothing out.
    known.enter(entry(at=NOW * 100), NOW)
    assert sum(known.history(NOW + 1)) * 15 == 122


def test_old_seconds_are_forgotten():
    known = state()
    for second in range(5 * HISTORY_SECONDS):
        known.enter(entry(at=NOW + second), NOW + second)
    assert len(known._seconds) <= 2 * HISTORY_SECONDS + 1


def test_stale_since_the_last_answer():
    known = state()
    assert known.stale().since is None
    known.was_read("outcomes", NOW)
    known.was_read("lag", NOW + 5)
    assert known.stale() is None
    assert known.failed("lag", "TimeoutError") is True
    assert known.failed("lag", "TimeoutError") is False
    assert (known.stale().since, known.stale().why) == (NOW + 5, "TimeoutError")
    assert "Kafka cannot be read: TimeoutError." in shown(known)
    known.was_read("lag", NOW + 9)
    assert known.stale() is None


@pytest.mark.parametrize("member", ["title", "url", "site", "detail", "copy_of"])
@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "'\"><img src=x onerror=alert(1)>",
        "</td></table><h1>",
        "&lt;b&gt;",
    ],
)
def test_what_pages_say_stays_text(member, hostile):
    one = entry(**{"copy_of": "c", "url": "u", "site": "s"} | {member: hostile})
    plain = Tags(shown(state(dataclasses.replace(one, **{member: "plain"}))))
    page = Tags(shown(state(one)))
    assert page.tags == plain.tags
    assert hostile in page.words


HOSTILE = st.lists(
    st.sampled_from(
        ["<script>alert(1)</script>", "</title>", "</bdi>", "<!--", "-->", "<svg onload=x>", "'", '"',
         "`", "&#60;b&#62;", "&lt;", "<", ">", "=", "\x00", "\x1b[31m", "\r\n", "\x85", "\u2028", "\u202e",
         "\u2066", "\ufeff", "\ufdd0", "\U000e0041", "javascript:alert(1)", " onload=alert(1) ", "é"]
    )
    | st.text(max_size=8),
    max_size=8,
).map("".join)  # fmt: skip


def elements(html):
    """Every element with its attributes, and all text, as a browser would make them."""
    tree = LexborHTMLParser(html)
    return [(node.tag, node.attributes) for node in tree.css("*")], tree.root.text(deep=True)


def records(*texts):
    """A record of each outcome with these texts in it; none is empty, so the page has one shape."""
    title, url, site, language, other, reason, detail, source = texts
    clean = CLEAN | {
        "title": f"t{title}",
        "url": f"https://e.example/{url}",
        "site": f"s{site}",
        "language": language,
    }
    copy = COPY | {
        "url": f"https://e.example/{url}",
        "kind": reason,
        "duplicate_of_url": f"o{other}",
    }
    headers = [
        ("cleanwire.reason", reason.encode()),
        ("cleanwire.detail", f"d{detail}".encode()),
        ("cleanwire.source.partition", source.encode()),
        ("cleanwire.source.offset", source.encode()),
    ]
    yield "clean", clean | {"author": title, "blocks": [title], "text": title}, []
    yield "duplicate", copy, []
    yield "rejected", {"url": f"https://e.example/{url}", "body": title}, headers
    yield "rejected", {"url": 7}, headers


@pytest.mark.slow
@given(st.tuples(*[HOSTILE] * 8))
def test_nothing_that_a_record_says_becomes_an_element_or_an_attribute(texts):
    pages = []
    for said in (texts, ("plain",) * 8):
        known = state()
        known.was_read("outcomes", NOW)
        known.was_read("lag", NOW)
        for outcome, event, headers in records(*said):
            known.enter(seen(outcome, orjson.dumps(event), headers, NOW), NOW)
        pages.append(elements(shown(known)))
    (hostile, text), (plain, _) = pages
    assert hostile == plain
    assert all(sign.isprintable() for sign in text.replace("\n", ""))


@given(st.text(string.printable + "\u202e\x00\x1b<>&'\"", max_size=40))
def test_no_title_adds_an_element(title):
    page = Tags(shown(state(entry(title=title))))
    assert page.tags == Tags(shown(state(entry(title="t")))).tags
    assert all(sign.isprintable() for word in page.words for sign in word.replace("\n", ""))


def test_the_page_says_what_is_missing_and_how_far_behind():
    known = state()
    known.lags = [
        Lag(group="g", topic="raw-pages", partition=0, records=1500),
        Lag(group="g", topic="raw-pages", partition=1, records=7, committed=False),
    ]
    page = " ".join(shown(known, {"extract": "", "dedupe": "a rebalance is going on"}).split())
    assert "<b>Not ready.</b> Dedupe: a rebalance is going on." in page
    assert '<b>1,507</b> <span class="dim">records wait' in page
    assert "nothing committed" in page
    assert 'http-equiv="refresh"' in page
    assert 'http-equiv="refresh"' not in shown(known, live=False)


def app(**more):
    base = {
        "conf": SimpleNamespace(id="p.cleanwire-extract"),
        "crashed": False,
        "started": True,
        "rebalancing": False,
        "rebalancing_count": 1,
        "in_recovery": False,
        "tables": SimpleNamespace(actives_ready=True, values=list),
        "consumer": SimpleNamespace(unacked={1, 2, 3}),
    }
    return SimpleNamespace(**base | more)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({}, ""),
        ({"crashed": True}, "crashed"),
        ({"started": False}, "not started"),
        ({"rebalancing_count": 0}, "no partitions"),
        ({"rebalancing": True}, "rebalance"),
        ({"rebalancing": True, "in_recovery": True}, "changelog"),
        ({"tables": SimpleNamespace(actives_ready=False, values=list)}, "changelog"),
    ],
)
def test_a_stage_is_ready_or_says_what_it_waits_for(more, why):
    missing = Stages([app(**more)], Settings(topic_prefix="p.")).missing()
    assert list(missing) == ["extract"]
    assert why in missing["extract"]
    assert bool(missing["extract"]) == bool(why)


def test_the_metrics_are_in_prometheus_text_format():
    known = state(entry(), entry(outcome="rejected", kind="no-article"))
    known.lags = [Lag(group="g", topic="raw-pages", partition=3, records=9, unread=7, oldest=1.0)]
    stages = Stages([app()], Settings(topic_prefix="p."))
    text = exposition(registry(known, stages)).decode()
    lines = text.splitlines()
    # What is on the topics is no count of this worker.
    assert "cleanwire_outcomes" not in text
    assert "cleanwire_pages_total" not in text
    assert re.search(r'cleanwire_lag_seconds\{group="g",partition="3",topic="raw-pages"\} \d', text)
    assert 'cleanwire_lag{group="g",partition="3",topic="raw-pages"} 9.0' in lines
    assert 'cleanwire_unread_records{group="g",partition="3",topic="raw-pages"} 7.0' in lines
    assert 'cleanwire_in_flight{stage="extract"} 3.0' in lines
    names = {line.split("{")[0].split(" ")[0] for line in lines if not line.startswith("#")}
    for name in names:
        assert f"# TYPE {name} " in text
        assert f"# HELP {name} " in text
    # A process without the stage that remembers has no index to speak of.
    assert "cleanwire_index_articles" not in text


@pytest.mark.parametrize("fault", [asyncio.CancelledError, OSError, KeyError])
def test_no_fault_ends_the_following_but_being_stopped_does(monkeypatch, fault):
    monkeypatch.setattr("streams.web.reading.tailer.RETRY_SECONDS", 0)
    known = state()
    settings = Settings()
    owners = Owners({}, 30.0)
    tailer = Tailer(
        settings,
        Readings(state=known, backlog=Backlog(), workers=Workers(settings), owners=owners),
    )
    faults = []

    async def work():
        if len(faults) < 3:
            faults.append(known.stale().why)
            raise fault
        await asyncio.Event().wait()

    async def run():
        task = asyncio.create_task(tailer._retry("outcomes", work))
        await asyncio.sleep(0.05)
        assert not task.done()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
    assert len(faults) == 3
    assert faults[1] == known.stale().why
