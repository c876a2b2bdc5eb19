"""The table of keys against a dict."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from cleanwire.similarity import key_table
from cleanwire.similarity.key_table import ID_BYTES, LOAD, KeyTable, hash_of, key_of

ROWS = 256


@pytest.fixture(autouse=True)
def _small_tables(monkeypatch):
    monkeypatch.setattr(key_table, "FIRST_SLOTS", 8)


def colliding(number, fold):
    """A key; all keys of one `fold` have the same home slot, however large the table is."""
    return np.array([number, number ^ fold], np.uint64).tobytes()


some_keys = st.builds(colliding, st.integers(0, 60), st.sampled_from([0, 0, 1, 2**63]))
odd_ids = st.one_of(
    st.text(max_size=40),
    st.text("0123456789abcdefABCDEF ", min_size=30, max_size=34),
    st.sampled_from(["", "x", "sixteen bytes id", "é" * 8, "A" * 32, " " * 32, "\ud800", "?"]),
)
our_ids = st.binary(min_size=ID_BYTES, max_size=ID_BYTES).map(bytes.hex)


class Table(RuleBasedStateMachine):
    """A table, and a dict that has the same entries."""

    def __init__(self):
        super().__init__()
        self.table, self.model = KeyTable(), {}
        self.keys = np.zeros((ROWS, 2), np.uint64)
        self.free = list(range(ROWS))

    def put(self, key):
        slot = self.table.slot(key, self.keys)
        assert (slot >= 0) == (key in self.model)
        row = self.free.pop()
        self.keys[row] = np.frombuffer(key, np.uint64)
        self.table.put(slot, row, self.keys)
        if key in self.model:
            self.free.insert(0, self.model[key])
        self.model[key] = row

    @rule(key=some_keys)
    def puts(self, key):
        self.put(key)

    @rule(some=st.sets(some_keys, max_size=30))
    def puts_many(self, some):
        for key in sorted(some):
            self.put(key)

    @rule(key=some_keys)
    def removes(self, key):
        self.table.remove(key, self.keys)
        if key in self.model:
            row = self.model.pop(key)
            # The row of a removed key belongs to no key any more.
            self.keys[row] = 2**64 - 1
            self.free.insert(0, row)

    @rule(key=some_keys)
    def removes_and_puts_again_at_once(self, key):
        self.removes(key)
        self.put(key)

    @rule(key=some_keys, other=some_keys)
    def asks_for_others_before_it_removes(self, key, other):
        self.table.find(key, self.keys)
        self.removes(other)
        assert self.table.find(key, self.keys) == self.model.get(key, -1)

    @rule(data=st.data())
    def removes_most(self, data):
        for key in data.draw(st.permutations(sorted(self.model)))[2:]:
            self.removes(key)

    @invariant()
    def leads_to_what_was_put(self):
        assert len(self.table) == len(self.model)
        for key, row in self.model.items():
            assert self.table.find(key, self.keys) == row

    @invariant()
    def leaves_nothing_behind(self):
        slots = self.table._slots
        assert np.count_nonzero(slots) == len(self.model) <= LOAD * len(slots)
        assert self.table.size == slots.nbytes

    @rule(key=some_keys)
    def leads_to_nothing_else(self, key):
        assert self.table.find(key, self.keys) == self.model.get(key, -1)


def test_a_table_of_keys_is_a_dict_of_rows():
    run_state_machine_as_test(
        Table, settings=settings(max_examples=60, stateful_step_count=30, deadline=None)
    )


def test_a_table_grows_by_what_it_holds_and_no_further():
    table, stored = KeyTable(), np.zeros((1000, 2), np.uint64)
    for row in range(1000):
        key = hash_of(str(row))
        stored[row] = np.frombuffer(key, np.uint64)
        table.put(table.slot(key, stored), row, stored)
    assert [table.find(hash_of(str(row)), stored) for row in range(1000)] == list(range(1000))
    size = table.size
    assert size == 4 * 2048
    for row in range(1000):
        table.remove(hash_of(str(row)), stored)
    assert (len(table), table.size, table._slots.any()) == (0, size, False)


def test_an_id_that_is_its_number_is_kept_as_it_is():
    spelled = "00112233445566778899aabbccddeeff"
    assert key_of(spelled) == bytes.fromhex(spelled)
    assert key_of(spelled.upper()) == hash_of(spelled.upper())
    assert key_of("id") == hash_of("id")
    assert hash_of("id").hex() == "a1f9399c2463f250da05c63bf9498627"


@given(st.sets(st.one_of(odd_ids, our_ids), min_size=2, max_size=20))
def test_different_ids_have_different_keys(articles):
    assert len({key_of(article) for article in articles}) == len(articles)


@given(st.one_of(odd_ids, our_ids))
def test_what_stands_for_an_id_stands_for_itself(article):
    assert key_of(key_of(article).hex()) == key_of(article)
