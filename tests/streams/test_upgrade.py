"""A rolling upgrade and the way back: the version before and this one, on one bus.

The stages are replaced in the order that docs/howto/upgrade.md gives.
"""

import orjson
import pytest

from cleanwire import Pipeline, Source
from cleanwire.dedupe.published import joined
from cleanwire.dedupe.records import unpack_candidate
from cleanwire.events import CleanArticle, DuplicateArticle, to_dict
from cleanwire.similarity.index import Thresholds
from faultrun.load import Load
from helpers import previous
from helpers.harness import (
    Worker,
    added,
    metric,
    page,
    publish,
    records,
    wait_for_outcomes,
    wait_until,
)
from streams.kafka.topics import ensure_topics
from streams.ops.audit import audit

pytestmark = pytest.mark.broker

PART = 50
"""Pages that are published in each step of the upgrade."""

LOAD = Load(seed=11, events=6 * PART, partitions=4, ends=1_793_500_000.0)


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    return previous.extracted(tmp_path_factory.mktemp("before"))


class Steps:
    """Publishes a part of the load after the other, and waits for its outcomes."""

    def __init__(self, settings):
        self.settings = settings
        self.published = 0

    def step(self):
        events = [LOAD.event(self.published + number) for number in range(PART)]
        for partition in range(LOAD.partitions):
            values = [event.value for event in events if event.partition == partition]
            publish(self.settings, values, partition=partition)
        self.published += PART
        return wait_for_outcomes(self.settings, self.published)


def worked(worker, stage):
    """How many events a stage of this worker has acked."""
    return metric(worker, f'cleanwire_events_total{{stage="{stage}"}}') or 0


def test_an_upgrade_and_the_way_back_lose_and_double_nothing(bare_settings, before):
    settings = bare_settings
    ensure_topics(settings)
    steps = Steps(settings)
    with previous.PreviousWorker(before, settings) as old:
        assert "title" not in only_duplicate(steps.step())
        with Worker(settings, "--stage", "dedupe") as dedupe:
            steps.step()
            assert worked(old, "extract") == 2 * PART
            assert old.stop() == 0
            with Worker(settings) as new:
                steps.step()
                assert worked(dedupe, "dedupe") + worked(new, "dedupe") > 0
                # The way back. Nothing of what the new extract wrote is left undecided.
                assert new.stop() == 0
            with previous.PreviousWorker(before, settings) as old_again:
                steps.step()
                assert dedupe.stop() == 0
                steps.step()
                assert old_again.stop() == 0
    apart = settings.model_copy(update={"article_details": "topic"})
    ensure_topics(apart)
    with Worker(apart) as last:
        found = steps.step()
        assert worked(last, "dedupe") >= worked(last, "extract") - PART
        assert last.stop() == 0
    assert_outcomes_are_those_of_the_batch_mode(apart, found, before)
    report, unreadable = audit(settings)
    assert report.holds, report
    assert not unreadable
    assert report.raw == len(found) == LOAD.events
    assert report.redelivered <= PART


def only_duplicate(found):
    return next(event for ((name, event), *_) in found.values() if name == "duplicate")


def assert_outcomes_are_those_of_the_batch_mode(settings, found, before):
    """Compare in the order in which the articles were decided on: that of the candidates."""
    raw = {(r.partition, r.offset): r for r in records(settings, settings.topics.raw)}
    sources = [
        orjson.loads(record.value)["source"]
        for record in records(settings, settings.topics.candidates)
    ]
    order = list(dict.fromkeys((one["partition"], one["offset"]) for one in sources))
    order += [place for place in raw if place not in order]
    details = {
        record.key.decode(): orjson.loads(record.value)
        for record in records(settings, settings.topics.details)
    }
    known = {
        name: previous.members(before, name) for name in ("clean-article", "duplicate-article")
    }
    pipeline = Pipeline(thresholds=Thresholds(near=0.45, excerpt=0.7))
    seen = set()
    for partition, offset in order:
        source = Source(topic=settings.topics.raw, partition=partition, offset=offset)
        arrived = raw[partition, offset]
        at = arrived.timestamp / 1000
        wanted = pipeline.process(arrived.value, source, received_at=at)
        for name, event in found[partition, offset]:
            if isinstance(wanted, CleanArticle | DuplicateArticle):
                is_clean = isinstance(wanted, CleanArticle)
                assert name == ("clean" if is_clean else "duplicate")
                whole = joined(event, details.get(event["id"])) if is_clean else event
                theirs = orjson.loads(orjson.dumps(to_dict(wanted)))
                compared = known[f"{name}-article"]
                assert {one: whole[one] for one in compared} == {
                    one: theirs[one] for one in compared
                }
                seen.add((name, event.get("kind"), "signature" in event, "title" in event))
            else:
                assert (name, event["reason"], event["detail"]) == (
                    "rejected",
                    wanted.reason,
                    wanted.detail,
                )
    # Both versions published duplicates, and both forms of an article are on the topic.
    assert {one[2] for one in seen if one[0] == "clean"} == {True, False}
    assert {one[3] for one in seen if one[0] == "duplicate"} == {True, False}
    assert {one[1] for one in seen if one[0] == "duplicate"} >= {"exact", "near", "recrawl"}


def of_a_later_version(candidate):
    """A candidate as a version after this one may write it."""
    event = orjson.loads(candidate)
    event["later"] = {"any": "thing"}
    event["article"] |= {
        "later": 1,
        "blocks": [one | {"later": 1} for one in event["article"]["blocks"]],
    }
    event["source"]["later"] = 1
    return orjson.dumps(event)


def test_a_candidate_of_a_later_version_is_decided_on_and_the_version_before_rejects_it(
    bare_settings, before
):
    """So the version before needs `dedupe` upgraded first, and the next one does not."""
    settings = bare_settings
    ensure_topics(settings)
    (candidate,) = made_by_extract(settings)
    later = of_a_later_version(candidate.value)
    assert unpack_candidate(later) == unpack_candidate(candidate.value)
    with previous.PreviousWorker(before, settings, "--stage", "dedupe") as old:
        publish(settings, [later], topic=settings.topics.candidates, partition=0)
        # The topic's first record is the page's own candidate.
        wait_until(lambda: worked(old, "dedupe") == 2)
        assert old.stop() == 0
    rejected = records(settings, settings.topics.rejected)
    # The version before knows nothing of `robots` either, which the page's own candidate has.
    assert len(rejected) == (0 if previous.IGNORES_UNKNOWN_MEMBERS else 2)
    # It is kept, whole, and names its place: publish it again to `candidates` once it can be read.
    assert {letter.value for letter in rejected} <= {candidate.value, later}
    with Worker(settings, "--stage", "dedupe") as new:
        publish(
            settings,
            [letter.value for letter in rejected],
            topic=settings.topics.candidates,
            partition=0,
        )
        wait_until(lambda: worked(new, "dedupe") == len(rejected))
        assert new.stop() == 0
    clean = [orjson.loads(record.value) for record in records(settings, settings.topics.clean)]
    assert len(clean) == 2
    assert clean[0] == clean[1]
    assert {added(letter)["reason"] for letter in rejected} <= {"invalid-event"}


def made_by_extract(settings):
    with Worker(settings, "--stage", "extract"):
        publish(settings, [page(1)], partition=0)
        return wait_until(lambda: records(settings, settings.topics.candidates))
