"""What the tables of a sink hold after articles, revisions, redeliveries and takedowns: on both databases."""

import dataclasses
import datetime as dt

import pytest
import sqlalchemy as sa

from helpers import schemas, sunk
from helpers.sunk import DUPLICATES, article, duplicate, id_of, record
from streams.consuming.follower import PartitionId
from streams.sink import kept_offsets
from streams.sink.tables import Tables

PLACES = [PartitionId(topic, "T", 0) for topic in (sunk.CLEAN, DUPLICATES)]


@pytest.fixture
def database(database_url):
    with sunk.opened(database_url) as found:
        found.run(
            lambda connection: kept_offsets.begin(
                connection, found.tables, dict.fromkeys(PLACES, 0)
            )
        )
        yield found


class Feed:
    """Hands batches to a sink's tables, with the offsets that follow."""

    def __init__(self, database):
        self.database = database
        self.at = dict.fromkeys((sunk.CLEAN, DUPLICATES), 0)

    def __call__(self, *events, topic=sunk.CLEAN, key=None):
        before = self.at[topic]
        records = [
            record(event, before + n, topic=topic, key=key) for n, event in enumerate(events)
        ]
        self.at[topic] += len(events)
        return sunk.enter(self.database, records, before, self.at[topic])


@pytest.fixture
def feed(database):
    return Feed(database)


def test_an_article_has_every_column(database, feed):
    event = schemas.example("clean-article") | {"robots": ["noindex"], "later": {"a": [1, None]}}
    feed(event)
    found = database.run(
        lambda connection: connection.execute(sa.select(database.tables.article)).mappings().one()
    )
    assert dict(found) | {"written_at": None} == {
        "id": event["id"],
        "url": event["url"],
        "canonical_url": event["canonical_url"],
        "site": "courier.example",
        "site_name": "The Harbour Courier",
        "title": event["title"],
        "authors": ["Ines Halloran"],
        "published_at": "2026-11-02T07:30:00Z",
        "published_date": dt.date(2026, 11, 2),
        "published_instant": dt.datetime(2026, 11, 2, 7, 30, tzinfo=dt.UTC),
        "modified_at": None,
        "modified_date": None,
        "modified_instant": None,
        "language": "en",
        "declared_language": "en",
        "text": event["text"],
        "word_count": 44,
        "image": event["image"],
        "section": "Islands",
        "tags": ["ferry", "Norhaven"],
        "paywalled": False,
        "robots": ["noindex"],
        "fetched_at": dt.datetime(2026, 11, 2, 8, 0, 5, tzinfo=dt.UTC),
        "revision": 1,
        "supersedes": None,
        "superseded_by": None,
        "cleaner": "cleanwire/0.1.0",
        "source_topic": "raw-pages",
        "source_partition": 2,
        "source_offset": 41,
        "extra": {"signature": event["signature"], "removed": event["removed"], "blocks": event["blocks"], "later": {"a": [1, None]}},
        "written_at": None,
    }  # fmt: skip


def test_times_are_what_the_page_told_and_no_more(database, feed):
    told = ["2026-11-02", "2026-11-02T23:30", "2026-11-02T23:30:00-05:00", "2026-02-31", None]
    feed(*(article(n, published_at=text) for n, text in enumerate(told)))
    table = database.tables.article.c
    found = database.run(
        lambda connection: connection.execute(
            sa.select(table.published_at, table.published_date, table.published_instant).order_by(
                table.id
            )
        ).all()
    )
    day = dt.date(2026, 11, 2)
    assert [tuple(row) for row in found] == [
        ("2026-11-02", day, None),
        ("2026-11-02T23:30", day, None),
        ("2026-11-02T23:30:00-05:00", day, dt.datetime(2026, 11, 3, 4, 30, tzinfo=dt.UTC)),
        ("2026-02-31", None, None),
        (None, None, None),
    ]


def test_an_event_without_what_a_setting_splits_off_is_entered(database, feed):
    event = article(1)
    for name in ("signature", "blocks", "removed", "tags", "authors", "declared_language"):
        del event[name]
    assert feed(event) == []
    assert sunk.rows(database, "article", "id") == [(id_of(1),)]


def test_a_redelivery_changes_nothing_not_even_when_a_row_was_written(database, feed):
    feed(article(1), article(1), article(2))
    feed(duplicate(3, 1), topic=DUPLICATES)
    before = (
        sunk.rows(database, "article", "id", "written_at"),
        sunk.rows(database, "duplicate", "id", "written_at"),
    )
    feed(article(2), article(1))
    feed(duplicate(3, 1), duplicate(3, 1), topic=DUPLICATES)
    assert (
        sunk.rows(database, "article", "id", "written_at"),
        sunk.rows(database, "duplicate", "id", "written_at"),
    ) == before


def test_a_later_record_of_an_id_replaces_the_row(database, feed):
    feed(article(1, title="one"), article(1, title="two"))
    assert sunk.rows(database, "article", "title") == [("two",)]
    feed(article(1, title="three"))
    assert sunk.rows(database, "article", "title") == [("three",)]


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 3, 1)])
@pytest.mark.parametrize("together", [True, False])
def test_of_revisions_the_newest_is_current_in_whatever_order_they_come(
    database, feed, order, together
):
    chain = {
        1: article(1),
        2: article(2, revision=2, supersedes=id_of(1)),
        3: article(3, revision=3, supersedes=id_of(2)),
    }
    for batch in [order] if together else [(one,) for one in order]:
        feed(*(chain[number] for number in batch))
    assert sunk.rows(database, "article", "id", "superseded_by") == [
        (id_of(1), id_of(2)), (id_of(2), id_of(3)), (id_of(3), None),
    ]  # fmt: skip
    assert sunk.rows(database, "current_article", "id") == [(id_of(3),)]


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("again", [{}, {"supersedes": None, "revision": 1}])
def test_an_article_that_is_replayed_after_its_successor_is_not_current(
    database, feed, again, together
):
    earlier, later = article(1), article(2, revision=2, supersedes=id_of(1))
    replayed = [later | again | {"title": "mended"}, earlier | {"title": "mended"}]
    for batch in (
        [[earlier, later, *replayed]]
        if together
        else [[earlier], [later], *([one] for one in replayed)]
    ):
        feed(*batch)
    assert sunk.rows(database, "article", "id", "title", "superseded_by") == [
        (id_of(1), "mended", id_of(2)), (id_of(2), "mended", None),
    ]  # fmt: skip
    # Its takedown knows what it superseded, too.
    feed(2, earlier)
    assert sunk.rows(database, "current_article", "id") == []


@pytest.mark.parametrize("first", [True, False])
def test_a_duplicate_that_a_replay_publishes_is_an_article_only(database, feed, first):
    if first:
        feed(article(2))
    feed(duplicate(2, 1), duplicate(3, 1), topic=DUPLICATES)
    feed(article(2))
    feed(duplicate(2, 1), topic=DUPLICATES)
    assert sunk.rows(database, "article", "id") == [(id_of(2),)]
    assert sunk.rows(database, "duplicate", "id") == [(id_of(3),)]


@pytest.mark.parametrize("first", [True, False])
def test_a_takedown_leaves_nothing_and_nothing_comes_back(database, feed, first):
    if first:
        feed(1)
    feed(
        article(1),
        article(2),
        article(3, revision=2, supersedes=id_of(1)),
    )
    feed(b"{}", key=id_of(1).encode())
    feed(
        duplicate(4, 1, title="Its headline", more="Its lead"),
        duplicate(5, 1, kind="recrawl", url="https://s.example/1"),
        duplicate(6, 2, title="Another"),
        duplicate(7, 1, title=None, duplicate_of_url=None, more="Its lead"),
        topic=DUPLICATES,
    )
    if not first:
        feed(1)
    feed(article(1), 1, article(1, title="again"))
    assert sunk.rows(database, "article", "id") == [(id_of(2),), (id_of(3),)]
    assert sunk.rows(database, "takedown", "id") == [(id_of(1),)]
    assert sunk.rows(database, "dead_letter", "record_offset") == []
    assert sunk.rows(database, "duplicate", "id", "title", "duplicate_of_url") == [
        (id_of(4), None, None),
        (id_of(6), "Another", "https://s.example/2"),
        (id_of(7), None, None),
    ]
    assert "Its lead" not in str(sunk.rows(database, "duplicate", "extra"))


@pytest.mark.parametrize("order", ["abt", "atb", "tab", "tba", "bta", "bat"])
def test_an_earlier_text_stays_superseded_when_the_later_is_taken_down(database, feed, order):
    steps = {"a": article(1), "b": article(2, revision=2, supersedes=id_of(1)), "t": 2}
    for step in order:
        feed(steps[step])
    assert sunk.rows(database, "article", "id", "superseded_by") == [(id_of(1), id_of(2))]
    assert sunk.rows(database, "current_article", "id") == []


def test_what_is_no_event_is_a_dead_letter_byte_for_byte(database, feed):
    bad = [
        b"",
        b"\xff\x00",
        b"[1]",
        article(1) | {"url": 5},
        article(2) | {"text": ""},
        article(3) | {"id": "x"},
    ]
    feed(article(9), *bad, article(8), key=None)
    feed(article(4), key=b"another")
    assert sunk.rows(database, "article", "id") == [(id_of(8),), (id_of(9),)]
    found = sunk.rows(database, "dead_letter", "record_offset", "reason", "value")
    assert [row[1] for row in found] == [
        "the value is no JSON", "the value is no JSON", "the value is no JSON object",
        "url is no text", "text is missing", "id is no article's id", "the record's key is not the article's id",
    ]  # fmt: skip
    assert bytes(found[1][2]) == b"\xff\x00"
    assert sunk.rows(database, "kafka_offset", "topic", "next_offset")[0] == (sunk.CLEAN, 9)


@pytest.mark.parametrize("at", [-1, 1_760_000_000_000_000, (1 << 63) - 1])
def test_a_record_with_an_impossible_timestamp_is_entered(database, at):
    made = [record(article(1), 0), record(1, 1), record(b"no event", 2, key=b"x")]
    records = [dataclasses.replace(one, at=at) for one in made]
    assert sunk.enter(database, records, 0, 3) == []
    assert sunk.rows(database, "takedown", "id") == [(id_of(1),)]
    assert sunk.rows(database, "dead_letter", "record_offset") == [(2,)]


def test_the_tables_are_as_the_statements_take_them(database):
    tables = Tables()
    with database._engine.connect() as connection:
        known = sa.inspect(connection)
        for table in tables.all.sorted_tables:
            made = {column["name"]: column["nullable"] for column in known.get_columns(table.name)}
            assert made == {column.name: column.nullable for column in table.columns}, table.name
            keys = known.get_pk_constraint(table.name)["constrained_columns"]
            assert keys == [column.name for column in table.primary_key], table.name
