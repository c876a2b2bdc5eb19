"""The packed index against an index of dicts, and its hash table."""

import collections
import functools
import itertools
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleanwire.similarity import index as packed_index
from cleanwire.similarity.hash_table import FIRST_BUCKETS, SLOT_BYTES, HashTable
from cleanwire.similarity.hash_table_kernels import find
from cleanwire.similarity.hash_table_layout import MOST_ROWS, PLACE_BITS, WAYS, keys_of
from cleanwire.similarity.index import KEY_CAP, Entry, Index, Thresholds
from cleanwire.similarity.key_table import key_of
from cleanwire.similarity.minhash import Signature, signature
from cleanwire.similarity.verify import MIN_HITS

WORDS = [f"{a}{b}{c}" for a in "bdfgklmnprst" for b in "aeiou" for c in "lmnrst"]
NO_FIGURES = np.empty(0, np.uint64)


@functools.cache
def text(seed, length=400):
    return " ".join(random.Random(seed).choices(WORDS, k=length))


@functools.cache
def signed(seed, length=400):
    return signature(text(seed, length))


def entry(article, seed, length=60, *, sequence=0, bucket=0):
    return Entry.of(signed(seed, length), article=article, sequence=sequence, bucket=bucket)


def filled(*entries):
    index = Index()
    for one in entries:
        index.add(one)
    return index


def names(*articles):
    """The ids that matches have for articles of these ids."""
    return [key_of(article).hex() for article in articles]


def ids(index, seed, length=60, **more):
    return [match.id for match in index.matches(signed(seed, length), **more)]


@pytest.fixture
def few_rows(monkeypatch):
    """An index that sweeps rows and grows columns after a few articles."""
    monkeypatch.setattr(packed_index, "FIRST_ROWS", 4)


class Plain:
    """The rules of the index, written with a dict of hashes and a dict of whole signatures."""

    def __init__(self):
        self.entries, self.postings = {}, {}

    def add(self, article, made, sequence, bucket):
        if article in self.entries:
            text, before, after = self.entries[article]
            bucket = max(bucket, after)
            if text.digest == made.digest or sequence <= before:
                if text.digest == made.digest:
                    self.entries[article][1:] = min(sequence, before), bucket
                return
            self.discard(article)
        self.entries[article] = [made, sequence, bucket]
        for key in made.sample.tolist():
            self.postings[key] = [*self.postings.get(key, [])[1 - KEY_CAP :], article]

    def discard(self, article):
        made, _, _ = self.entries.pop(article, (None, 0, 0))
        for key in made.sample.tolist() if made else ():
            self.postings[key] = [other for other in self.postings[key] if other != article]

    def expire(self, before):
        for article in [name for name, (_, _, bucket) in self.entries.items() if bucket < before]:
            self.discard(article)

    def matches(self, made, before):
        hits = collections.Counter(
            article for key in made.sample.tolist() for article in self.postings.get(key, ())
        )
        limits = Thresholds()
        found = []
        for article, shared in hits.items():
            stored, sequence, _ = self.entries[article]
            name = key_of(article).hex()
            one, other = len(stored.sample), len(made.sample)
            assert stored.bound == made.bound, "long texts only: all samples reach as high"
            if shared < min(MIN_HITS, one, other) or sequence >= before:
                continue
            jaccard = shared / (one + other - shared)
            contained = shared / (one if stored.shingles <= made.shingles else other)
            if stored.digest == made.digest:
                found.append((sequence, name, "exact", 1.0))
            elif jaccard >= limits.near:
                found.append((sequence, name, "near", pytest.approx(jaccard)))
            elif contained >= limits.excerpt:
                found.append((sequence, name, "excerpt", pytest.approx(min(1.0, contained))))
        return [match for _, *match in sorted(found, key=lambda match: match[0])]


steps = st.lists(
    st.tuples(
        st.sampled_from(["add", "add", "add", "discard", "expire"]),
        st.integers(0, 9),  # which article
        st.integers(0, 3),  # which story
        st.integers(0, 3),  # how much of it is cut
        st.integers(0, 4),  # which bucket
        st.integers(0, 40),  # how early a match has to be
    ),
    max_size=40,
)


@pytest.mark.usefixtures("few_rows")
def test_the_packed_index_is_the_plain_one():
    @settings(max_examples=150, deadline=None)
    @given(steps)
    def check(plan):
        packed, plain = Index(), Plain()
        for sequence, (what, number, story, cut, bucket, before) in enumerate(plan):
            made = signed(story, 1400 - 150 * cut)
            # Some ids are hex digits and others are not.
            article = f"{number:032x}" if number % 2 else f"id {number}"
            if what == "add":
                packed.add(Entry.of(made, article=article, sequence=sequence, bucket=bucket))
                plain.add(article, made, sequence, bucket)
            elif what == "discard":
                packed.discard(article)
                plain.discard(article)
            else:
                packed.expire(bucket)
                plain.expire(bucket)
            assert len(packed) == len(plain.entries)
            assert (article in packed) == (article in plain.entries)
            for upto in (None, before):
                assert [
                    [match.id, match.kind, match.similarity]
                    for match in packed.matches(made, before=upto)
                ] == plain.matches(made, 1000 if upto is None else upto)

    check()


def test_of_two_texts_of_an_article_the_later_one_is_matched():
    index = filled(entry("a", 1, sequence=5, bucket=3))
    later = index.add(entry("a", 2, sequence=9, bucket=2))
    assert (later.sequence, later.bucket) == (9, 3)
    assert ids(index, 1) == []
    assert ids(index, 2) == names("a")
    assert index.text_of("a") == (9, signed(2, 60).digest)
    # An earlier text that comes late changes nothing.
    assert index.add(entry("a", 1, sequence=7, bucket=4)) is None
    assert ids(index, 2) == names("a")
    # A drop notice that is older than the last passage takes nothing away.
    assert not index.discard("a", until=8)
    assert len(index) == 1


def test_an_entry_that_is_known_keeps_its_order_and_the_later_bucket():
    first = entry("a", 1, sequence=5, bucket=3)
    index = filled(first)
    again = index.add(entry("a", 1, sequence=9, bucket=4))
    assert (again.id, again.sequence, again.bucket) == ("a", 5, 4)
    again = index.add(entry("a", 1, sequence=2, bucket=1))
    assert (again.sequence, again.bucket) == (2, 4)
    assert len(index) == 1
    assert ids(index, 1, before=3) == names("a")
    assert ids(index, 1, before=2) == []
    index.expire(4)
    assert "a" in index
    index.expire(5)
    assert "a" not in index


def test_a_new_entry_is_remembered_as_it_is():
    one = entry("a", 1, sequence=5, bucket=3)
    assert Index().add(one) is one


def test_what_is_discarded_is_not_found_and_can_come_back():
    index = filled(entry("a", 1), entry("b", 2))
    index.discard("a")
    index.discard("a")
    index.discard("unknown")
    assert ("a" in index, "b" in index, len(index)) == (False, True, 1)
    assert ids(index, 1) == []
    assert ids(index, 2) == names("b")
    index.add(entry("a", 1, sequence=7))
    assert ids(index, 1, before=8) == names("a")
    assert ids(index, 1, before=7) == []


def test_buckets_expire_with_what_came_late_but_without_what_moved_on():
    index = filled(
        entry("early", 1, bucket=5),
        entry("later", 2, bucket=7),
        entry("late", 3, bucket=4),
        entry("moved", 4, bucket=5),
        entry("moved", 4, bucket=7),
        entry("gone", 5, bucket=5),
    )
    index.discard("gone")
    index.expire(5)
    assert [name for name in ("early", "later", "late", "moved") if name in index] == [
        "early",
        "later",
        "moved",
    ]
    index.add(entry("late", 3, bucket=4))
    index.expire(7)
    assert [name for name in ("early", "later", "late", "moved") if name in index] == [
        "later",
        "moved",
    ]
    assert ids(index, 4) == names("moved")
    index.expire(8)
    assert len(index) == 0
    assert ids(index, 4) == []


@pytest.mark.usefixtures("few_rows")
def test_a_row_that_became_another_articles_expires_with_that():
    index = filled(*(entry(f"old {number}", number, bucket=1) for number in range(6)))
    for number in range(6):
        index.discard(f"old {number}")
    for number in range(6):
        index.add(entry(f"new {number}", number, bucket=2))
    assert index._rows < 12
    index.expire(2)
    assert len(index) == 6
    index.expire(3)
    assert len(index) == 0


def test_the_oldest_is_the_first_of_the_oldest_bucket():
    index = filled(
        entry("b", 2, bucket=5, sequence=9),
        entry("a", 1, bucket=5, sequence=1),
        entry("d", 4, bucket=3),
        entry("c", 3, bucket=7),
        entry("d", 4, bucket=6),
    )
    sequence = []
    while (article := index.oldest()) is not None:
        assert index.oldest() == article
        index.discard(article)
        sequence.append(article)
    assert sequence == names("b", "a", "d", "c")
    index.add(entry("e", 5, bucket=1))
    assert index.oldest() == key_of("e").hex()


@pytest.mark.usefixtures("few_rows")
def test_the_oldest_is_not_the_latest_to_have_a_row_of_the_oldest():
    index = filled(*(entry(f"{number}", number) for number in range(8)))
    for number in range(5):
        index.discard(f"{number}")
    for number in range(8, 13):
        index.add(entry(f"{number}", number))
    assert index.oldest() == key_of("5").hex()


def test_only_what_is_earlier_is_found_and_the_earliest_first():
    index = filled(*(entry(f"{sequence}", 1, sequence=sequence) for sequence in (3, 1, 2)))
    assert ids(index, 1) == names("1", "2", "3")
    assert ids(index, 1, before=3) == names("1", "2")
    assert ids(index, 1, before=1) == []


def test_short_and_long_texts_are_compared_below_the_smaller_bound():
    long = text(1, 3000)
    short = " ".join(long.split()[:120])
    for stored, asked in ((short, long), (long, short)):
        index = filled(Entry.of(signature(stored), article="a", sequence=0, bucket=0))
        matches = index.matches(signature(asked))
        if asked == long:
            # The longer text is the full story after its teaser.
            assert matches == []
            continue
        (match,) = matches
        assert match.kind == "excerpt"
        assert match.similarity > 0.8


def test_a_middling_text_is_compared_with_a_long_one_whichever_comes_first():
    long = text(1, 1600)
    middling = " ".join(long.split()[:560])
    assert signature(long).bound != 2**64 - 1
    for stored, asked in ((middling, long), (long, middling)):
        index = filled(Entry.of(signature(stored), article="a", sequence=0, bucket=0))
        (match,) = index.matches(signature(asked))
        assert match.kind == "excerpt"
        assert match.similarity > 0.8


def test_no_similarity_is_above_one():
    backwards = pow(0x9E3779B97F4A7C15, -1, 2**64)
    hashes = sorted(
        (key << 32 | low) * backwards % 2**64 for key in range(1, 40) for low in range(2)
    )
    made, other = (
        Signature(digest, 78, 2**64 - 1, np.array(hashes, np.uint64), np.arange(78), NO_FIGURES)
        for digest in (b"digest 1", b"digest 2")
    )
    index = filled(Entry.of(made, article="a", sequence=0, bucket=0))
    assert [match.similarity for match in index.matches(other)] == [1.0]


def test_rows_are_used_again_once_no_slot_leads_to_them():
    index = Index()
    for number in range(5000):
        index.add(entry(str(number), number, sequence=number))
        index.discard(str(number - 100))
    assert len(index) == 100
    assert index._rows < 3000
    assert ids(index, 4999) == names("4999")
    assert ids(index, 4000) == []


def test_a_story_that_thousands_tell_leads_to_the_latest_few():
    index = filled(*(entry(str(sequence), 1, sequence=sequence) for sequence in range(3000)))
    assert len(index) == 3000
    assert ids(index, 1) == names("2996", "2997", "2998", "2999")
    assert index._hash_table.evicted == 0


@settings(max_examples=60, deadline=None)
@given(
    st.sets(st.integers(0, 30), max_size=12),
    st.lists(st.integers(0, 30), max_size=30),
    st.randoms(use_true_random=False),
)
def test_content_is_what_is_there_whatever_was_there_before(stay, go, draw):
    go = [number for number in go if number not in stay]
    plan = [(number, "add") for number in stay] + [(number, "add and discard") for number in go]
    contents = set()
    for _ in range(2):
        draw.shuffle(plan)
        index = Index()
        for number, what in plan:
            index.add(entry(str(number), number, 20 + 30 * number))
            index.add(entry(str(number), number, 20 + 30 * number, bucket=1))
            if what != "add":
                index.discard(str(number))
        contents.add(index.content)
    alone = filled(*(entry(str(number), number, 20 + 30 * number) for number in sorted(stay)))
    assert contents == {alone.content}
    alone.expire(1)
    assert alone.content == 0


def test_content_grows_by_the_sample_and_size_by_the_rows():
    one = filled(entry("a", 1, 40))
    other = filled(entry("a", 1, 90))
    more = len(signed(1, 90).sample) - len(signed(1, 40).sample)
    assert other.content - one.content == pytest.approx(more * SLOT_BYTES, abs=1)
    assert other.size == one.size
    index = Index()
    empty = index.size
    for number in range(3000):
        index.add(entry(str(number), number, 300))
    full = index.size
    assert 3000 * 60 < full - empty < 3000 * 150
    index.expire(1)
    assert (index.content, index.size) == (0, full)
    for number in range(1500):
        index.add(entry(str(number), number, 300))
    assert index.size == full


def test_more_articles_than_rows_can_be_numbered_are_refused(monkeypatch):
    monkeypatch.setattr(packed_index, "MOST_ROWS", 3)
    index = filled(*(entry(str(number), number) for number in range(3)))
    content = index.content
    with pytest.raises(OverflowError, match="3 articles; use more shards"):
        index.add(entry("3", 3))
    assert (len(index), index.content, "3" in index) == (3, content, False)
    assert index.add(entry("2", 2, bucket=1)).bucket == 1
    assert ids(index, 2) == names("2")


def test_an_article_is_not_refused_while_rows_of_the_dead_are_left(monkeypatch):
    monkeypatch.setattr(packed_index, "MOST_ROWS", 3)
    index = filled(*(entry(str(number), number) for number in range(3)))
    index.discard("0")
    index.add(entry("3", 3))


def test_the_last_row_can_be_numbered():
    slots = HashTable(KEY_CAP)
    alive, row_order = np.ones(MOST_ROWS, np.bool_), np.zeros(MOST_ROWS, np.int64)
    some = distinct_keys(100)
    for row in (0, 255, 256, 65_535, 65_536, MOST_ROWS - 1):
        row_order[row] = row
        slots.put(some, row, alive, row_order)
    assert np.array_equal(
        np.sort(find(some, slots.table, alive) >> PLACE_BITS),
        np.repeat([256, 65_535, 65_536, MOST_ROWS - 1], 100),
    )


def distinct_keys(count):
    """`count` distinct keys that look random: a permutation of 32 bits."""
    values = np.arange(1, count + 1, dtype=np.uint32)
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        values ^= values >> np.uint32(shift)
        values *= np.uint32(factor)
    return values ^ (values >> np.uint32(16))


def rows_of(slots, value, alive):
    hits = find(np.array([value], np.uint32), slots.table, alive)
    return sorted((hits >> PLACE_BITS).tolist())


def step(tag, buckets):
    """The distance from the home bucket to the second bucket."""
    return 1 + (((tag * 0x9E3779B1) & 0xFFFFFFFF) * (buckets - 1) >> 32)


def crowded_keys(width):
    """All keys of `width` home buckets whose second bucket is at most `width` away."""
    size = 2**32 // FIRST_BUCKETS
    tags = [tag for tag in range(size) if step(tag, FIRST_BUCKETS) <= width]
    return np.array([home * size + tag for home in range(width) for tag in tags], np.uint32)


samples = st.lists(
    st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=40, unique=True), max_size=20
)


@settings(max_examples=40, deadline=None)
@given(samples, st.sets(st.integers(0, 19)))
def test_a_key_leads_to_its_latest_rows_however_often_the_table_grew(plan, dead):
    alive, row_order = np.zeros(64, np.bool_), np.arange(64)
    slots = HashTable(KEY_CAP)
    expected = collections.defaultdict(list)
    for row, sample in enumerate(plan):
        alive[row] = True
        slots.put(np.array(sample, np.uint32), row, alive, row_order)
        for value in sample:
            expected[value] = [*expected[value][1 - KEY_CAP :], row]
        if row in (2, 7, 8):
            slots._grow(slots.buckets + slots.buckets // 4)
    assert len(slots) == sum(map(len, expected.values()))
    alive[list(dead)] = False
    for value, rows in expected.items():
        assert rows_of(slots, value, alive) == [row for row in rows if row not in dead]
    slots.sweep(alive)
    assert len(slots) == sum(row not in dead for rows in expected.values() for row in rows)
    for value, rows in expected.items():
        assert rows_of(slots, value, alive) == [row for row in rows if row not in dead]
    assert slots.evicted == 0


def test_the_hits_of_a_sample_name_the_places_of_its_keys():
    slots = HashTable(KEY_CAP)
    alive, row_order = np.ones(4, np.bool_), np.arange(4)
    some = distinct_keys(50)
    slots.put(some[::2].copy(), 1, alive, row_order)
    slots.put(some[::5].copy(), 3, alive, row_order)
    hits = np.sort(find(some, slots.table, alive)).tolist()
    assert hits == [(1 << PLACE_BITS) + place for place in range(0, 50, 2)] + [
        (3 << PLACE_BITS) + place for place in range(0, 50, 5)
    ]


@pytest.mark.parametrize("value", [0, 1, 12345, 2**32 - 1])
def test_a_hash_that_thousands_share_leads_to_the_latest_few(value):
    slots = HashTable(KEY_CAP)
    alive, row_order = np.ones(5000, np.bool_), np.arange(5000)
    one = np.array([value], np.uint32)
    for row in range(5000):
        slots.put(one, row, alive, row_order)
    assert len(slots) == KEY_CAP
    assert slots.evicted == 0
    assert rows_of(slots, value, alive) == [4996, 4997, 4998, 4999]


def test_nobody_makes_the_table_grow_at_will():
    slots = HashTable(KEY_CAP)
    alive, row_order = np.ones(1001, np.bool_), np.arange(1001)
    crowd = crowded_keys(512)
    honest = distinct_keys(200_000)
    honest = honest[honest >= np.uint32(2**31)]
    slots.put(honest, 0, alive, row_order)
    for row, sample in enumerate(np.array_split(crowd, 1000), 1):
        slots.put(sample, row, alive, row_order)
    assert slots.buckets == FIRST_BUCKETS
    assert slots.evicted > 40_000
    assert len(slots) == len(honest) + len(crowd) - slots.evicted
    # The latest entries are there, and entries of other keys in other buckets are untouched.
    hits = find(crowd[-60:], slots.table, alive)
    assert (hits >> PLACE_BITS == 1000).sum() > 50
    hits = find(honest, slots.table, alive)
    assert (hits >> PLACE_BITS == 0).sum() == len(honest)


def test_nobody_makes_a_fuller_table_sweep_for_ever(monkeypatch):
    slots, sweeps = HashTable(KEY_CAP), []
    sweep = slots.sweep

    def counted(alive):
        sweeps.append(len(slots))
        assert len(sweeps) < 20
        sweep(alive)

    monkeypatch.setattr(slots, "sweep", counted)
    alive, row_order = np.ones(1001, np.bool_), np.arange(1001)
    slots.put(distinct_keys(int(0.6 * FIRST_BUCKETS * WAYS)), 0, alive, row_order)
    for row, sample in enumerate(np.array_split(crowded_keys(256), 1000), 1):
        slots.put(sample, row, alive, row_order)


def test_a_table_is_well_filled_before_it_grows_and_loses_nothing_then():
    slots = HashTable(KEY_CAP)
    rows = 4000
    alive, row_order = np.ones(rows, np.bool_), np.arange(rows)
    samples = np.split(distinct_keys(1000 * rows), rows)
    sizes, loads, per_entry = [slots.buckets], [], []
    row = 0
    while len(sizes) < 4:
        before = len(slots)
        slots.put(samples[row], row, alive, row_order)
        if slots.buckets > sizes[-1]:
            loads.append(before / (sizes[-1] * WAYS))
            sizes.append(slots.buckets)
        if len(sizes) > 1:
            per_entry.append(slots.size / len(slots))
        row += 1
    assert min(loads) > 0.92
    assert all(more == pytest.approx(1.25 * less) for less, more in itertools.pairwise(sizes))
    assert np.mean(per_entry) < 6.4
    assert np.mean(per_entry) == pytest.approx(SLOT_BYTES, rel=0.05)
    assert slots.evicted == 0
    assert len(slots) == 1000 * row
    for number in range(row):
        hits = np.sort(find(samples[number], slots.table, alive))
        assert np.array_equal(hits, (number << PLACE_BITS) + np.arange(1000))


def test_a_full_table_of_the_dead_is_swept_and_does_not_grow():
    slots = HashTable(KEY_CAP)
    rows = 5000
    alive, row_order = np.zeros(rows, np.bool_), np.arange(rows)
    for row, sample in enumerate(np.split(distinct_keys(1000 * rows), rows)):
        alive[row] = True
        slots.put(sample, row, alive, row_order)
        if row >= 1000:
            alive[row - 1000] = False
    assert slots.buckets == FIRST_BUCKETS
    assert slots.evicted == 0
    slots.sweep(alive)
    assert len(slots) == 1000 * alive.sum()


def test_the_key_of_a_hash_spreads_what_is_close_together():
    assert len(set(keys_of(np.arange(10_000, dtype=np.uint64)).tolist())) > 9_990
