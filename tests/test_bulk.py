"""A memory that is read back in batches decides as one that is read back record by record."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleanwire.dedupe.bulk_restore import apply_all, read
from cleanwire.dedupe.decision import Decision
from cleanwire.dedupe.denylist import Takedown
from cleanwire.dedupe.policy import DAY
from cleanwire.dedupe.records import pack_record, unpack_record
from cleanwire.dedupe.shard import Shard
from cleanwire.dedupe.shard_record import CLOCK, Record
from cleanwire.similarity.entry_batch import Entry
from cleanwire.similarity.key_table import KeyTable, hash_of
from helpers.shards import NO_CAP, SIGNATURES, WIDTH, candidate, compacted, pages
from helpers.stories import NOW


def written(step):
    return [
        (key.encode(), None if record is None else pack_record(record, WIDTH))
        for key, record in step.writes
    ]


def one_by_one(shard, log):
    for key, value in log:
        name = key.decode()
        shard.apply(name, None if value is None else unpack_record(name, value, WIDTH))


def taken(shard, records):
    apply_all(shard, read(records, WIDTH), WIDTH)


def in_batches(shard, log, size):
    for start in range(0, len(log), size):
        taken(shard, log[start : start + size])


def state(shard):
    decisions = [] if shard._policy is None else sorted(shard._policy.decisions.in_order())
    return (len(shard), shard.articles, decisions)


@settings(max_examples=120, deadline=None)
@given(
    st.lists(st.tuples(pages, st.integers(0, 9)), min_size=1, max_size=60),
    st.integers(1, 25),
    st.integers(0, 60),
    st.sampled_from([(0, 1), (0, 2), (1, 2)]),
)
def test_batches_make_the_same_shard(plan, size, cut, place):
    number, shards = place

    def new():
        return Shard(number=number, shards=shards, cap=NO_CAP)

    source, log, days = new(), [], 0
    for sequence, ((text, url, day, late), step) in enumerate(plan[:cut]):
        days += step * 2
        arrived = candidate(sequence, (text, url, days - (day if late == 3 else 0), late))
        log += written(source.take(arrived))
        if step == 7 and number == shards - 1:
            takedown = Takedown(ids=[arrived.id], at=NOW + 900 * DAY, sequence=sequence)
            log += written(source.withdraw(takedown))
        if step == 8:
            log += [(key.encode(), None) for key, _ in source.drop(arrived.id, sequence)]
    single, batched = new(), new()
    one_by_one(single, log)
    in_batches(batched, log, size)
    assert state(batched) == state(single)
    # What came and went within a batch never was there; else it keeps its place in a chunk.
    assert batched.content <= single.content
    for sequence, (page, _) in enumerate(plan, 1000):
        again = candidate(sequence, page)
        mine, other = batched.take(again), single.take(again)
        assert (mine.decision, mine.matches, mine.dropped) == (
            other.decision,
            other.matches,
            other.dropped,
        )
        assert mine.writes == other.writes or written(mine) == written(other)


FIRST_BUCKET = int(NOW // DAY)
IDS = [hash_of(f"{number}").hex() for number in range(4)]


histories = st.lists(
    st.tuples(
        st.sampled_from(["published", "published", "duplicate", "deleted", "clock"]),
        st.integers(0, len(IDS) - 1),  # which id
        st.integers(1, 99),  # at which sequence
        st.integers(0, 9),  # in which bucket; of the clock, how many buckets close
        st.integers(0, len(SIGNATURES) - 1),  # with which text
    ),
    min_size=1,
    max_size=40,
)


def changelog(history):
    """Records of a few ids and of the clock, in any order."""
    log, day = [], 0
    for what, number, sequence, bucket, text in history:
        name, record = IDS[number], None
        if what == "clock":
            day += bucket // 3
            name, record = CLOCK, Record(open_from=FIRST_BUCKET + day)
        elif what != "deleted":
            # A sequence is a place in a log, so two articles never have the same.
            place = sequence * len(IDS) + number
            record = article_record(what, name, place, FIRST_BUCKET + bucket, SIGNATURES[text])
        log.append((name.encode(), None if record is None else pack_record(record, WIDTH)))
    return log


def article_record(what, name, sequence, bucket, text):
    is_published = what == "published"
    decision = Decision(
        id=name,
        url_key=hash_of(name),
        digest=text.digest,
        fetched=NOW + sequence,
        bucket=bucket,
        sequence=sequence,
        outcome="clean" if is_published else "near",
        referenced_id=None if is_published else IDS[0],
        url="https://a.example/",
    )
    entry = Entry.of(text, article=name, sequence=sequence, bucket=bucket)
    return Record(decision=decision, entry=entry if is_published else None)


def whole_state(shard):
    """All that a shard holds."""
    found = [shard._index.text_of(name) for name in IDS]
    rows = [shard._index._row(bytes.fromhex(name)) for name in IDS]
    buckets = [int(shard._index._buckets[row]) for row in rows if row >= 0]
    decisions = []
    if shard._policy is not None:
        decisions = [shard._policy.decisions.get(name) for name in IDS]
    matched = [shard._index.matches(text) for text in SIGNATURES]
    return found, buckets, decisions, matched, len(shard), shard.articles


@given(histories, st.integers(1, 41), st.sampled_from([(0, 1), (0, 2)]))
def test_what_is_deleted_and_written_again_is_as_its_latest_record_says(history, size, place):
    log = changelog(history)
    number, shards = place
    single, batched, latest = (Shard(number=number, shards=shards, cap=NO_CAP) for _ in range(3))
    one_by_one(single, log)
    in_batches(batched, log, size)
    one_by_one(latest, compacted(log))
    assert whole_state(batched) == whole_state(single) == whole_state(latest)


def test_a_batch_takes_what_is_known_and_what_is_no_id_the_ordinary_way():
    shard, other = Shard(), Shard()
    arrived = candidate(1, (0, 0, 3, 0))
    log = written(shard.take(arrived))
    named = candidate(2, (5, 2, 3, 0), name="a name of one's own")
    log += written(shard.take(named))
    taken(other, [*log, *log])
    taken(other, log)
    assert (state(other), other.content) == (state(shard), shard.content)
    assert other.take(named).decision.id == named.id


def test_a_record_of_another_version_is_refused():
    key = hash_of("x").hex().encode()
    for value in (b'{"v": 1, "fact": {}}', b"[]", b"no json"):
        with pytest.raises(ValueError, match=r"version|JSON|char"):
            taken(Shard(), [(key, value)])


def test_time_and_what_is_forgotten_are_taken_in_a_batch_too():
    shard = Shard()
    arrived = candidate(1, (0, 0, 3, 0))
    taken(shard, written(shard.take(arrived)))
    clock = pack_record(Record(open_from=int((NOW + 400 * DAY) // DAY)), WIDTH)
    taken(shard, [(CLOCK.encode(), clock)])
    assert shard.articles == 0
    taken(shard, [(arrived.id.encode(), None)])
    assert len(shard) == 0


def test_room_is_made_at_once_for_what_is_to_come():
    shard = Shard()
    for sequence in range(40):
        shard.take(candidate(sequence, (sequence % 5, sequence, 3, 0)))
    before = shard.size
    shard.reserve(1e-6)
    assert shard.size > 100 * shard.content
    assert shard.size > before
    assert shard.take(candidate(99, (0, 99, 3, 0))).decision.outcome == "exact"


@given(st.lists(st.integers(0, 30), max_size=80), st.lists(st.integers(0, 40), max_size=20))
def test_keys_put_at_once_lead_where_they_were_put_first(numbers, asked):
    table = KeyTable()
    keys = np.array([[number, number * 7] for number in numbers], np.uint64).reshape(-1, 2)
    rows = np.arange(len(numbers))
    again = table.put_all(rows, keys)
    first = {number: numbers.index(number) for number in numbers}
    assert again.tolist() == [row for row, number in enumerate(numbers) if first[number] != row]
    assert len(table) == len(first)
    wanted = np.array([[number, number * 7] for number in asked], np.uint64).reshape(-1, 2)
    assert table.known(wanted, keys).tolist() == [number in first for number in asked]
    for number, row in first.items():
        assert table.find(keys[numbers.index(number)].tobytes(), keys) == row
