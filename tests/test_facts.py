"""Facts in their columns against a list of them."""

import dataclasses

import pytest
from hypothesis import assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from cleanwire import facts, keys
from cleanwire.decided import OUTCOMES, Decided
from cleanwire.facts import Facts
from cleanwire.keys import hash_of, key_of

SAMPLE = Decided(
    id=hash_of("a").hex(),
    page=hash_of("https://a.example/"),
    digest=b"12345678",
    fetched=1.5,
    bucket=20_000,
    order=7,
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
    monkeypatch.setattr(facts, "FIRST_ROWS", 2)
    monkeypatch.setattr(facts, "CHUNK", 3)
    monkeypatch.setattr(keys, "FIRST_PLACES", 8)


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
    Decided,
    id=st.sampled_from(IDS),
    page=st.sampled_from(PAGES),
    digest=digests,
    fetched=st.floats(allow_nan=False),
    bucket=st.one_of(st.integers(0, 3), st.sampled_from([-(2**31), 2**31 - 1])),
    order=st.integers(-(2**62), 2**62),
    outcome=st.sampled_from(OUTCOMES),
    revision=st.integers(0, 2**16 - 1),
    named=st.one_of(st.none(), st.sampled_from(IDS)),
    url=urls,
    similarity=st.floats(0, 1),
)


def filled(some):
    made = Facts()
    for fact in some:
        assert made.add(fact)
    return made


class Both(RuleBasedStateMachine):
    """The facts, and the list of them in the order in which they came."""

    def __init__(self):
        super().__init__()
        self.facts, self.model = Facts(), []

    @rule(fact=decided)
    def adds(self, fact):
        known = next((other for other in self.model if other.id == fact.id), None)
        assume(known or all(other.order != fact.order for other in self.model))
        assert self.facts.add(fact) == (known is None)
        if known is None:
            self.model.append(fact)

    @rule(some=st.lists(decided, max_size=8))
    def adds_some(self, some):
        for fact in some:
            if all(other.order != fact.order for other in self.model):
                self.adds(fact)

    @rule(article=st.sampled_from(IDS))
    def removes(self, article):
        fact = next((fact for fact in self.model if fact.id == article), None)
        self.facts.remove(article)
        if fact is not None:
            self.model.remove(fact)

    @rule(data=st.data())
    def removes_a_bucket(self, data):
        if self.model:
            bucket = data.draw(st.sampled_from([fact.bucket for fact in self.model]))
            for fact in [fact for fact in self.model if fact.bucket == bucket]:
                self.removes(fact.id)

    @rule(article=st.sampled_from(IDS), other=st.sampled_from(IDS))
    def asks_for_others_before_it_removes(self, article, other):
        self.facts.get(article)
        self.removes(other)
        assert (self.facts.get(article) is not None) == any(
            fact.id == article for fact in self.model
        )

    @invariant()
    def reads_back_what_was_put_in(self):
        assert len(self.facts) == len(self.model)
        by_id = {fact.id: fact for fact in self.model}
        for article in IDS:
            assert self.facts.get(article) == by_id.get(article)

    @invariant()
    def has_the_facts_of_a_page_in_the_order_of_their_candidates(self):
        for page in PAGES:
            expected = [fact for fact in self.model if fact.page == page]
            expected.sort(key=lambda fact: fact.order)
            assert self.facts.of_page(page, 99) == expected
            assert self.facts.of_page(page, 2) == expected[-2:]

    @invariant()
    def has_them_by_bucket_the_first_first(self):
        expected = sorted(self.model, key=lambda fact: fact.bucket)
        assert list(self.facts.in_order()) == [fact.id for fact in expected]
        for before in (0, 2):
            assert list(self.facts.in_order(before)) == [
                fact.id for fact in expected if fact.bucket < before
            ]

    @invariant()
    def counts_what_is_there_and_what_a_bucket_keeps_until_it_is_gone(self):
        assert self.facts.content >= filled(self.model).content
        if not self.model:
            assert self.facts.content == 0


def test_facts_are_a_list_of_what_was_decided():
    run_state_machine_as_test(
        Both, settings=settings(max_examples=80, stateful_step_count=20, deadline=None)
    )


@pytest.mark.parametrize("named", [None, *IDS])
@pytest.mark.parametrize("article", IDS)
def test_an_id_is_read_back_whatever_it_is(article, named):
    made = filled([dataclasses.replace(SAMPLE, id=article, named=named)])
    fact = made.get(article)
    assert fact is not None
    assert (fact.id, fact.named) == (article, named)
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
    fact = dataclasses.replace(SAMPLE, id=article)
    made = filled([fact])
    assert made.get(key_of(article).hex()) == fact
    made.remove(key_of(article).hex())
    assert made.get(article) is None
    assert made.get(article) is None


def many(bucket, start=0, count=100):
    return [
        dataclasses.replace(
            SAMPLE, id=f"{number:03}", order=number, bucket=bucket, url=f"https://a/{number:05}"
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
    for fact in many(2, start=200):
        made.add(fact)
    assert (made.size, made.content) == (size, content)
    assert list(made.in_order()) == [f"{number:03}" for number in range(200, 300)]
    assert made.of_page(SAMPLE.page, 999) == many(2, start=200)


def test_content_grows_by_what_a_fact_says():
    empty = Facts().content
    short = filled([dataclasses.replace(SAMPLE, url="")]).content
    assert empty == 0
    assert filled([dataclasses.replace(SAMPLE, url="u" * 1000)]).content == short + 1000
    assert filled([dataclasses.replace(SAMPLE, url="é" * 1000)]).content == short + 2000
    assert filled([dataclasses.replace(SAMPLE, url="", named=SAMPLE.id)]).content == short + 16
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
