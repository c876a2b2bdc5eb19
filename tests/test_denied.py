"""What is taken down is forgotten and denied; whatever tells the same story comes after it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleanwire import Deduper, Pipeline, Source, clean_page
from cleanwire.dedupe.denylist import Takedown
from cleanwire.dedupe.policy import DAY
from cleanwire.dedupe.records import (
    pack_matches,
    pack_record,
    pack_takedown,
    unpack_record,
    unpack_takedown,
)
from cleanwire.dedupe.shard import Shard
from cleanwire.dedupe.shard_chain import ShardChain
from cleanwire.errors import Withdrawn
from cleanwire.similarity.key_table import hash_of
from helpers.shards import NO_CAP, Bus, candidate, pages
from helpers.stories import NOW, Stream, story

A, B, C = "https://a.example/", "https://b.example/", "https://c.example/"


class Wire(Stream):
    """A stream that takes things down too."""

    def withdraw(self, *ids, urls=(), at=NOW + 1000, sequence=None):
        self.sequence += 1
        return self.relay.withdraw(
            Takedown(
                ids=ids,
                url_keys=[hash_of(url) for url in urls],
                at=at,
                sequence=self.sequence if sequence is None else sequence,
            )
        )


@pytest.fixture(params=[1, 4])
def wire(request):
    return Wire(shards=request.param)


def test_a_replay_is_refused_and_the_next_copy_is_published(wire):
    first = wire.add(story(1), url=A, name="a" * 32)
    assert wire.add(story(1), url=B).duplicate_of == first.id
    assert wire.withdraw(first.id) == [first.id]
    with pytest.raises(Withdrawn):
        wire.add(story(1), url=A, name=first.id)
    third = wire.add(story(1), url=C)
    assert (third.outcome, third.referenced_id) == ("clean", None)
    assert wire.add(story(1), url=A, fetched=NOW + 50, at=NOW + 50).duplicate_of == third.id


@pytest.mark.parametrize("by", ["id", "url"])
def test_its_own_recrawl_is_published_anew(wire, by):
    first = wire.add(story(1), url=A, at=NOW + 1, fetched=NOW + 1)
    again = wire.add(story(1), url=A, at=NOW + 2, fetched=NOW + 2)
    assert again.outcome == "recrawl"
    withdrawn = wire.withdraw(first.id) if by == "id" else wire.withdraw(urls=[A])
    assert set(withdrawn) == ({first.id} if by == "id" else {first.id, again.id})
    fresh = wire.add(story(1), url=A, at=NOW + 3, fetched=NOW + 3)
    assert (fresh.outcome, fresh.revision, fresh.referenced_id) == ("clean", 1, None)


def test_a_page_is_denied_as_fetched_so_far_and_not_later(wire):
    wire.add(story(1), url=A, at=NOW + 5, fetched=NOW + 5)
    wire.withdraw(urls=[A])
    with pytest.raises(Withdrawn):
        wire.add(story(2), url=A, at=NOW + 4, fetched=NOW + 4)
    assert wire.add(story(2), url=A, at=NOW + 6, fetched=NOW + 6).outcome == "clean"


def test_a_page_that_nobody_knows_is_denied_up_to_the_takedown(wire):
    assert wire.withdraw(urls=[A], at=NOW + 10) == []
    with pytest.raises(Withdrawn):
        wire.add(story(1), url=A, at=NOW + 10, fetched=NOW + 10)
    assert wire.add(story(1), url=A, at=NOW + 11, fetched=NOW + 11).outcome == "clean"


def test_a_clock_days_ahead_denies_nothing_of_the_future(wire):
    wire.add(story(1), url=A, at=NOW, fetched=NOW + 900 * DAY)
    wire.withdraw(urls=[A], at=NOW + 10)
    assert wire.add(story(1), url=A, at=NOW + 20, fetched=NOW + 20).outcome == "clean"


def test_a_revision_alone_is_taken_down(wire):
    first = wire.add(story(1), url=A, fetched=NOW + 1, at=NOW + 1)
    second = wire.add(story(2), url=A, fetched=NOW + 2, at=NOW + 2)
    assert second.supersedes == first.id
    wire.withdraw(second.id)
    third = wire.add(story(2), url=A, fetched=NOW + 3, at=NOW + 3)
    assert (third.outcome, third.revision, third.supersedes) == ("clean", 2, first.id)
    assert wire.add(story(1), url=A, name=first.id).outcome == "clean"


def test_a_copy_that_was_decided_before_repeats_its_outcome(wire):
    first = wire.add(story(1), url=A)
    copy = wire.add(story(1), url=B)
    wire.withdraw(first.id)
    assert wire.add(story(1), url=B, name=copy.id, sequence=2) == copy
    # The page of the copy, fetched anew, is a sighting like any other.
    assert wire.add(story(1), url=B, fetched=NOW + 9).outcome == "clean"


def test_what_was_never_seen_is_denied_all_the_same(wire):
    assert wire.withdraw("f" * 32) == ["f" * 32]
    with pytest.raises(Withdrawn):
        wire.add(story(1), name="f" * 32)


def test_a_takedown_delivered_again_withdraws_the_same_and_nothing_that_came_after(wire):
    first = wire.add(story(1), url=A, fetched=NOW + 1, at=NOW + 1)
    assert wire.withdraw(urls=[A], sequence=2) == [first.id]
    later = wire.add(story(1), url=A, fetched=NOW + 9, at=NOW + 9, sequence=3)
    assert later.outcome == "clean"
    assert wire.withdraw(urls=[A], sequence=2) == [first.id]
    assert wire.add(story(1), url=B, sequence=4).duplicate_of == later.id
    with pytest.raises(Withdrawn):
        wire.add(story(3), url=A, fetched=NOW + 1, at=NOW + 1, sequence=5)


def test_a_memory_that_is_rebuilt_denies_the_same():
    shard, again = Shard(), Shard()
    arrived = candidate(1, (0, 0, 3, 0))
    log = list(shard.take(arrived).writes)
    log += shard.withdraw(
        Takedown(url_keys=[arrived.url_key], at=NOW + 99 * DAY, sequence=2)
    ).writes
    for key, record in log:
        value = None if record is None else pack_record(record, DAY)
        again.apply(key, None if value is None else unpack_record(key, value, DAY))
    assert (len(again), again.articles) == (len(shard), shard.articles) == (0, 0)
    assert again.take(arrived).is_withdrawn
    other = candidate(3, (0, 0, 3, 2))
    assert again.take(other).is_withdrawn
    assert shard.take(other).is_withdrawn


def test_a_fact_written_late_by_a_worker_thought_dead_names_nothing():
    shard = Shard()
    arrived = candidate(1, (0, 0, 3, 0))
    written = shard.take(arrived).writes
    shard.withdraw(Takedown(ids=[arrived.id], at=NOW, sequence=2))
    for key, record in written:
        shard.apply(key, record)
    copy = shard.take(candidate(3, (0, 1, 3, 0)))
    assert copy.decision.outcome == "clean"
    refused = shard.take(arrived)
    assert refused.is_withdrawn
    assert (arrived.id, None) in refused.writes


def test_what_was_refused_stays_so_after_another_takedown_of_its_page(wire):
    wire.add(story(1), url=A, at=NOW + 5, fetched=NOW + 5)
    wire.withdraw(urls=[A], sequence=2)
    for sequence in (3, 3):
        with pytest.raises(Withdrawn):
            wire.add(story(2), url=A, name="late", at=NOW + 4, fetched=NOW + 4, sequence=sequence)
        wire.withdraw(urls=[A], sequence=4)


def test_of_two_articles_of_a_page_the_later_says_up_to_when_it_is_denied(wire):
    names = [hash_of(f"{number}").hex() for number in range(20)]
    for number, name in enumerate(names):
        wire.add(story(number), url=A, name=name, at=NOW + number, fetched=NOW + number)
    assert set(wire.withdraw(*sorted(names))) == set(names)
    with pytest.raises(Withdrawn):
        wire.add(story(50), url=A, at=NOW + 18.5, fetched=NOW + 18.5)
    assert wire.add(story(50), url=A, at=NOW + 20, fetched=NOW + 20).outcome == "clean"


def test_a_takedown_asked_for_twice_denies_no_more_of_the_page(wire):
    wire.add(story(1), url=A, at=NOW + 5, fetched=NOW + 5)
    wire.withdraw(urls=[A])
    assert wire.withdraw(urls=[A]) == []
    assert wire.add(story(2), url=A, at=NOW + 6, fetched=NOW + 6).outcome == "clean"


@pytest.mark.parametrize("by", ["id", "url"])
def test_a_takedown_that_was_not_written_down_is_when_it_comes_again(by):
    shard, again = Shard(), Shard()
    arrived = candidate(1, (0, 0, 3, 0))
    shard.take(arrived)
    what = {"ids": [arrived.id]} if by == "id" else {"url_keys": [arrived.url_key]}
    first = shard.withdraw(Takedown(**what, at=NOW + 99 * DAY, sequence=2)).writes
    for key, record in shard.withdraw(Takedown(**what, at=NOW + 99 * DAY, sequence=2)).writes:
        again.apply(key, record)
    assert again.take(candidate(3, (1, 0, 3, 2))).is_withdrawn
    assert {key for key, _ in first if key.startswith("denied")} == {
        f"denied-id:{arrived.id}",
        f"denied-page:{arrived.url_key.hex()}",
    }


def test_only_the_last_shard_takes_down():
    with pytest.raises(RuntimeError):
        Shard(number=0, shards=2).withdraw(Takedown(ids=["a"], at=NOW, sequence=1))


def test_a_takedown_is_unpacked_as_it_was_packed():
    found = unpack_takedown(pack_takedown(["a" * 32], [hash_of(A)]), at=1.5, sequence=7)
    assert (found.ids, found.url_keys, found.at, found.sequence) == (
        ["a" * 32],
        [hash_of(A)],
        1.5,
        7,
    )
    for value in (b"{}", b"[]", b'{"v": 2}', b'{"v": 2, "ids": [], "pages": ["x"]}'):
        with pytest.raises(ValueError, match=r"takedown|hexadecimal"):
            unpack_takedown(value, at=0, sequence=0)


def test_the_library_takes_down_too():
    def page(number):
        return f"<h1>A title</h1><p>{story(number)}.</p>"

    deduper = Deduper()
    first = clean_page(page(1), url=A, fetched_at="2026-11-03T10:00:00Z")
    assert not deduper.add(first).is_duplicate
    assert deduper.withdraw(urls=[A + "#top"]) == [first.id]
    with pytest.raises(Withdrawn):
        deduper.add(first)
    copy = clean_page(page(1), url=B, fetched_at="2026-11-03T10:00:00Z")
    assert not deduper.add(copy).is_duplicate
    pipeline = Pipeline()
    assert pipeline.withdraw(ids=[first.id], pages=[hash_of(B)]) == [first.id]
    with pytest.raises(Withdrawn):
        pipeline.decide(first, Source(topic="t", partition=0, offset=0))


@pytest.mark.slow
@settings(max_examples=120, deadline=None)
@given(
    st.lists(st.tuples(pages, st.integers(0, 5)), min_size=1, max_size=40),
    st.sampled_from([1, 4, 16]),
    st.randoms(use_true_random=False),
)
def test_shards_take_down_as_one_whatever_is_killed_and_delivered_again(plan, shards, draw):
    events, denied = [], set()
    for page, kind in plan:
        sequence = len(events)
        events.append(candidate(sequence, page))
        if kind < 2:
            target = candidate(draw.randint(0, sequence), page)
            ids, urls = ([target.id], []) if kind else ([], [target.url_key])
            events.append(
                Takedown(ids=ids, url_keys=urls, at=NOW + 40 * DAY, sequence=sequence + 1)
            )
    bus, one = Bus(shards), ShardChain(1, cap=NO_CAP)
    expected = {}
    for event in events:
        bus.inboxes[0].append((event, pack_matches([])))
        if isinstance(event, Takedown):
            denied |= set(one.withdraw(event))
        else:
            try:
                expected[event.sequence] = one.decide(event)
            except Withdrawn:
                expected[event.sequence] = None
        bus.go_on(draw)
    bus.finish()
    assert bus.outcomes == {
        sequence: decision for sequence, decision in expected.items() if decision is not None
    }
    refused = {sequence for sequence, decision in expected.items() if decision is None}
    assert bus.refused >= refused
    # What was decided before it was taken down is refused if it is delivered again after.
    assert {expected[sequence].id for sequence in bus.refused - refused} <= denied
    for decision in bus.outcomes.values():
        assert decision.referenced_id is None or all(
            decision.sequence < event.sequence or decision.referenced_id not in event.ids
            for event in events
            if isinstance(event, Takedown)
        )
