"""Bounds of the view's store, and takedowns: what has to go is gone, to the last byte."""

import datetime as dt
import random

import pytest

from helpers.opened_store import Opened
from helpers.view_records import NOW, name_of, outcome
from streams.web.store import search
from streams.web.store.model import Filter, Place, Tombstone
from streams.web.store.schema import SLOTS

AGE = dt.timedelta(days=30)
DAY = 86_400_000


@pytest.fixture
def store(tmp_path):
    opened = Opened(tmp_path / "store")
    yield opened
    opened.connection.close()


@pytest.mark.slow
def test_the_store_stays_below_its_bytes_and_keeps_the_newest(tmp_path, monkeypatch):
    # A quarter of the smallest bound that the settings allow, so the rest is a quarter too.
    monkeypatch.setattr("streams.web.store.bounds.LOG_PAGES", 250)
    monkeypatch.setattr("streams.web.store.bounds.LOG_BYTES", 2 << 20)
    monkeypatch.setattr("streams.web.store.bounds.LOG_ROOM", 4 << 20)
    monkeypatch.setattr("streams.web.store.bounds.STEP_ROWS", 50)
    bound, many = 16 << 20, 20_000
    store = Opened(tmp_path / "store", most_bytes=bound)
    draw = random.Random(3)
    largest = 0
    for start in range(0, many, 50):
        store.enter(
            *(
                outcome(
                    number,
                    "new",
                    at=NOW - many + number,
                    lead=" ".join(f"{draw.getrandbits(40):x}" for _ in range(20)),
                )
                for number in range(start, start + 50)
            )
        )
        store.writer.trim()
        largest = max(largest, sum(path.stat().st_size for path in store.folder.iterdir()))
    (rows,) = store.connection.execute("SELECT count(*) FROM outcome").fetchone()
    assert largest < bound
    assert 2000 < rows < many - 1000
    assert store.found()[0].source.offset == many - 1
    assert not store.found(source=Place(topic="raw-pages", partition=0, offset=0))
    store.connection.close()
    # A bound that was lowered is kept too.
    smaller = Opened(tmp_path / "store", most_bytes=bound // 2)
    while smaller.writer.trim():
        pass
    smaller.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    assert sum(path.stat().st_size for path in smaller.folder.iterdir()) < bound // 2
    assert smaller.found()[0].source.offset == many - 1
    smaller.connection.close()


def test_a_takedown_leaves_no_byte_of_the_article(store):
    secret = outcome(
        1,
        "new",
        title="Quokkazilla abducted",
        lead="Zyxwvutsrqponian wombatgate unfolds.",
        url="https://secretsite.example/quokkaslug",
        site="secretsite.example",
    )
    copy = outcome(
        2,
        "near",
        copy_of=name_of(1),
        copy_of_url=secret.url,
        copy_of_site=secret.site,
        similarity=0.9,
    )
    recrawl = outcome(3, "recrawl", copy_of=name_of(1), copy_of_url=secret.url, url=secret.url)
    gone = outcome(4, "http-error", url=secret.url, site=secret.site)
    fill = [
        outcome(number, "new", title=f"Harbour {number}", lead="Opens.")
        for number in range(10, 3000)
    ]
    marks = [b"quokka", b"zyxwv", b"wombatgate", b"secretsite"]
    for start in range(0, len(fill), 100):
        store.enter(*fill[start : start + 100])
        if start == 1000:
            store.enter(secret, copy, recrawl, gone)
    held = store.bytes().lower()
    assert all(mark in held for mark in marks)
    store.enter(Tombstone(article=name_of(1), at=NOW))
    (left,) = store.found(article=name_of(2))
    assert (left.copy_of, left.copy_of_url, left.copy_of_site) == (name_of(1), None, None)
    assert store.found(url=secret.url) == []
    assert store.found(words="quokkazilla") == []
    assert store.writer.purge()
    held = store.bytes().lower()
    assert [mark for mark in marks if mark in held] == []
    # The terms of the index are prefix-compressed on disk, so they are asked for as well.
    store.connection.execute("CREATE VIRTUAL TABLE temp.terms USING fts5vocab(main, words, row)")
    terms = {term for (term,) in store.connection.execute("SELECT term FROM temp.terms")}
    assert "harbour" in terms
    assert not {"quokkazilla", "abducted", "wombatgate", "quokkaslug", "secretsite"} & terms
    # What is read again, or came late, is not let in.
    store.enter(secret, recrawl, gone)
    assert store.found(url=secret.url) == []
    # The same URL, fetched later, is another page.
    later = outcome(5000, "new", url=secret.url, fetched=NOW - 10, at=NOW - 5)
    store.enter(later)
    assert store.found(url=secret.url) == [later]


def test_a_takedown_that_was_interrupted_is_finished_by_the_next_process(tmp_path):
    store = Opened(tmp_path / "store")
    store.enter(outcome(1, "new", title="Quokkazilla abducted"), outcome(2, "new", title="Harbour"))
    store.enter(Tombstone(article=name_of(1), at=NOW))
    store.connection.close()
    again = Opened(tmp_path / "store")
    assert again.writer.purge()
    assert b"quokkazilla" not in again.bytes().lower()
    assert not again.writer.purge()
    again.connection.close()


def test_the_words_of_what_expired_before_its_takedown_go_too(store):
    store.enter(outcome(1, "new", title="Quokkazilla abducted"))
    store.enter(*(outcome(number, "new", at=NOW + 0, title="Harbour") for number in range(10, 90)))
    store.now = NOW + round(1000 * AGE.total_seconds()) - 500_000
    while store.writer.trim():
        pass
    assert store.found(article=name_of(1)) == []
    store.enter(Tombstone(article=name_of(1), at=store.now))
    assert store.writer.purge()
    assert b"quokkazilla" not in store.bytes().lower()


def test_keys_are_in_the_order_of_time(store):
    draw = random.Random(5)
    numbers = list(range(300))
    draw.shuffle(numbers)
    store.enter(*(outcome(number, "new") for number in numbers))
    found = search.search(store.connection, Filter(), limit=500).items
    assert [one.record.source.offset for one in found] == sorted(numbers, reverse=True)
    assert all(one.key // SLOTS == one.record.at for one in found)


def test_a_site_that_lost_its_rows_to_a_late_takedown_has_a_name_again(store):
    url = {"url": "https://s1.example/a", "site": "s1.example"}
    store.enter(outcome(1, "withdrawn", article=name_of(3)))
    store.enter(outcome(2, "new", **url, fetched=NOW - 9000))
    # Its own record tells the URL of the withdrawn article, and takes the earlier row along.
    store.enter(outcome(3, "new", **url, fetched=NOW - 8000))
    store.enter(outcome(4, "new", **url, fetched=NOW - 7000))
    assert [one.site for one in store.found(url=url["url"])] == ["s1.example"]


def test_a_site_that_lost_its_rows_to_expiry_has_a_name_again(store):
    url = {"url": "https://s1.example/a", "site": "s1.example"}
    store.enter(outcome(1, "new", **url, at=NOW - 1000))
    store.now = NOW + 1000 * round(AGE.total_seconds())
    while store.writer.trim():
        pass
    assert store.found(url=url["url"]) == []
    store.enter(outcome(2, "new", **url, at=store.now))
    assert [one.site for one in store.found(url=url["url"])] == ["s1.example"]
