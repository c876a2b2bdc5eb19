"""Takedowns on a real broker: tombstone, memory, deny list, replays, copies, account."""

import sqlite3
from types import SimpleNamespace

import orjson
import pytest

from cleanwire.dedupe.denylist import Denial, is_key
from cleanwire.dedupe.records import pack_record, unpack_record
from cleanwire.dedupe.shard_record import Record
from cleanwire.similarity.key_table import hash_of
from helpers.harness import (
    Worker,
    added,
    cleanwire,
    outcomes,
    page,
    publish,
    records,
    wait_for_outcomes,
)
from streams.kafka import layout
from streams.kafka.headers import PREFIX, TAKEDOWN
from streams.kafka.topics import changelog, ensure_topics
from streams.ops.audit import audit
from streams.ops.reshard import _DENIALS, _TABLES, _enter, reshard
from streams.testing.samples.stories import BRIDGE

pytestmark = pytest.mark.broker

STORY = " ".join(BRIDGE.paragraphs)
A, B, C = "https://a.example/x", "https://b.example/x", "https://c.example/x"


def sighting(url, hour):
    return page(1, text=STORY, url=url, at=f"2026-11-03T{hour:02}:00:00Z")


def only(found, offset):
    ((name, event),) = found[0, offset]
    return name, event


@pytest.mark.parametrize(("shards", "by"), [(1, "id"), (3, "url")])
def test_what_is_taken_down_is_gone_and_the_next_sighting_is_published(bare_settings, shards, by):
    settings = bare_settings.model_copy(update={"dedupe_shards": shards})
    ensure_topics(settings)
    first = sighting(A, 10)
    with Worker(settings) as worker:
        publish(settings, [page(7), first, sighting(B, 11)], partition=0)
        found = wait_for_outcomes(settings, 3)
        _, original = only(found, 1)
        assert only(found, 2)[1]["duplicate_of"] == original["id"]
        done = cleanwire(settings, "takedown", A + "#top" if by == "url" else original["id"])
        assert done.returncode == 0, done.stderr
        assert f"{original['id']} {A}" in done.stdout.decode()
        # A replay, a copy, and the page itself as it is fetched later.
        publish(settings, [first, sighting(C, 12), sighting(A, 13)], partition=0)
        found = wait_for_outcomes(settings, 6)
        assert worker.stop() == 0
    name, replay = only(found, 3)
    assert (name, replay["reason"], replay["article"]) == (
        "rejected",
        "withdrawn",
        original["id"],
    )
    (letter,) = [r for r in records(settings, settings.topics.rejected) if r.value is None]
    assert {name for name, _ in letter.headers} == {PREFIX + name for name in replay}
    name, copy = only(found, 4)
    assert (name, copy["revision"], copy["supersedes"]) == ("clean", 1, None)
    name, recrawl = only(found, 5)
    assert (name, recrawl["kind"], recrawl["duplicate_of"]) == ("duplicate", "exact", copy["id"])
    key = original["id"].encode()
    latest = {r.key: r.value for r in records(settings, settings.topics.clean)}
    assert latest[key] is None
    memory = {
        (r.partition, r.key.decode()): r.value for r in records(settings, changelog(settings))
    }
    assert all(value is None for (_, name), value in memory.items() if name == original["id"])
    assert {n for (n, name), value in memory.items() if is_key(name) and value} == {shards - 1}
    report, unreadable = audit(settings)
    assert report.holds, report
    assert not unreadable
    assert report.withdrawn == 1

    # Everything again, in a worker that reads its memory back, in another layout.
    moved = settings.model_copy(update={"dedupe_shards": 4 - shards})
    assert reshard(moved) is not None
    layout.require(moved)
    with Worker(moved):
        publish(moved, [first, sighting(A, 10 if by == "id" else 11)], partition=0)
        found = wait_for_outcomes(moved, 8)
    assert only(found, 6)[1]["reason"] == "withdrawn"
    assert only(found, 7)[1].get("reason") == "withdrawn" or by == "url"
    assert audit(moved)[0].holds


def test_candidates_delivered_again_after_a_takedown_bring_nothing_back(settings):
    with Worker(settings):
        publish(settings, [sighting(A, 10), sighting(B, 11), sighting(A, 12)], partition=0)
        found = wait_for_outcomes(settings, 3)
        original = only(found, 0)[1]["id"]
        assert cleanwire(settings, "takedown", A).returncode == 0
        publish(settings, [sighting(C, 13)], partition=0)
        wait_for_outcomes(settings, 4)
        for record in records(settings, settings.topics.candidates):
            publish(
                settings,
                [record.value],
                topic=settings.topics.candidates,
                partition=0,
                key=record.key,
                headers=record.headers,
            )
        publish(settings, [page(5)], partition=0)
        found = wait_for_outcomes(settings, 5)
    latest = {}
    for record in records(settings, settings.topics.clean):
        latest[record.key.decode()] = record.value
    assert latest[original] is None
    assert sum(value is not None for value in latest.values()) == 2
    assert [name for name, _ in found[0, 0]] == ["clean", "rejected"]
    assert [event["kind"] for _, event in found[0, 1]] == ["exact", "exact"]
    report, _ = audit(settings)
    assert report.holds, report
    # The page's other fetch was a copy of what was taken down: it is denied with the page.
    assert report.withdrawn == 2


def test_an_account_without_the_tombstone_does_not_hold(settings):
    with Worker(settings) as worker:
        publish(settings, [sighting(A, 10)], partition=0)
        original = only(wait_for_outcomes(settings, 1), 0)[1]
        assert cleanwire(settings, "takedown", A).returncode == 0
        assert worker.stop() == 0
    value = orjson.dumps(original)
    publish(settings, [value], topic=settings.topics.clean, key=original["id"].encode())
    answer = cleanwire(settings, "audit")
    assert answer.returncode == 1
    assert f"republished: {original['id']}" in answer.stdout.decode()


def test_without_a_worker_it_waits_in_line(settings):
    answer = cleanwire(settings, "takedown", "--wait", "0.5", A, "0" * 32)
    assert answer.returncode == 1
    assert b"will when it runs" in answer.stderr
    answer = cleanwire(settings, "takedown", "--wait", "0.5", A)
    assert answer.returncode == 1
    with Worker(settings) as worker:
        publish(settings, [sighting(A, 10)], partition=0)
        found = wait_for_outcomes(settings, 1)
        assert cleanwire(settings, "takedown", B).returncode == 0
        assert worker.stop() == 0
    # Nobody had seen the page: what was fetched before the takedown is denied.
    assert only(found, 0)[1]["reason"] == "withdrawn"
    assert audit(settings)[0].holds


@pytest.mark.parametrize("target", ["abc", "gopher://a.example/", "https://", "A" * 32])
def test_what_is_neither_an_id_nor_a_url_is_refused(settings, target):
    answer = cleanwire(settings, "takedown", target)
    assert answer.returncode == 2
    assert target.encode() in answer.stderr
    assert b"Traceback" not in answer.stderr


def test_a_takedown_that_is_none_is_a_dead_letter(settings):
    headers = [(TAKEDOWN, b"")]
    with Worker(settings):
        publish(
            settings,
            [b"no json"],
            topic=settings.topics.candidates,
            partition=0,
            headers=headers,
        )
        publish(settings, [page(1)], partition=0)
        wait_for_outcomes(settings, 1)
        (letter,) = records(settings, settings.topics.rejected)
    assert added(letter)["reason"] == "invalid-event"
    assert outcomes(settings)


@pytest.mark.parametrize("sequences", [(200, 300), (300, 200)])
def test_of_two_denials_of_a_page_the_later_takedown_counts_wherever_it_stands(sequences):
    # What an earlier resharding left behind in a partition is read too, until it is compacted.
    key = f"denied-page:{hash_of('https://a.example/').hex()}"
    store = sqlite3.connect(":memory:")
    store.executescript(_TABLES)
    for partition, sequence in zip((0, 2), sequences, strict=True):
        denial = Denial(sequence=sequence, until=float(sequence))
        value = pack_record(Record(denial=denial), 86_400.0)
        record = SimpleNamespace(key=key.encode(), value=value, partition=partition)
        _enter(store, record)
        _enter(store, SimpleNamespace(key=key.encode(), value=None, partition=partition))
    ((_, value, places),) = store.execute(_DENIALS).fetchall()
    assert unpack_record(key, value.encode(), 86_400.0).denial.until == 300
    assert places == 0b101
