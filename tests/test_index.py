"""The packed index against one of plain dicts, and its table."""

import collections
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleanwire.index import KEY_CAP, MIN_HITS, Index, Thresholds
from cleanwire.minhash import signature
from cleanwire.slots import FIRST_BITS, WAYS, Slots

WORDS = [f"{a}{b}{c}" for a in "bdfgklmnprst" for b in "aeiou" for c in "lmnrst"]


def text(seed, length=400):
    return " ".join(random.Random(seed).choices(WORDS, k=length))  # noqa: S311 - texts, no secrets


class Plain:
    """The same rules with a dict of hashes and one of whole signatures."""

    def __init__(self):
        self.signatures, self.postings = {}, {}

    def add(self, article, signed):
        if article not in self.signatures:
            self.signatures[article] = signed
            for key in signed.sample.tolist():
                self.postings[key] = [*self.postings.get(key, [])[1 - KEY_CAP :], article]

    def discard(self, article):
        signed = self.signatures.pop(article, None)
        for key in signed.sample.tolist() if signed else ():
            self.postings[key] = [other for other in self.postings[key] if other != article]

    def matches(self, signed):
        hits = collections.Counter(
            article for key in signed.sample.tolist() for article in self.postings.get(key, ())
        )
        limits = Thresholds()
        found = {}
        for article, shared in hits.items():
            stored = self.signatures[article]
            one, other = len(stored.sample), len(signed.sample)
            assert stored.bound == signed.bound, "long texts only: all samples reach as high"
            if shared < min(MIN_HITS, one, other):
                continue
            jaccard = shared / (one + other - shared)
            contained = shared / (one if stored.shingles <= signed.shingles else other)
            if stored.digest == signed.digest:
                found[article] = ("exact", 1.0)
            elif jaccard >= limits.near:
                found[article] = ("near", pytest.approx(jaccard))
            elif contained >= limits.excerpt:
                found[article] = ("excerpt", pytest.approx(min(1.0, contained)))
        return found


steps = st.lists(
    st.tuples(st.sampled_from(["add", "add", "discard"]), st.integers(0, 5), st.integers(0, 3)),
    max_size=30,
)


@settings(max_examples=60, deadline=None)
@given(steps)
def test_the_packed_index_is_the_plain_one(plan):
    packed, plain = Index(), Plain()
    for number, (what, story, cut) in enumerate(plan):
        signed = signature(text(story, 1400 - 150 * cut))
        assert {m.id: (m.kind, m.similarity) for m in packed.matches(signed)} == plain.matches(
            signed
        )
        if what == "add":
            packed.add(str(number), signed)
            plain.add(str(number), signed)
        else:
            packed.discard(str(number - 2))
            plain.discard(str(number - 2))
        assert len(packed) == len(plain.signatures)


def test_short_and_long_texts_are_compared_by_scale():
    long = text(1, 3000)
    short = " ".join(long.split()[:120])
    index = Index()
    index.add("short", signature(short))
    (match,) = index.matches(signature(long))
    assert match.kind == "excerpt"
    assert match.similarity > 0.8
    index = Index()
    index.add("long", signature(long))
    (match,) = index.matches(signature(short))
    assert match.kind == "excerpt"
    assert match.similarity > 0.8


def test_rows_are_used_again_once_no_slot_leads_to_them():
    index = Index()
    for number in range(5000):
        index.add(str(number), signature(text(number, 60)))
        index.discard(str(number - 100))
    assert len(index) == 100
    assert len(index._ids) < 3000
    assert {m.id for m in index.matches(signature(text(4999, 60)))} == {"4999"}
    assert index.matches(signature(text(4000, 60))) == []


hashes = st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=40, unique=True)


@settings(max_examples=60, deadline=None)
@given(st.lists(hashes, max_size=20))
def test_a_hash_leads_to_its_latest_rows_however_often_the_table_grew(samples):
    living, births = np.zeros(64, np.bool_), np.arange(64)
    slots = Slots(KEY_CAP)
    expected = collections.defaultdict(list)
    for row, sample in enumerate(samples):
        living[row] = True
        slots.put(np.array(sample, np.uint64), row, living, births)
        for value in sample:
            expected[value] = [*expected[value][1 - KEY_CAP :], row]
        if row in (2, 7):
            slots._grow()
    for value, rows in expected.items():
        _, found = slots.find(np.array([value], np.uint64), living)
        assert sorted(found.tolist()) == rows
    assert len(slots) == sum(map(len, expected.values()))


def test_a_hash_that_thousands_share_leads_to_the_latest_few():
    slots = Slots(KEY_CAP)
    living, births = np.ones(5000, np.bool_), np.arange(5000)
    one = np.array([12345], np.uint64)
    for row in range(5000):
        slots.put(one, row, living, births)
    assert len(slots) == KEY_CAP
    assert slots.evicted == 0
    assert sorted(slots.find(one, living)[1].tolist()) == [4996, 4997, 4998, 4999]


def test_nobody_makes_the_table_grow_at_will():
    # 256 buckets that have their second buckets among themselves, and far more keys for them.
    inverse = pow(0x9E3779B97F4A7C15, -1, 2**64)
    tags = [tag for tag in range(1 << 16) if tag * 0x9E37 & 0xFFFF < 256]
    keys = [(home << 16 | tag) << 32 for home in range(256) for tag in tags]
    hashes = np.array([key * inverse % 2**64 for key in keys], np.uint64)
    slots = Slots(KEY_CAP)
    living, births = np.ones(1000, np.bool_), np.arange(1000)
    for row, sample in enumerate(np.array_split(hashes, 1000)):
        slots.put(sample, row, living, births)
    assert slots._bits == FIRST_BITS
    assert slots.evicted > 50_000
    # The latest are there, and what others put elsewhere is untouched.
    assert (slots.find(hashes[-60:], living)[1] == 999).sum() > 50


def test_a_table_is_well_filled_before_it_doubles():
    slots = Slots(KEY_CAP)
    living, births = np.ones(20_000, np.bool_), np.arange(20_000)
    draw = np.random.default_rng(5)
    row = 0
    while slots._bits == FIRST_BITS:
        before = len(slots)
        slots.put(draw.integers(0, 2**64, 100, np.uint64), row, living, births)
        row += 1
    assert before > 0.8 * (WAYS << FIRST_BITS)
    assert slots.evicted == 0
    draw = np.random.default_rng(5)
    for number in range(row):
        found = slots.find(draw.integers(0, 2**64, 100, np.uint64), living)[1]
        assert (found == number).sum() == 100


def test_the_index_grows_by_what_it_holds():
    index = Index()
    empty = index.size
    for number in range(3000):
        index.add(str(number), signature(text(number, 300)))
    assert index.size < empty + 3000 * 1500
