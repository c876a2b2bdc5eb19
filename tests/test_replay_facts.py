"""The header of a replay, and what is kept of a page while it is run again."""

import types

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.kafka.headers import REPLAY_OF, Original, original_of, replay_header
from streams.kafka.raw_records import raw_record
from streams.ops.page_facts import NONE, Facts, PageOutcome, Pages, read_outcome, url_of
from streams.ops.replay_effect import UNCHANGED, Effect, change

ONE, OTHER = "0" * 31 + "1", "f" * 32


def test_the_header_names_topic_partition_and_offset():
    original = Original("q83-_wEj", 3, 1234567890123)
    assert replay_header(original) == [(REPLAY_OF, b"q83-_wEj/3/1234567890123")]
    assert original_of([("x", b"y"), *replay_header(original)]) == original
    assert original_of(replay_header(Original("", 0, 0))) == Original("", 0, 0)
    assert original_of([(REPLAY_OF, b"a/1/1"), (REPLAY_OF, b"b/2/2")]) == Original("b", 2, 2)


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"a/b/c",
        b"a/1",
        b"a/1/2/3",
        b"a/-1/2",
        b"a/1/" + b"9" * 19,
        b"x" * 65 + b"/1/1",
        b"\xff/1/1",
        b"a/1/1\n",
    ],
)
def test_a_header_of_another_program_makes_no_replay(value):
    assert original_of([(REPLAY_OF, value)]) is None
    assert replay_header(original_of([(REPLAY_OF, value)])) == []


@given(st.binary(max_size=80))
def test_whatever_the_header_holds_it_is_read_or_left(value):
    found = original_of([(REPLAY_OF, value)])
    assert found is None or original_of(replay_header(found)) == found


def outcome(label="clean", *, article="", version=None, place=(0, 7), **more):
    original = Original("t", *place)
    source = original if version is None else Original("t", place[0], version)
    return PageOutcome(
        source=source, original=original, facts=Facts(label, article, **more), url=""
    )


def given_(*outcomes):
    pages = Pages()
    for one in outcomes:
        row = pages.add(one.original)
        pages.enter(row, one)
    return pages.facts(row)


def test_the_outcome_of_the_latest_replay_counts_whatever_is_read_first():
    first, second = (
        outcome("rejected no-article"),
        outcome("clean", article=ONE, version=20, text=5),
    )
    third = outcome("duplicate", article=ONE, version=30, text=9)
    for order in ((first, second, third), (third, first, second), (second, third, first)):
        assert given_(*order) == Facts("duplicate", ONE, 9)


def test_an_article_stays_known_when_its_page_is_rejected_later():
    was = outcome("clean", article=OTHER, is_published=True)
    now = outcome("rejected no-article", version=9)
    for order in ((was, now), (now, was)):
        assert given_(*order) == Facts("rejected no-article", OTHER, is_published=True)


def test_a_moments_rejection_does_not_count_beside_another_outcome():
    late, clean = outcome("rejected time-limit"), outcome("clean", article=ONE)
    assert given_(late, clean).label == given_(clean, late).label == "clean"


def test_pages_are_told_apart_by_topic_partition_and_offset():
    pages = Pages()
    places = [
        Original(topic, partition, offset)
        for topic in "ab"
        for partition in range(30)
        for offset in range(50)
    ]
    rows = [pages.add(place) for place in places]
    assert sorted(rows) == list(range(len(places)))
    assert [pages.find(place) for place in places] == rows
    assert pages.find(Original("c", 0, 0)) is None
    assert {pages.facts(row) for row in rows} == {Facts(NONE)}
    pages.note_sent(rows[5], 0, 0)
    assert pages.is_of_this_run(rows[5], Original("a", 0, 0))
    assert not pages.is_of_this_run(rows[5], Original("a", 0, 1))
    assert not pages.is_of_this_run(rows[6], Original("a", 0, 0))
    assert [pages.choose(rows[5]) for _ in range(2)] == [True, False]
    assert [pages.finish(rows[5]) for _ in range(2)] == [True, False]


def test_what_changed_is_named():
    clean = Facts("clean", ONE, 1, 2, 3)
    assert change(clean, clean) == UNCHANGED
    assert change(clean, clean._replace(text=9)) == "clean -> clean, text changed"
    assert change(clean, clean._replace(title=9)) == "clean -> clean, title changed"
    assert change(clean, clean._replace(rest=9)) == "clean -> clean, details changed"
    copy = Facts("duplicate", ONE, 1)
    assert change(copy, copy._replace(text=2)) == "duplicate -> duplicate, another original"
    assert change(Facts("rejected no-article"), clean) == "rejected no-article -> clean"
    assert change(Facts(), copy) == "no outcome -> duplicate"


def test_lists_are_short_and_counts_are_whole():
    effect = Effect()
    for number in range(100):
        now = outcome("rejected no-article", place=(0, number))
        effect.enter(now, Facts("clean", f"{number:032x}", is_published=True))
        # The next run finds the page rejected before, and its article is published all the same.
        effect.enter(now, Facts("rejected no-article", f"{number:032x}", is_published=True))
    assert effect.changes == {"clean -> rejected no-article": 100}
    assert effect.unchanged == 100
    assert len(effect.listed) == 20
    assert (len(effect.left), effect.left_count) == (20, 200)


def test_a_record_that_is_no_outcome_raises_one_of_three_errors():
    for value, headers in ((b"{", []), (b"[]", []), (b"{}", []), (orjson.dumps({"source": 1}), [])):
        record = types.SimpleNamespace(value=value, key=None, headers=headers)
        for kind in ("clean", "duplicate", "rejected"):
            with pytest.raises((KeyError, TypeError, ValueError)):
                read_outcome(kind, record)


def test_the_url_of_a_rejected_page_is_read_if_there_is_one():
    def url(value, key=None, unmarked="event"):
        return url_of(types.SimpleNamespace(value=value, key=key, headers=[]), unmarked)

    assert url(b'{"url": "https://a.example/"}') == "https://a.example/"
    assert url(b"<p>", b"https://a.example/", "html") == "https://a.example/"
    for value in (None, b"", b"[1]", b'{"url": 3}', b"\xff", b'{"url": "' + b"x" * 300_000 + b'"}'):
        assert url(value) == ""


def test_an_arrival_that_no_calendar_has_leaves_a_record_its_own_time():
    headers = [("cleanwire.source.timestamp", b"9" * 18)]
    assert raw_record(b"x", headers=headers, timestamp=5.0).timestamp == 5.0
