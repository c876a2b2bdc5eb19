"""The parts of the fault run that need no bus: its load, its damage, and above all its check."""

import dataclasses
import random
from collections import Counter

import pytest

from cleanwire import Pipeline, Source
from cleanwire.dedupe.policy import DAY, Window
from cleanwire.events import Rejection
from faultrun.check import Checker
from faultrun.load import HOT, MAX_PAGE_BYTES, Load
from faultrun.nemesis import damage
from faultrun.terms import WHAT, Told

PAGE = Told(kind="candidate", what="a1", digest=b"page")
FIRST = Told(kind="clean", what="a1", digest=b"first", revision=1)
COPIED = Told(kind="candidate", what="b2", digest=b"copied")
COPY = Told(kind="near", what="b2", digest=b"copy", names="a1", similarity=0.9)
POISON = Told(kind="rejected", what="not-json", digest=b"why")
LATE = Told(kind="rejected", what="time-limit", digest=b"10 s")


def draw(seed):
    return random.Random(seed)


def other(told, **changes):
    return dataclasses.replace(told, **changes)


def run(**changes):
    """A run of three events in which nothing went wrong, but for the changes."""
    told = {
        "acknowledged": [((0, 0), 0), ((0, 1), 1), ((1, 0), 2)],
        "raw": {(0, 0): (0, PAGE), (0, 1): (1, COPIED), (1, 0): (2, POISON)},
        "candidates": [((0, 0), PAGE), ((0, 1), COPIED)],
        "expected": [FIRST, COPY],
        "outcomes": [((0, 0), FIRST), ((0, 1), COPY), ((1, 0), POISON)],
    } | changes
    checker = Checker(events=told.get("events", 0))
    checker.stopped(told.get("stopped", 0))
    for place, event in told["acknowledged"]:
        checker.acknowledged(place, event)
    for place, (event, cleaned) in told["raw"].items():
        checker.raw(place, event, cleaned)
    for order, (place, cleaned) in enumerate(told["candidates"]):
        checker.candidate(place, order, cleaned)
    for outcome in told["expected"]:
        checker.expected(outcome)
    for place, outcome in told["outcomes"]:
        checker.outcome(place, outcome)
    return checker.verdict()


ALL = [((0, 0), FIRST), ((0, 1), COPY), ((1, 0), POISON)]
RAW = {(0, 0): (0, PAGE), (0, 1): (1, COPIED), (1, 0): (2, POISON)}
LATE_ALONE = {
    "outcomes": [*ALL[:1], ((0, 1), LATE), *ALL[2:]],
    "candidates": [((0, 0), PAGE)],
    "stopped": 1,
}


def test_a_run_in_which_nothing_went_wrong_holds():
    verdict = run()
    assert verdict.holds
    assert verdict.outcomes == {"clean": 1, "near": 1, "rejected": 1}
    assert (verdict.attempted, verdict.acknowledged, verdict.raw, verdict.compared) == (3, 3, 3, 3)
    assert verdict.lost == verdict.unexpected == verdict.duplicated == verdict.recovered == 0


def test_what_is_delivered_again_is_counted_and_is_no_fault():
    verdict = run(
        outcomes=[*ALL, ((0, 1), COPY), ((0, 0), FIRST)],
        candidates=[((0, 0), PAGE), ((0, 1), COPIED), ((0, 0), PAGE)],
    )
    assert verdict.holds
    assert (verdict.duplicated, verdict.redelivered_candidates, verdict.candidates) == (2, 1, 2)


def test_a_sending_without_an_answer_may_have_come_to_something():
    verdict = run(acknowledged=[((0, 0), 0), ((1, 0), 2)])
    assert verdict.holds
    assert verdict.recovered == 1


def test_a_rejection_of_the_moment_is_told_apart():
    beside = run(outcomes=[*ALL, ((0, 0), LATE), ((1, 0), LATE)])
    assert beside.holds
    assert (beside.overridden, beside.of_the_moment) == (2, 0)
    alone = run(**LATE_ALONE)
    assert alone.holds
    assert (alone.overridden, alone.of_the_moment, alone.compared) == (0, 1, 2)


WRONG = {
    "no outcome": ({"outcomes": ALL[:2]}, {"lost": 1}),
    "acknowledged and gone": (
        {"acknowledged": [((0, 0), 0), ((0, 1), 1), ((1, 0), 2), ((1, 1), 3)]},
        {"lost": 1},
    ),
    "acknowledged, gone, and its place another's": (
        {"acknowledged": [((0, 0), 0), ((0, 1), 1), ((1, 0), 2), ((1, 0), 3)]},
        {"lost": 1},
    ),
    "never acknowledged": ({"events": 4}, {"lost": 1}),
    "too late for its candidate": (
        {"outcomes": [*ALL[:1], ((0, 1), LATE), *ALL[2:]], "stopped": 1},
        {"lost": 1},
    ),
    "too late, and nothing was stopped": (
        {**LATE_ALONE, "stopped": 0},
        {"rejection not as in batch": 1},
    ),
    "a crash that nothing accounts for": (
        {"outcomes": [*ALL[:2], ((1, 0), other(LATE, what="parser-crashed"))], "stopped": 9},
        {"rejection not as in batch": 1},
    ),
    "an outcome of nothing": ({"outcomes": [*ALL, ((1, 9), POISON)]}, {"unexpected": 1}),
    "a candidate of nothing": (
        {"candidates": [((0, 0), PAGE), ((0, 1), COPIED), ((3, 3), other(PAGE, what="c3"))]},
        {"unexpected": 1},
    ),
    "a record that nobody published": ({"raw": {**RAW, (1, 0): (None, POISON)}}, {"unexpected": 1}),
    "another event than was acknowledged": (
        {"raw": {**RAW, (1, 0): (0, POISON)}},
        {"unexpected": 1},
    ),
    "two outcomes": (
        {"outcomes": [*ALL, ((0, 0), other(FIRST, digest=b"else"))]},
        {"two outcomes": 1},
    ),
    "two reasons": (
        {"outcomes": [*ALL, ((1, 0), other(POISON, what="no-article"))]},
        {"two outcomes": 1},
    ),
    "an outcome and a rejection": ({"outcomes": [*ALL, ((0, 0), POISON)]}, {"two outcomes": 1}),
    "one id, two outcomes": (
        {
            "raw": {**RAW, (2, 0): (0, PAGE)},
            "candidates": [((0, 0), PAGE), ((0, 1), COPIED), ((2, 0), PAGE)],
            "outcomes": [*ALL, ((2, 0), other(FIRST, revision=2))],
        },
        {"outcomes of one id": 1, "not as in batch": 1},
    ),
    "another decision than in batch": (
        {"expected": [FIRST, other(COPY, similarity=0.8)]},
        {"not as in batch": 1},
    ),
    "decided without a candidate": (
        {"candidates": [((0, 0), PAGE)]},
        {"not as in batch": 1, "names no earlier article": 1},
    ),
    "another candidate than in batch": (
        {"raw": {**RAW, (0, 0): (0, other(PAGE, digest=b"text"))}},
        {"candidate not as in batch": 1},
    ),
    "two candidates": (
        {"candidates": [((0, 0), PAGE), ((0, 1), COPIED), ((0, 0), other(PAGE, digest=b"text"))]},
        {"candidate not as in batch": 1},
    ),
    "rejected for another reason": (
        {"raw": {**RAW, (1, 0): (2, other(POISON, what="no-article"))}},
        {"rejection not as in batch": 1},
    ),
    "rejected for nothing": (
        {"outcomes": [((0, 0), FIRST), ((0, 1), POISON), ((1, 0), POISON)]},
        {"rejection not as in batch": 1},
    ),
    "a copy of what came later": (
        {"candidates": [((0, 1), COPIED), ((0, 0), PAGE)]},
        {"names no earlier article": 1},
    ),
    "a copy of what was not published": (
        {
            "outcomes": [((0, 0), other(FIRST, kind="exact", names=None)), *ALL[1:]],
            "expected": [other(FIRST, kind="exact", names=None), COPY],
        },
        {"names no earlier article": 1},
    ),
}


@pytest.mark.parametrize(("changes", "violations"), WRONG.values(), ids=WRONG)
def test_every_violation_is_found_and_named(changes, violations):
    verdict = run(**changes)
    assert not verdict.holds
    assert verdict.violations == violations
    assert verdict.violations.keys() <= WHAT.keys()
    for kind, lines in verdict.listed.items():
        assert len(lines) == violations[kind]
        assert all("raw-pages" in line for line in lines)


def test_the_first_twenty_of_a_kind_are_named_and_all_are_counted():
    raw = {(5, offset): (offset, POISON) for offset in range(50)}
    verdict = run(raw=RAW | raw)
    assert verdict.violations == {"lost": 50}
    assert len(verdict.listed["lost"]) == 20
    assert verdict.lost == 50


@pytest.mark.slow
def test_a_load_follows_from_its_seed_and_is_what_a_crawl_is():
    load = Load(seed=3, events=1500, partitions=4, ends=1_790_000_000)
    events = [load.event(number) for number in range(load.events)]
    assert events[700:710] == [dataclasses.replace(load).event(n) for n in range(700, 710)]
    assert events[1:] != [dataclasses.replace(load, seed=4).event(n) for n in range(1, 1500)]
    kinds = Counter(event.kind for event in events)
    assert kinds.keys() >= {"story", "exact", "near", "excerpt", "recrawl", "revision", "twice"}
    assert max(Counter(event.partition for event in events).values()) > 0.4 * load.events
    assert sum(event.key == HOT.encode() for event in events) > 0.3 * load.events
    values = {event.value for event in events if event.kind != "twice"}
    assert all(event.value in values for event in events if event.kind == "twice")
    pipeline = Pipeline(
        max_page_bytes=MAX_PAGE_BYTES, window=Window(length=10 * DAY, replay=30 * DAY)
    )
    outcomes = Counter()
    for place, event in enumerate(events):
        source = Source(topic="raw-pages", partition=0, offset=place)
        outcome = pipeline.process(event.value, source, received_at=load.ends)
        rejected = isinstance(outcome, Rejection)
        assert rejected or event.kind not in ("poison", "oversize")
        outcomes[outcome.reason if rejected else getattr(outcome, "kind", "clean")] += 1
    assert outcomes.keys() >= {"clean", "exact", "near", "excerpt", "recrawl", "too-large"}


def test_damage_leaves_no_file_as_it_was_for_long(tmp_path):
    assert damage(tmp_path, draw(0)) == "nothing in it"
    done = []
    for seed in range(12):
        folder = tmp_path / str(seed)
        folder.mkdir()
        for name in "abcd":
            (folder / name).write_bytes(bytes(100))
        done.append(damage(folder, draw(seed)))
        assert any(
            not (folder / name).exists() or (folder / name).read_bytes() != bytes(100)
            for name in "abcd"
        )
    said = " ".join(done)
    assert all(word in said for word in ("files deleted", "truncated", "flipped", "spared"))


GONE = Told(kind="withdrawn", what="a1", digest=b"")


def taken_down(*, refused=(), tombstones=("a1",), withdrawn=("a1",), **changes):
    """The same run, with a takedown in it."""
    checker = Checker()
    told = {
        "raw": {(0, 0): (0, PAGE), (0, 1): (1, COPIED)},
        "outcomes": [((0, 0), FIRST), ((0, 1), COPY)],
    } | changes
    for place, (event, cleaned) in told["raw"].items():
        checker.acknowledged(place, event)
        checker.raw(place, event, cleaned)
    for order, (place, (_, cleaned)) in enumerate(told["raw"].items()):
        checker.candidate(place, order, cleaned)
    for outcome in (FIRST, COPY):
        checker.expected(outcome)
    if withdrawn:
        checker.takedown(withdrawn)
    for place in refused:
        checker.refused(place)
    for article in tombstones:
        checker.tombstone(article)
    for place, outcome in told["outcomes"]:
        checker.outcome(place, outcome)
    return checker.verdict()


def test_what_was_decided_before_it_was_taken_down_may_be_refused_after():
    both = [((0, 0), FIRST), ((0, 0), GONE), ((0, 1), COPY)]
    assert taken_down(outcomes=both).holds
    assert taken_down(outcomes=both[::-1]).holds
    # Its outcome went down with a worker, and is not made any more.
    assert taken_down(outcomes=both[1:]).holds
    verdict = taken_down(outcomes=both, withdrawn=())
    assert verdict.violations == {"two outcomes": 1}


def test_what_is_taken_down_and_still_stands_is_found():
    verdict = taken_down(tombstones=())
    assert verdict.takedowns == 1
    assert verdict.violations == {"no tombstone": 1}
    assert verdict.listed["no tombstone"] == ["a1"]


def test_what_comes_after_its_takedown_is_refused_and_nothing_else():
    after = {"refused": [(0, 0)]}
    assert taken_down(**after, outcomes=[((0, 0), GONE), ((0, 1), COPY)]).holds
    published = taken_down(**after)
    assert published.violations == {"not as in batch": 1}
    for wrong in (other(GONE, what="b2"), POISON):
        verdict = taken_down(**after, outcomes=[((0, 0), wrong), ((0, 1), COPY)])
        assert not verdict.holds


def test_a_page_that_nobody_took_down_is_not_refused():
    outcomes = [((0, 0), FIRST), ((0, 1), other(GONE, what="b2"))]
    assert taken_down(outcomes=outcomes).violations == {"not as in batch": 1}
