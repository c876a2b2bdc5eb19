"""Several shards decide as one does: whatever the order of work, crash or redelivery."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleanwire.dedupe.policy import DAY, Candidate
from cleanwire.dedupe.records import pack_matches, pack_record, unpack_record
from cleanwire.dedupe.shard import Shard, home
from cleanwire.dedupe.shard_chain import ShardChain
from cleanwire.dedupe.shard_record import CLOCK
from cleanwire.similarity.key_table import hash_of
from cleanwire.similarity.minhash import signature
from helpers.shards import NO_CAP, WIDTH, Bus, candidate, compacted, pages
from helpers.stories import NOW, story


def reference(candidates):
    one = ShardChain(1, cap=NO_CAP)
    return {arrived.sequence: one.decide(arrived) for arrived in candidates}


@settings(max_examples=80, deadline=None)
@given(
    st.lists(pages, min_size=1, max_size=40),
    st.sampled_from([1, 4, 16]),
    st.randoms(use_true_random=False),
    st.booleans(),
)
def test_shards_decide_as_one_whatever_is_killed_and_delivered_again(plan, shards, draw, twice):
    candidates = [candidate(sequence, page) for sequence, page in enumerate(plan)]
    if twice:
        again = draw.choices(candidates, k=len(candidates) // 2)
        candidates += [
            candidate(len(plan) + place, plan[old.sequence], name=old.id)
            for place, old in enumerate(again)
        ]
    bus = Bus(shards)
    for arrived in candidates:
        bus.inboxes[0].append((arrived, pack_matches([])))
        bus.go_on(draw)
    bus.finish()
    expected = reference(candidates)
    assert bus.outcomes == expected
    for decision in expected.values():
        if not decision.is_published:
            named = next(other for other in expected.values() if other.id == decision.referenced_id)
            assert named.is_published
            assert named.sequence < decision.sequence


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(pages, st.integers(0, 9)), min_size=1, max_size=60),
    st.sampled_from([4, 16]),
)
def test_shards_expire_as_one(plan, shards):
    # Time goes on for years here, with stragglers; nothing is delivered again.
    many, one = ShardChain(shards, cap=NO_CAP), ShardChain(1, cap=NO_CAP)
    days = 0
    for sequence, ((text, url, day, late), step) in enumerate(plan):
        days += step * 3
        arrived = candidate(sequence, (text, url, days - (day if late == 3 else 0), late))
        assert many.decide(arrived) == one.decide(arrived)


@settings(max_examples=40, deadline=None)
@given(st.lists(pages, max_size=40), st.integers(0, 40), st.sampled_from([1, 4]))
def test_a_memory_rebuilt_from_its_records_decides_the_same(plan, cut, shards):
    bus = Bus(shards)
    whole = ShardChain(shards, cap=NO_CAP)
    for sequence, page in enumerate(plan[:cut]):
        bus.inboxes[0].append((candidate(sequence, page), pack_matches([])))
        whole.decide(candidate(sequence, page))
    bus.finish()
    for number in range(shards):
        bus.committed[number] = bus.done[number]
        bus.crash(number)
    for sequence, page in enumerate(plan[cut:], cut):
        bus.inboxes[0].append((candidate(sequence, page), pack_matches([])))
        bus.finish()
        assert bus.outcomes[sequence] == whole.decide(candidate(sequence, page))


def test_a_note_that_comes_late_takes_nothing_away_that_passed_again():
    shard = Shard(number=0, shards=2)
    sequence = next(n for n in range(9) if home(candidate(n, (0, 0, 0, 0)).id, 2) == 0)
    arrived = candidate(sequence, (0, 0, 0, 0))
    shard.take(arrived)
    again = candidate(sequence + 50, (0, 0, 0, 0), name=arrived.id)
    shard.take(again)
    assert shard.drop(arrived.id, sequence + 20) == []
    assert shard.articles == 1
    assert shard.drop(arrived.id, sequence + 50) == [(arrived.id, None)]
    assert shard.articles == 0
    # Whatever has expired here is struck from the changelog when the note comes.
    assert shard.drop(arrived.id, sequence + 60) == [(arrived.id, None)]


@pytest.mark.parametrize("shards", [1, 4])
def test_the_changelog_forgets_what_the_memory_forgets(shards):
    bus = Bus(shards)
    for day in range(160):
        for number in range(4):
            sequence = 4 * day + number
            arrived = candidate(sequence, (number, number, day, 0))
            bus.inboxes[0].append((arrived, pack_matches([])))
        bus.finish()
    for number in range(shards):
        kept = [key for key, value in compacted(bus.logs[number]) if value is not None]
        assert len(kept) <= 4 * 45
    before = [shard.articles for shard in bus.shards]
    for number in range(shards):
        bus.committed[number] = bus.done[number]
        bus.crash(number)
    assert [shard.articles for shard in bus.shards] == before


def test_a_memory_that_read_a_fact_twice_is_no_larger():
    shard = Shard()
    arrived = candidate(1, (0, 0, 3, 0))
    step = shard.take(arrived)
    other = Shard()
    for _ in range(50):
        for key, record in step.writes:
            other.apply(key, unpack_record(key, pack_record(record, WIDTH), WIDTH))
    assert other.content == shard.content


def test_what_was_dropped_is_forgotten_at_the_shard_that_remembered_it():
    relay = ShardChain(4)
    for sequence in range(80):
        relay.decide(candidate(sequence, (0, sequence % 7, 0, 0)))
    assert sum(shard.articles for shard in relay.shards) == 1
    assert [len(shard) for shard in relay.shards[:3]] == [0, 0, 0]


def test_each_shard_remembers_its_part():
    relay = ShardChain(4)
    for number in range(400):
        relay.decide(
            Candidate(
                id=hash_of(str(number)).hex(),
                url=f"https://u{number}.example/",
                url_key=hash_of(str(number)),
                signature=signature(story(number, 60)),
                fetched=NOW,
                event_time=NOW,
                sequence=number,
            )
        )
    parts = [shard.articles for shard in relay.shards]
    assert sum(parts) == 400
    assert min(parts) > 60


def test_with_caps_on_few_outcomes_differ():
    draw = random.Random(3)
    template = story(99, 60)
    texts = [template + " " + story(number % 300, 50) for number in range(600)]
    draw.shuffle(texts)
    many, one = ShardChain(16), ShardChain(1)
    differ = 0
    for sequence, text in enumerate(texts):
        arrived = Candidate(
            id=hash_of(str(sequence)).hex(),
            url=f"https://u{sequence}.example/",
            url_key=hash_of(str(sequence)),
            signature=signature(text),
            fetched=NOW,
            event_time=NOW,
            sequence=sequence,
        )
        differ += many.decide(arrived).outcome != one.decide(arrived).outcome
    # A key leads to KEY_CAP articles in every shard; one shard has that many in all.
    assert differ < 0.25 * len(texts)


@pytest.mark.parametrize("width", [DAY, 86_400 / 7, 3.3])
def test_a_record_is_packed_and_unpacked_in_whatever_width_of_buckets(width):
    shard = Shard()
    step = shard.take(candidate(1, (0, 0, 3, 0)))
    for key, record in step.writes:
        again = unpack_record(key, pack_record(record, width), width)
        assert again.decision == record.decision
        assert again.open_from == record.open_from
        if record.entry is not None:
            assert again.entry.bucket == record.entry.bucket
            assert again.entry.keys.tolist() == record.entry.keys.tolist()
            assert again.entry.figures.tolist() == record.entry.figures.tolist()
    assert {key for key, _ in step.writes} == {CLOCK, candidate(1, (0, 0, 3, 0)).id}
