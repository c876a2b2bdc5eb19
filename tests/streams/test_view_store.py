"""The view's store: its answers, held against a naive model; its bounds; its words."""

import collections
import datetime as dt
import sqlite3

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cleanwire.dedupe.deduper import url_key_of
from helpers.opened_store import Opened
from helpers.view_records import NOW, TOPICS, Model, name_of, outcome
from streams.web.store import figures, queries, search
from streams.web.store.model import Filter, OutcomeRecord, Place, Tombstone
from streams.web.store.rows import url_key
from streams.web.store.words import match_expression

AGE = dt.timedelta(days=30)
DAY = 86_400_000


@pytest.fixture
def store(tmp_path):
    opened = Opened(tmp_path / "store")
    yield opened
    opened.connection.close()


def test_a_page_is_found_by_everything_it_is_known_by(store):
    one = outcome(
        1,
        "new",
        url="https://Gull.example/harbour/?b=2&a=1&utm_source=x",
        site="gull.example",
        title="Harbour opens",
        lead="The old quay of Grünhaven is open again.",
        words=120,
        revision=1,
        language="en",
        arrived=NOW - 999_500,
        published_at="2026-11-03",
    )
    store.enter(one, outcome(2, "no-article", detail="a list"))
    for wanted in (
        {"url": "https://gull.example/harbour/?a=1&b=2"},
        {"article": name_of(1)},
        {"source": Place(topic="raw-pages", partition=0, offset=1)},
        {"source": Place(topic="raw-pages", topic_id="r", partition=0, offset=1)},
        {"words": "harbour"},
        {"words": "grunhaven quay"},
        {"words": '"old quay"'},
        {"words": "harb*"},
        {"words": "gull"},
        {"site": "gull.example"},
        {"outcomes": frozenset({"clean"})},
        {"kinds": frozenset({"new"})},
        {"until": one.at + 1},
        {"words": "harbour", "site": "gull.example", "kinds": frozenset({"new"})},
    ):
        assert store.found(**wanted) == [one], wanted
    for wanted in (
        {"url": "https://gull.example/"},
        {"article": name_of(2)},
        {"article": "no id"},
        {"source": Place(topic="raw-pages", topic_id="other", partition=0, offset=1)},
        {"words": "harbour lighthouse"},
        {"words": '"quay old"'},
        {"words": "arbour"},
        {"words": "--- !!"},
        {"site": "other.example"},
        {"kinds": frozenset({"exact"})},
        {"outcomes": frozenset({"rejected"}), "kinds": frozenset({"new"})},
        {"since": one.at + 1, "until": one.at + 2},
        {"words": "harbour", "kinds": frozenset({"no-article"})},
    ):
        assert store.found(**wanted) == [], wanted
    assert search.count(store.connection, Filter()).number == 2


@pytest.mark.parametrize(
    ("title", "word"),
    [
        ("東京都は新しい橋を発表した", "新しい橋"),
        ("北京市政府宣布新的计划", "政府宣布"),
        ("서울시는 새로운 다리를 발표했다", "다리"),
        ("กรุงเทพมหานครเปิดสะพานใหม่", "สะพาน"),
        ("Москва открыла мост", "мост"),
        ("Der Flußübergang", "flußubergang"),
    ],
)
def test_words_of_every_script_are_found(store, title, word):
    store.enter(outcome(1, "new", title=title), outcome(2, "new", title="Harbour opens"))
    assert [record.title for record in store.found(words=word)] == [title]


@given(st.text(max_size=60) | st.text('"*^()-+:{}NEARANDOT \0\ud800', max_size=40))
@example('"')
@example("NEAR(a b)")
@example("title: a OR b")
@example("\ud800\0x")
def test_any_text_is_a_search(text):
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE words USING fts5 (title, tokenize='unicode61')")
    connection.execute("INSERT INTO words VALUES ('some words')")
    expression = match_expression(text)
    if expression is not None:
        connection.execute("SELECT * FROM words WHERE words MATCH ?", (expression,)).fetchall()
    connection.close()
    assert search.filter_of(text) is not None


def test_what_a_person_types_is_told_apart():
    assert search.filter_of(f" {name_of(7)} ") == Filter(article=name_of(7))
    assert search.filter_of("https://a.example/x") == Filter(url="https://a.example/x")
    assert search.filter_of("raw-pages:3:17") == Filter(
        source=Place(topic="raw-pages", partition=3, offset=17)
    )
    assert search.filter_of("harbour opens") == Filter(words="harbour opens")


def test_a_record_that_comes_again_is_entered_once_and_its_place_is_the_later(store):
    first = outcome(1, "new")
    again = outcome(
        1, "new", place=Place(topic=TOPICS["clean"], topic_id="t", partition=0, offset=9)
    )
    for _ in range(2):
        store.enter(first, again)
    (found,) = store.found()
    assert found.place.offset == 9
    (interval,) = queries.series(store.connection, first.at - 60_000, NOW, 60_000)
    assert [entry.count for entry in interval.counts] == [1]


def test_outcomes_of_one_millisecond_are_all_there_and_parts_join_without_a_gap(store):
    at = NOW - 5000
    store.enter(*(outcome(number, "new", at=at) for number in range(100)))
    keys, before = [], None
    while True:
        part = search.search(store.connection, Filter(), limit=7, before=before)
        keys += [one.key for one in part.items]
        before = part.following
        if before is None:
            break
    assert len(set(keys)) == 100
    assert keys == sorted(keys, reverse=True)
    assert all(one.record.at == at for one in search.search(store.connection, Filter()).items)


def test_offsets_are_stored_with_their_rows_and_lost_with_them(store):
    place = Place(topic="clean-articles", topic_id="t", partition=0, offset=5)
    store.writer.enter([outcome(1, "new")], [place])
    assert store.writer.positions() == {("clean-articles", "t", 0): 5}
    broken = outcome(2, "new", title=object())
    with pytest.raises(sqlite3.Error):
        store.writer.enter([outcome(3, "new"), broken], [])
    assert [record.source.offset for record in store.found()] == [1]
    # A number that was made up in the transaction that failed is not used again.
    store.enter(outcome(3, "new"))
    assert [record.site for record in store.found()] == ["s3.example", "s1.example"]


URLS = [f"https://s{number}.example/a" for number in range(5)]


@st.composite
def entries(draw):
    """Outcomes, redeliveries and takedowns that refer to one another, in any order."""
    made = []
    for number in range(draw(st.integers(1, 14))):
        at = NOW - 1000 * draw(st.integers(0, 5000)) - number
        fetched = at - 1000 * draw(st.integers(0, 5000))
        url = draw(st.sampled_from(URLS))
        others = st.integers(0, 13)
        kind = draw(
            st.sampled_from(
                ["new", "revision", "recrawl", "near", "http-error", "withdrawn", "tomb"]
            )
        )
        if kind == "tomb":
            made.append(Tombstone(article=name_of(draw(others)), at=at))
            continue
        more = {"at": at, "fetched": fetched}
        if kind in {"new", "revision", "recrawl", "near", "http-error"}:
            more |= {"url": url, "site": url[8:18], "title": f"t{number} word{number % 3}"}
        if kind in {"recrawl", "near"}:
            original = draw(others)
            # An article has one URL, whoever names it.
            more |= {"copy_of": name_of(original), "copy_of_url": None}
        if kind == "withdrawn":
            more |= {"article": name_of(draw(others))}
        made.append(outcome(number, kind, **more))
    urls = {
        one.article: one.url
        for one in made
        if isinstance(one, OutcomeRecord) and one.outcome != "rejected"
    }
    whole = [
        one
        if isinstance(one, Tombstone) or one.copy_of is None or one.copy_of not in urls
        else OutcomeRecord(
            **{name: getattr(one, name) for name in one.__slots__}
            | {"copy_of_url": urls[one.copy_of], "copy_of_site": urls[one.copy_of][8:18]}
        )
        for one in made
    ]
    again = draw(st.lists(st.sampled_from(whole), max_size=6))
    return draw(st.permutations(whole + again))


@pytest.mark.slow
@settings(max_examples=100)
@given(entries(), st.integers(1, 6), st.integers(0, 4_000_000))
def test_the_answers_are_those_of_a_naive_model(tmp_path_factory, made, batch, later):
    store = Opened(tmp_path_factory.mktemp("store"), age=dt.timedelta(seconds=4000))
    try:
        model = Model(4_000_000)
        for start in range(0, len(made), batch):
            store.enter(*made[start : start + batch])
            for entry in made[start : start + batch]:
                model.enter(entry)
        compare(store, model)
        store.now += later
        while store.writer.trim():
            pass
        model.expire(store.now)
        compare(store, model)
    finally:
        store.connection.close()


def compare(store, model):
    def by_time(records):
        return sorted(records, key=lambda record: (-record.at, record.source.offset))

    assert by_time(store.found()) == by_time(model.rows.values())
    for url in URLS:
        assert by_time(store.found(url=url)) == by_time(
            model.newest_first(lambda record, url=url: record.url == url)
        )
        found = queries.site(store.connection, url[8:18])
        of_site = [record for record in model.rows.values() if record.site == url[8:18]]
        assert (found is None) == (not of_site)
        if found is not None:
            assert found.counts.count == len(of_site)
            assert {(one.outcome, one.kind): one.count for one in found.counts.kinds} == dict(
                collections.Counter((record.outcome, record.kind) for record in of_site)
            )
            assert (found.first, found.last) == (
                min(record.at for record in of_site),
                max(record.at for record in of_site),
            )
    for number in range(3):
        assert by_time(store.found(words=f"word{number}")) == by_time(
            model.newest_first(lambda record, n=number: f"word{n}" in (record.title or ""))
        )
    for kind in ("new", "near", "http-error"):
        wanted = Filter(kinds=frozenset({kind}))
        count = search.count(store.connection, wanted)
        assert count.number == sum(record.kind == kind for record in model.rows.values())
    copied = collections.Counter(
        record.copy_of for record in model.rows.values() if record.kind == "near"
    )
    for article, number in copied.items():
        part = queries.copies(store.connection, article)
        assert len(part.items) == queries.count_copies(store.connection, article).number == number
    stories = queries.stories(store.connection, 0, 2 * NOW)
    assert {story.article: story.copies for story in stories} == dict(copied)
    assert all(sum(n for _, n in story.hours) == story.copies for story in stories)
    intervals = queries.series(store.connection, NOW - 2 * DAY, NOW + 1, 60_000)
    if store.now == NOW:
        counted = collections.Counter(
            (record.at - record.at % 60_000, record.kind) for record in model.counted
        )
        assert {
            (interval.start, one.kind): one.count
            for interval in intervals
            for one in interval.counts
        } == dict(counted)
    words = store.connection.execute("SELECT count(*) FROM words WHERE words MATCH 'a'").fetchone()
    assert words[0] == sum(record.url is not None for record in model.rows.values())


@given(
    st.from_regex(r"https?://[a-z0-9.-]{1,20}(/[A-Za-z0-9_.~-]{0,9}){0,4}", fullmatch=True),
)
@example("http://a.example/x//y")
@example("https://a.example/x/../y")
@example("https://a.example/x-y_z.html")
@example("https://a.example/x.html.html")
def test_the_short_way_to_a_url_key_gives_the_same_key(url):
    long_way = int.from_bytes(url_key_of(url, "")[:8], "big", signed=True)
    assert url_key(url) == long_way


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=200))
def test_a_quantile_is_within_five_percent(waits):
    histogram = collections.Counter(map(figures.bucket_of, waits))
    found = figures.quantiles(histogram)
    for value, share in ((found.p50, 0.5), (found.p95, 0.95), (found.p99, 0.99)):
        exact = sorted(waits)[max(0, -int(-share * len(waits) // 1) - 1)] / 1000
        assert value == pytest.approx(exact, rel=0.051)


def test_latencies_are_from_fetch_and_from_arrival(store):
    store.enter(
        *(outcome(n, "new", fetched=NOW - 60_000, arrived=NOW - 2000, at=NOW) for n in range(9)),
        outcome(9, "near", fetched=None, arrived=None, at=NOW),
        outcome(10, "near", fetched=NOW + 5, arrived=NOW + 5, at=NOW),
    )
    (interval,) = queries.series(store.connection, NOW - DAY, NOW + 1, 900_000)
    assert interval.fetch.count == interval.arrival.count == 9
    assert interval.fetch.p50 == pytest.approx(60, rel=0.05)
    assert interval.arrival.p99 == pytest.approx(2, rel=0.05)
    with pytest.raises(ValueError, match="no multiple of a minute"):
        queries.series(store.connection, 0, NOW, 1500)
