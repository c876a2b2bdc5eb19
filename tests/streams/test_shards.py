"""More than one shard on a real broker, and the way from one number of them to another."""

import signal
import time

import orjson
import pytest

from helpers.harness import Worker, cleanwire, outcomes, page, publish, records, wait_for_outcomes
from helpers.oracle import assert_same, oracle
from streams.errors import OperationalError
from streams.kafka import clients, layout
from streams.kafka.topics import changelog, check_topics, ensure_topics
from streams.ops.audit import audit
from streams.ops.reshard import reshard
from streams.testing.samples import sample_pages
from streams.testing.samples.stories import BRIDGE, ORCHARD

pytestmark = pytest.mark.broker


@pytest.fixture
def four(bare_settings):
    settings = bare_settings.model_copy(update={"dedupe_shards": 4, "clean_processes": 2})
    ensure_topics(settings)
    return settings


def copies(count):
    """Pages of which every third is a copy of the one before it, found at another URL."""
    return [
        page(number - 1, url=f"https://copy{number}.example/") if number % 3 == 2 else page(number)
        for number in range(count)
    ]


def settled(settings, count):
    """The one outcome of every raw page, whatever it was delivered again."""
    found = wait_for_outcomes(settings, count)
    for entries in found.values():
        assert all(entry == entries[0] for entry in entries)
    return {place: entries[:1] for place, entries in found.items()}


def test_four_shards_give_exactly_the_outcomes_of_the_pipeline(four):
    values = [sample.value for sample in sample_pages()]
    with Worker(four):
        publish(four, [*values, *values], partition=0)
        found = wait_for_outcomes(four, 2 * len(values))
    first = {place: entry for place, entry in found.items() if place[1] < len(values)}
    assert_same(first, oracle(values), four.topics.raw)
    assert audit(four)[0].holds


def test_workers_killed_and_joining_change_no_outcome_of_four_shards(four):
    values = copies(400)
    publish(four, values[:250], partition=0)
    one, other = Worker(four).start(), Worker(four).start()
    deadline = time.monotonic() + 60
    while not len(records(four, four.topics.clean)) > 20:
        assert time.monotonic() < deadline, one.log.read_text()
        time.sleep(0.05)
    one.kill()
    publish(four, values[250:], partition=0)
    with Worker(four):
        time.sleep(1)
        other.process.send_signal(signal.SIGTERM)
        found = settled(four, len(values))
        assert other.stop() == 0
    assert_same(found, oracle(values), four.topics.raw)
    report, unreadable = audit(four)
    assert report.holds
    assert not unreadable
    assert report.raw == len(values)


def test_a_worker_with_other_settings_does_not_start(settings):
    for changes, said in (
        ({"dedupe_shards": 2}, "CLEANWIRE_DEDUPE_SHARDS"),
        ({"near_threshold": 0.6}, "CLEANWIRE_NEAR_THRESHOLD"),
        ({"dedupe_window": "10d"}, "CLEANWIRE_DEDUPE_WINDOW"),
    ):
        other = type(settings)(**(settings.model_dump() | changes))
        if "dedupe_shards" not in changes:
            with pytest.raises(OperationalError, match=said):
                layout.require(other)
        done = cleanwire(other, "worker", "--without-web")
        assert done.returncode == 3
        assert b"\n" not in done.stderr.strip()


def test_the_memory_moves_to_more_shards_and_to_fewer(settings):
    stories = [" ".join(BRIDGE.paragraphs), " ".join(ORCHARD.paragraphs)]
    with Worker(settings) as worker:
        publish(settings, [*copies(60), page(900, text=stories[0])], partition=0)
        wait_for_outcomes(settings, 61)
        assert worker.stop() == 0
    remembered = facts(settings)
    count = 61
    for shards in (4, 2):
        moved = settings.model_copy(update={"dedupe_shards": shards})
        with pytest.raises(OperationalError, match=r"reshard|topics"):
            layout.require(moved)
        done = cleanwire(moved, "reshard")
        assert done.returncode == 0, done.stderr
        assert f"{shards} shards" in done.stdout.decode()
        assert cleanwire(moved, "reshard").stdout.startswith(b"the memory of dedupe is as")
        assert check_topics(moved) == []
        assert facts(moved).keys() >= remembered.keys()
        again = [
            page(900 + shards, text=stories[0]),
            page(5),
            page(0, url=f"https://late{shards}.example/"),
            page(300 + shards, text=f"{shards} {stories[1]}" if shards == 4 else stories[1]),
        ]
        with Worker(moved) as worker:
            publish(moved, again, partition=0)
            found = wait_for_outcomes(moved, count + len(again))
            assert worker.stop() == 0
        kinds = [found[0, count + place][0][1].get("kind", "clean") for place in range(len(again))]
        # A page that was decided before has its outcome still; the last story is new once.
        assert kinds == ["exact", "clean", "exact", "clean" if shards == 4 else "near"]
        assert found[0, count + 1][0][1]["revision"] == 1
        count += len(again)
        remembered = facts(moved)
    assert audit(moved)[0].holds


def facts(settings):
    """The latest fact of every id in the changelog."""
    latest = {}
    for record in records(settings, changelog(settings)):
        latest[record.partition, record.key] = record.value
    return {
        key: value
        for (_, key), value in latest.items()
        if value is not None and "fact" in orjson.loads(value)
    }


def test_a_resharding_that_was_stopped_half_way_comes_to_the_same_end(settings, monkeypatch):
    with Worker(settings) as worker:
        publish(settings, copies(40), partition=0)
        wait_for_outcomes(settings, 40)
        assert worker.stop() == 0
    before = facts(settings)
    moved = settings.model_copy(update={"dedupe_shards": 3})
    written = []

    def stop(self, number, article, value):
        written.append(article)
        if len(written) > 20:
            raise KeyboardInterrupt
        send(self, number, article, value)

    send = reshard.__globals__["ChangelogWriter"].send
    monkeypatch.setattr(reshard.__globals__["ChangelogWriter"], "send", stop)
    with pytest.raises(KeyboardInterrupt):
        reshard(moved)
    monkeypatch.undo()
    with pytest.raises(OperationalError, match="not come to its end"):
        layout.require(moved)
    done = reshard(moved)
    assert done is not None
    assert done.decisions == len(before)
    assert facts(moved).keys() == before.keys()
    layout.require(moved)


def test_resharding_waits_for_workers_to_stop(settings):
    moved = settings.model_copy(update={"dedupe_shards": 2})
    with Worker(settings), pytest.raises(OperationalError, match="workers run dedupe"):
        reshard(moved)


def make_older(settings, version, change):
    """Write the memory as another version of the signature would have left it."""
    kept = [r for r in records(settings, changelog(settings)) if r.value is not None]
    for record in kept:
        fields = orjson.loads(record.value)
        if "entry" in fields:
            fields["signature"] = version
            change(fields["entry"])
            publish(
                settings,
                [orjson.dumps(fields)],
                topic=changelog(settings),
                partition=record.partition,
                key=record.key,
            )
    older = {**vars_of(layout.wanted(settings)), "signature": version}
    layout.write(settings, layout.Layout(**older))


@pytest.mark.parametrize("version", [1, 2])
def test_a_signature_of_another_version_is_made_anew_from_the_text(settings, version):
    story = " ".join(BRIDGE.paragraphs)
    with Worker(settings) as worker:
        publish(settings, [page(1, text=story), page(2)], partition=0)
        wait_for_outcomes(settings, 2)
        assert worker.stop() == 0
    # Keys that lead nowhere.
    make_older(settings, version, lambda entry: entry.update(keys="", lead=""))
    done = cleanwire(settings, "worker", "--without-web")
    assert done.returncode == 3
    refused = done.stderr.decode().strip()
    assert "\n" not in refused
    assert f"signatures of version {version}" in refused
    assert "cleanwire reshard" in refused
    moved = reshard(settings)
    assert moved is not None
    assert (moved.signed, moved.carried, moved.unsigned) == (2, 0, 0)
    with Worker(settings):
        publish(settings, [page(3, text=story)], partition=0)
        found = wait_for_outcomes(settings, 3)
    assert found[0, 2][0][1]["kind"] == "exact"


def forget_texts(settings):
    """Have an empty topic of clean articles, as one is whose retention has passed."""
    with clients.admin(settings) as admin:
        admin.delete_topics([settings.topics.clean])
    deadline = time.monotonic() + 30
    while True:
        try:
            ensure_topics(settings)
            if not records(settings, settings.topics.clean):
                return
        except (OperationalError, TypeError):
            pass
        assert time.monotonic() < deadline
        time.sleep(0.5)


def test_a_memory_of_version_2_goes_on_where_its_texts_are_gone(settings):
    story, revised = " ".join(BRIDGE.paragraphs), " ".join(BRIDGE.paragraphs[1:])
    with Worker(settings) as worker:
        publish(settings, [page(1, text=story), page(2)], partition=0)
        wait_for_outcomes(settings, 2)
        assert worker.stop() == 0
    forget_texts(settings)
    make_older(settings, 2, lambda entry: entry.pop("lead"))
    with pytest.raises(OperationalError, match="signatures of version 2"):
        layout.require(settings)
    done = cleanwire(settings, "reshard")
    assert done.returncode == 0, done.stderr
    assert "2 carried over without their leads" in done.stdout.decode()
    with Worker(settings):
        again = [page(3, text=story), page(4, text=revised), page(2), page(5)]
        publish(settings, again, partition=0)
        found = wait_for_outcomes(settings, len(again))
    made = [found[0, 2 + place][0] for place in range(len(again))]
    assert [outcome for outcome, _ in made] == ["duplicate", "duplicate", "clean", "clean"]
    assert [event["kind"] for _, event in made[:2]] == ["exact", "near"]


def test_a_memory_of_version_1_stops_where_its_texts_are_gone(settings):
    with Worker(settings) as worker:
        publish(settings, [page(1)], partition=0)
        wait_for_outcomes(settings, 1)
        assert worker.stop() == 0
    forget_texts(settings)
    make_older(settings, 1, lambda entry: entry.update(keys="", lead=""))
    with pytest.raises(OperationalError, match="texts of 1 articles"):
        reshard(settings)
    moved = reshard(settings, forget=True)
    assert moved is not None
    assert (moved.signed, moved.carried, moved.unsigned) == (0, 0, 1)


def vars_of(made):
    return {name: getattr(made, name) for name in made.__slots__}


def test_a_standby_takes_over_with_its_memory(settings):
    with Worker(settings) as active:
        publish(settings, copies(60), partition=0)
        wait_for_outcomes(settings, 60)
        with Worker(settings):
            time.sleep(2)
            active.kill()
            publish(settings, [page(0, url="https://after.example/")], partition=0)
            found = wait_for_outcomes(settings, 61)
    assert found[0, 60][0][1]["kind"] == "exact"
    assert len(outcomes(settings)) == 61
