"""Facts in their columns against a list of them."""

import dataclasses

import pytest
from hypothesis import assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from cleanwire.dedupe import decision_table
from cleanwire.dedupe.decision import DECISION_KINDS, Decision
from cleanwire.dedupe.decision_table import DecisionTable
from cleanwire.similarity import key_table
from cleanwire.similarity.key_table import hash_of, key_of

SAMPLE = Decision(
    id=hash_of("a").hex(),
    url_key=hash_of("https://a.example/"),
    digest=b"12345678",
    fetched=1.5,
    bucket=20_000,
    sequence=7,
    outcome="clean",
    url="https://a.example/",
)

IDS = [
    *(hash_of(str(number)).hex() for number in range(4)),
    "0" * 32,
    "A" * 32,
    "z" * 32,
    "sixteen bytes id",
    "é" * 8,
    "é" * 16,
    "x",
    "",
    "0" * 31,
    "https://a.example/" + "y" * 300,
    "\ud800",
]
# The last three have one home in the table of pages.
PAGES = [hash_of("p"), hash_of("q"), b"\0" * 16, b"\1" * 16, b"\2" * 16]


@pytest.fixture(autouse=True)
def _small_tables(monkeypatch):
    monkeypatch.setattr(decision_table, "FIRST_ROWS", 2)
    monkeypatch.setattr(decision_table, "CHUNK", 3)
    monkeypatch.setattr(key_table, "FIRST_SLOTS", 8)


urls = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["", "https://a.example/", "https://bücher.example/東京/😀"]),
    st.just(60_000).map(lambda length: "z" * length),
)
digests = st.one_of(
    st.binary(min_size=8, max_size=8),
    st.integers(0, 8).map(lambda zeros: b"a\0b\0cdef"[: 8 - zeros].ljust(8, b"\0")),
)
decided = st.builds(
    Decision,
    id=st.sampled_from(IDS),
    url_key=st.sampled_from(PAGES),
    digest=digests,
    fetched=st.floats(allow_nan=False),
    bucket=st.one_of(st.integers(0, 3), st.sampled_from([-(2**31), 2**31 - 1])),
    sequence=st.integers(-(2**62), 2**62),
    outcome=st.sampled_from(DECISION_KINDS),
    revision=st.integers(0, 2**16 - 1),
    referenced_id=st.one_of(st.none(), st.sampled_from(IDS)),
    url=urls,
    similarity=st.floats(0, 1),
)


def filled(some):
    made = DecisionTable()
    for decision in some:
        assert made.add(decision)
    return made


class Both(RuleBasedStateMachine):
    """The facts, and the list of them in the order in which they came."""

    def __init__(self):
        super().__init__()
        self.decisions, self.model = DecisionTable(), []

    @rule(decision=decided)
    def adds(self, decision):
        known = next((other for other in self.model if other.id == decision.id), None)
        assume(known or all(other.sequence != decision.sequence for other in self.model))
        assert self.decisions.add(decision) == (known is None)
        if known is None:
            self.model.append(decision)

    @rule(some=st.lists(decided, max_size=8))
    def adds_some(self, some):
        for decision in some:
            if all(other.sequence != decision.sequence for other in self.model):
                self.adds(decision)

    @rule(article=st.sampled_from(IDS))
    def removes(self, article):
        decision = next((decision for decision in self.model if decision.id == article), None)
        self.decisions.remove(article)
        if decision is not None:
            self.model.remove(decision)

    @rule(data=st.data())
    def removes_a_bucket(self, data):
        if self.model:
            bucket = data.draw(st.sampled_from([decision.bucket for decision in self.model]))
            for decision in [decision for decision in self.model if decision.bucket == bucket]:
                self.removes(decision.id)

    @rule(article=st.sampled_from(IDS), other=st.sampled_from(IDS))
    def asks_for_others_before_it_removes(self, article, other):
        self.decisions.get(article)
        self.removes(other)
        assert (self.decisions.get(article) is not None) == any(
            decision.id == article for decision in self.model
        )

    @invariant()
    def reads_back_what_was_put_in(self):
        assert len(self.decisions) == len(self.model)
        by_id = {decision.id: decision for decision in self.model}
        for article in IDS:
            assert self.decisions.get(article) == by_id.get(article)

    @invariant()
    def has_the_facts_of_a_page_in_the_order_of_their_candidates(self):
        for page in PAGES:
            expected = [decision for decision in self.model if decision.url_key == page]
            expected.sort(key=lambda decision: decision.sequence)
            assert self.decisions.of_url(page, 99) == expected
            assert self.decisions.of_url(page, 2) == expected[-2:]

    @invariant()
    def has_them_by_bucket_the_first_first(self):
        expected = sorted(self.model, key=lambda decision: decision.bucket)
        assert list(self.decisions.in_order()) == [decision.id for decision in expected]
        for before in (0, 2):
            assert list(self.decisions.in_order(before)) == [
                decision.id for decision in expected if decision.bucket < before
            ]

    @invariant()
    def counts_what_is_there_and_what_a_bucket_keeps_until_it_is_gone(self):
        assert self.decisions.content >= filled(self.model).content
        if not self.model:
            assert self.decisions.content == 0


def test_facts_are_a_list_of_what_was_decided():
    run_state_machine_as_test(
        Both, settings=settings(max_examples=80, stateful_step_count=20, deadline=None)
    )


@pytest.mark.parametrize("referenced_id", [None, *IDS])
@pytest.mark.parametrize("article", IDS)
def test_an_id_is_read_back_whatever_it_is(article, referenced_id):
    made = filled([dataclasses.replace(SAMPLE, id=article, referenced_id=referenced_id)])
    decision = made.get(article)
    assert decision is not None
    assert (decision.id, decision.referenced_id) == (article, referenced_id)
    assert list(made.in_order()) == [article]


@pytest.mark.parametrize("zeros", range(9))
def test_a_digest_keeps_the_zeros_at_its_end(zeros):
    digest = b"12345678"[: 8 - zeros] + b"\0" * zeros
    made = filled([dataclasses.replace(SAMPLE, digest=digest)])
    assert made.get(SAMPLE.id).digest == digest


def test_a_fact_that_is_known_stays_as_it_is():
    made = filled([SAMPLE])
    content = made.content
    other = dataclasses.replace(SAMPLE, outcome="near", url="https://b.example/", bucket=1)
    assert not made.add(other)
    assert made.get(SAMPLE.id) == SAMPLE
    assert (len(made), made.content, list(made.in_order(2))) == (1, content, [])


@pytest.mark.parametrize("article", IDS)
def test_a_fact_is_known_by_its_id_and_by_the_hash_that_stands_for_it(article):
    decision = dataclasses.replace(SAMPLE, id=article)
    made = filled([decision])
    assert made.get(key_of(article).hex()) == decision
    made.remove(key_of(article).hex())
    assert made.get(article) is None
    assert made.get(article) is None


def many(bucket, start=0, count=100):
    return [
        dataclasses.replace(
            SAMPLE, id=f"{number:03}", sequence=number, bucket=bucket, url=f"https://a/{number:05}"
        )
        for number in range(start, start + count)
    ]


def test_the_rows_of_a_chunk_are_used_again_once_it_is_gone():
    made = filled(many(1))
    size, content = made.size, made.content
    for number in range(99):
        made.remove(f"{number:03}")
    assert made.content == content // 100
    made.remove("099")
    assert (len(made), made.content) == (0, 0)
    assert made.size < size
    for decision in many(2, start=200):
        made.add(decision)
    assert (made.size, made.content) == (size, content)
    assert list(made.in_order()) == [f"{number:03}" for number in range(200, 300)]
    assert made.of_url(SAMPLE.url_key, 999) == many(2, start=200)


def test_content_grows_by_what_a_fact_says():
    empty = DecisionTable().content
    short = filled([dataclasses.replace(SAMPLE, url="")]).content
    assert empty == 0
    assert filled([dataclasses.replace(SAMPLE, url="u" * 1000)]).content == short + 1000
    assert filled([dataclasses.replace(SAMPLE, url="é" * 1000)]).content == short + 2000
    assert (
        filled([dataclasses.replace(SAMPLE, url="", referenced_id=SAMPLE.id)]).content == short + 16
    )
    assert filled(many(1)).content == 100 * filled(many(1, count=1)).content


def test_a_bucket_is_read_from_its_first_living_fact_on():
    made = filled(many(1))
    for number in (0, 1, 5, 99):
        made.remove(f"{number:03}")
        assert next(made.in_order()) == ("001" if number == 0 else "002")
    assert [int(article) for article in made.in_order()] == [
        number for number in range(100) if number not in (0, 1, 5, 99)
    ]
    made.add(dataclasses.replace(SAMPLE, id="000", bucket=1))
    assert list(made.in_order())[-1] == "000"


def test_a_url_that_is_longer_than_any_is_refused_and_leaves_nothing():
    made = filled([])
    with pytest.raises(ValueError, match="more than 65535 bytes"):
        made.add(dataclasses.replace(SAMPLE, url="z" * 70_000))
    assert len(made) == 0
    assert list(made.in_order()) == []
