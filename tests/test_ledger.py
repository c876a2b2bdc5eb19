import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.kafka.topic_reader import CLOCKS
from streams.ops.ledger import Ledger, LedgerOutcome

CLEAN = LedgerOutcome(kind="clean", what="a1", detail="1")
COPY = LedgerOutcome(kind="duplicate", what="b2", detail="near", names="a1")


def rejected(reason):
    return LedgerOutcome(kind="rejected", what=reason)


def ledger(*places):
    book = Ledger()
    for place in places:
        book.raw(place)
    return book


def test_every_record_with_one_outcome_holds():
    book = ledger((0, 0), (0, 1), (1, 0))
    book.outcome((0, 0), CLEAN)
    book.outcome((0, 1), COPY)
    book.outcome((1, 0), rejected("not-json"))
    report = book.report()
    assert report.holds
    assert report.raw == sum(report.outcomes.values()) == 3
    assert report.reasons == {"not-json": 1}


def test_a_record_without_outcome_is_missing_unless_it_is_in_flight():
    book = ledger((0, 0), (0, 1))
    book.in_flight((0, 1))
    report = book.report()
    assert not report.holds
    assert report.missing == [(0, 0)]
    assert report.in_flight == 1


def test_a_redelivery_repeats_and_is_counted():
    book = ledger((0, 0))
    book.outcome((0, 0), CLEAN)
    book.outcome((0, 0), CLEAN)
    book.outcome((0, 0), LedgerOutcome(kind="clean", what="a1", detail="1"))
    report = book.report()
    assert report.holds
    assert report.redelivered == 2


def test_two_different_outcomes_are_double():
    for other in (
        COPY,
        LedgerOutcome(kind="clean", what="zz", detail="1"),
        LedgerOutcome(kind="clean", what="a1", detail="2"),
        rejected("no-article"),
    ):
        book = ledger((0, 0))
        book.outcome((0, 0), CLEAN)
        book.outcome((0, 0), other)
        assert [entry[0] for entry in book.report().double] == [(0, 0)]


def test_every_other_outcome_overrides_a_time_limit_in_either_order():
    for reason in ("time-limit", "parser-crashed"):
        for other in (CLEAN, rejected("no-article")):
            for outcomes in ([other, rejected(reason)], [rejected(reason), other]):
                book = ledger((0, 0))
                for outcome in outcomes:
                    book.outcome((0, 0), outcome)
                report = book.report()
                assert report.holds
                assert report.outcomes[other.kind] == 1
                assert reason not in report.reasons


def test_a_duplicate_that_names_nothing_published_is_dangling():
    book = ledger((0, 0))
    book.outcome((0, 0), COPY)
    assert book.report().dangling == [((0, 0), "a1")]
    book.published("a1")
    assert book.report().holds


def test_outcomes_of_records_no_longer_retained_are_only_counted():
    book = ledger((0, 5))
    book.outcome((0, 5), CLEAN)
    book.outcome((0, 1), rejected("not-json"))
    report = book.report()
    assert report.holds
    assert report.beyond == 1


OUTCOMES = st.sampled_from([CLEAN, COPY, rejected("no-article"), rejected("time-limit")])


@given(st.sets(st.tuples(st.integers(0, 2), st.integers(0, 20))), st.data())
def test_the_account_always_adds_up(places, data):
    book = ledger(*places)
    book.published("a1")
    for place in data.draw(st.lists(st.sampled_from(sorted(places)))) if places else []:
        book.outcome(place, data.draw(OUTCOMES))
    report = book.report()
    assert report.raw == sum(report.outcomes.values()) + report.in_flight + len(report.missing)


def replayed(outcome, at, **more):
    original, appended = more.pop("original", (0, 0)), more.pop("appended", at)
    return dataclasses.replace(
        outcome,
        replays=f"id/{original[0]}/{original[1]}",
        original=original,
        appended=appended,
        written=at,
    )


def test_a_replay_counts_as_a_record_of_its_own():
    book = ledger((0, 0), (0, 1))
    book.outcome((0, 0), rejected("no-article"))
    book.outcome((0, 1), replayed(CLEAN, 9.0))
    report = book.report()
    assert report.holds
    assert (report.raw, report.replays) == (2, 1)
    # A page that was rejected is not clean as well, whatever its replay was.
    book.outcome((0, 0), CLEAN)
    assert not book.report().holds


WAS = LedgerOutcome(kind="duplicate", what="a1", detail="exact", names="zz")


def books_of_a_second_outcome():
    """A duplicate that is published 19 s later, entered in either order."""
    entries = [dataclasses.replace(WAS, written=1.0), dataclasses.replace(CLEAN, written=20.0)]
    for order in (entries, entries[::-1]):
        book = ledger((0, 0), (0, 5))
        book.published("zz")
        for outcome in order:
            book.outcome((0, 0), outcome)
        yield book


def test_an_original_that_is_delivered_again_may_have_the_outcome_of_its_replay():
    for book in books_of_a_second_outcome():
        assert [entry[0] for entry in book.report().double] == [(0, 0)]
        book.outcome((0, 5), replayed(CLEAN, 10.0))
        assert book.report().holds


def test_an_outcome_that_no_replay_explains_is_double_still():
    cases = {
        "the replay repeats the first outcome": replayed(WAS, 10.0),
        "it is a replay of another page": replayed(CLEAN, 10.0, original=(0, 3)),
    }
    for why, replay in cases.items():
        for book in books_of_a_second_outcome():
            book.outcome((0, 5), replay)
            assert [entry[0] for entry in book.report().double] == [(0, 0)], why


@pytest.mark.parametrize(
    ("appended", "explains"),
    [(20.0, True), (20.0 + CLOCKS, True), (20.1 + CLOCKS, False), (math.inf, False)],
)
def test_a_replay_explains_no_outcome_that_was_there_before_it(appended, explains):
    for book in books_of_a_second_outcome():
        book.outcome((0, 5), replayed(CLEAN, 9000.0, appended=appended))
        assert book.report().holds == explains


def test_an_original_explains_no_second_outcome_of_its_replay():
    book = ledger((0, 0), (0, 5))
    book.published("zz")
    book.outcome((0, 0), dataclasses.replace(WAS, written=1.0, appended=0.0))
    book.outcome((0, 5), replayed(CLEAN, 10.0))
    book.outcome((0, 5), replayed(WAS, 20.0, appended=10.0))
    assert [entry[0] for entry in book.report().double] == [(0, 5)]


def withdrawn(article):
    return LedgerOutcome(kind="rejected", what="withdrawn", article=article)


def test_what_was_taken_down_may_be_withdrawn_after_it_was_published():
    for order in ([CLEAN, withdrawn("a1")], [withdrawn("a1"), CLEAN]):
        book = ledger((0, 0))
        for outcome in order:
            book.outcome((0, 0), outcome)
        book.tombstone("a1")
        report = book.report()
        assert report.holds
        assert report.outcomes["rejected"] == 1
        assert report.withdrawn == 1


def test_another_article_that_is_withdrawn_is_double_and_unexplained():
    book = ledger((0, 0), (0, 1))
    book.outcome((0, 0), CLEAN)
    book.outcome((0, 0), withdrawn("zz"))
    book.outcome((0, 1), withdrawn("b2"))
    report = book.report()
    assert [place for place, *_ in report.double] == [(0, 0)]
    assert report.unexplained == [((0, 1), "b2")]


def test_what_is_published_after_its_last_tombstone_is_back():
    book = ledger((0, 0))
    book.tombstone("a1")
    book.outcome((0, 0), CLEAN)
    assert book.report().republished == ["a1"]
    book.tombstone("a1")
    assert book.report().holds


def test_a_duplicate_of_what_was_taken_down_named_it_while_it_stood():
    book = ledger((0, 0))
    book.outcome((0, 0), COPY)
    book.tombstone("a1")
    assert book.report().holds


def test_outcomes_of_pages_after_the_cut_are_later_and_not_beyond():
    book = Ledger()
    book.bounds(0, 5, 8)
    for offset in range(12):
        book.outcome((0, offset), rejected("not-json"))
    book.outcome((7, 0), rejected("not-json"))  # a partition that was added since
    report = book.report()
    assert report.holds
    assert (report.raw, report.beyond, report.later) == (3, 5, 5)


def test_outcomes_of_a_topic_that_was_deleted_prove_nothing_but_what_was_published():
    book = ledger((0, 0), (0, 1))
    book.of_predecessor(CLEAN)
    book.of_predecessor(rejected("not-json"))
    book.outcome((0, 0), COPY)
    report = book.report()
    assert report.predecessors == 2
    assert report.missing == [(0, 1)]
    assert not report.double
    assert not report.dangling


OLD, NEW = 100.0, 200.0


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_two_outcomes_the_one_that_is_older_than_the_record_is_not_its(order):
    book = ledger((0, 0))
    outcomes = [
        dataclasses.replace(CLEAN, at=OLD),
        LedgerOutcome(kind="clean", what="zz", detail="1", at=NEW),
    ]
    for place in order:
        book.outcome((0, 0), outcomes[place])
    assert book.doubtful == [(0, 0)]
    book.settle((0, 0), since=150.0)
    report = book.report()
    assert report.holds
    assert (report.predecessors, report.outcomes["clean"]) == (1, 1)


def test_two_outcomes_that_are_both_younger_than_the_record_stay_double():
    book = ledger((0, 0))
    book.outcome((0, 0), dataclasses.replace(CLEAN, at=NEW))
    book.outcome((0, 0), rejected("no-article"))
    book.settle((0, 0), since=150.0)
    assert len(book.report().double) == 1


def test_what_was_deleted_unread_is_no_broken_law_and_not_whole_either():
    book = ledger((0, 0))
    book.outcome((0, 0), CLEAN)
    assert book.report().is_whole
    book.unread(0, 6)
    book.unread(0, 4)
    report = book.report()
    assert report.holds
    assert not report.is_whole
    assert report.unread == {0: 10}
