"""When a stage is judged to be stuck, second by second."""

import pytest
from faust.types import TP

from streams.runtime.consumer import PartitionProgress
from streams.supervision.progress import Progress

RAW = TP("raw-pages", 3)
LIMIT = 100


def marks(position=10, handed=9, acked=9, committed=10):
    return PartitionProgress(position=position, handed=handed, acked=acked, committed=committed)


def run(seconds, at, *, ends, waiting=None, progress=None):
    """Look once a second, and judge whenever it is asked for; the first finding and its second."""
    progress = progress or Progress(LIMIT)
    for second in range(seconds):
        doubtful = progress.look(1, at(second), waiting(second) if waiting else None)
        if doubtful:
            answer = ends(second)
            found = progress.judge(
                None if answer is None else dict.fromkeys(doubtful - {None}, answer)
            )
            if found:
                return second, found
    return None


def still(_):
    return {RAW: marks()}


def test_a_partition_with_lag_that_does_not_move_is_found_at_the_limit():
    second, found = run(200, still, ends=lambda _: 15)
    assert second == LIMIT
    assert found == "raw-pages partition 3 has stood at offset 10, 5 behind its end, for 100 s"


@pytest.mark.parametrize(
    "at",
    [
        lambda _: {RAW: marks(position=15, handed=14, acked=9)},
        lambda _: {RAW: marks(position=None, handed=None, acked=None, committed=None)},
    ],
    ids=["handed and not acked", "no position"],
)
def test_lag_is_what_is_unread_or_unacked(at):
    assert run(200, at, ends=lambda _: 15)[0] == LIMIT


def test_a_partition_at_its_end_is_idle_even_if_the_last_records_are_markers():
    assert run(1000, lambda _: {RAW: marks(position=12)}, ends=lambda _: 12) is None


def test_every_step_begins_anew():
    assert run(1000, lambda s: {RAW: marks(position=10 + s // 99)}, ends=lambda _: 10**6) is None


def test_time_without_a_broker_does_not_count():
    def ends(second):
        return None if second < 300 else 15

    second, _ = run(1000, still, ends=ends)
    assert 300 + 0.7 * LIMIT <= second <= 300 + 1.3 * LIMIT
    assert run(1000, still, ends=lambda _: None) is None


def test_acks_that_are_never_committed_are_found():
    _, found = run(
        300,
        lambda s: {RAW: marks(position=10 + s, handed=9 + s, acked=9 + s, committed=10)},
        ends=lambda s: 10 + s,
    )
    assert "is acked to offset" in found
    assert "was not committed for 100 s" in found


def test_a_rebalance_that_never_ends_is_found_and_a_recovery_that_gets_on_is_not():
    stuck = run(200, lambda _: {}, ends=lambda _: 15, waiting=lambda _: (1, {}))
    assert stuck == (LIMIT, "it has waited 100 s for its partitions or its memory")
    assert (
        run(1000, lambda _: {}, ends=lambda _: 15, waiting=lambda s: (1, {"at": s // 50})) is None
    )


def test_a_partition_that_is_taken_away_is_forgotten():
    progress = Progress(LIMIT)
    assert run(90, still, ends=lambda _: 15, progress=progress) is None
    assert run(2, lambda _: {}, ends=lambda _: 15, progress=progress) is None
    assert run(90, still, ends=lambda _: 15, progress=progress) is None


OTHER = TP("raw-pages", 4)


def one():
    return marks(position=11, handed=10, acked=9)


def done():
    return marks(position=11, handed=10, acked=10, committed=11)


def beside_a_busy_one(seconds, at, *, end, before=200):
    """As `run`, beside a partition of which one page a second is done and `before` are in hand."""
    progress = Progress(LIMIT)
    for second in range(seconds):
        handed = before + second
        busy = marks(position=handed + 1, handed=handed, acked=second, committed=second)
        if progress.look(1, {OTHER: busy, RAW: at(second)}, None):
            found = progress.judge({OTHER: 10**6, RAW: end(second)})
            if found:
                return second, found
    return None


def test_who_waits_behind_slow_pages_of_another_partition_is_not_stuck():
    def at(second):
        return one() if second < 190 else done()

    assert beside_a_busy_one(1000, at, end=lambda _: 11) is None


def test_who_comes_after_slow_pages_that_came_while_it_had_nothing_is_not_stuck():
    def at(second):
        return marks() if second < 690 else done()

    assert beside_a_busy_one(1000, at, end=lambda s: 10 if s < 500 else 11) is None


@pytest.mark.parametrize(("before", "most"), [(200, 600 + LIMIT), (1, 5 + LIMIT)])
def test_who_is_passed_over_is_stuck_however_busy_the_others_are(before, most):
    second, found = beside_a_busy_one(2000, lambda _: one(), end=lambda _: 11, before=before)
    assert found.startswith("raw-pages partition 3 has stood at offset 10, 1 behind its end")
    assert LIMIT <= second <= most + 10
