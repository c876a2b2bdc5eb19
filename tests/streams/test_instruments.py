"""What a worker counts of its own work, without a bus."""

import asyncio
import re
import sys
import time

import pytest
from faust.types import TP

from cleanwire.errors import REASONS
from helpers.apps import built
from helpers.exposition import everything
from helpers.prometheus import promtool
from streams import dedupe, extract
from streams.kafka.outcome_topics import KINDS, OTHER
from streams.runtime.instruments import CountedPage, Instruments
from streams.web.memory import MemoryMeter, measure


def samples(instruments):
    """The values of all series, by name and labels."""
    return {
        (one.name, *sorted(one.labels.items())): one.value
        for family in instruments.collect()
        for one in family.samples
    }


def total(instruments, name, **labels):
    return sum(
        value
        for (found, *pairs), value in samples(instruments).items()
        if found == name and labels.items() <= dict(pairs).items()
    )


def clean(**more):
    return CountedPage(**{"outcome": "clean", "kind": "new"} | more)


@pytest.mark.parametrize("stage", ["extract", "dedupe"])
def test_every_series_is_there_from_the_start_at_0(stage):
    # `increase` does not see a series that appears with its first event (prometheus#1673).
    before = samples(Instruments(stage))
    assert set(before.values()) == {0}
    instruments = Instruments(stage)
    outcomes = ["rejected"] if stage == "extract" else list(KINDS)
    for outcome in outcomes:
        for kind in (*KINDS[outcome], OTHER):
            counted = CountedPage(outcome=outcome, kind=kind, arrived=time.time(), fetched=1.0)
            instruments.acked(1, 1, [counted])
    instruments.cleaned(0.1)
    instruments.decided(0.1)
    assert samples(instruments).keys() == before.keys()


def test_a_kind_that_nobody_knows_makes_no_series():
    instruments = Instruments("dedupe")
    series = samples(instruments).keys()
    for number in range(100):
        instruments.acked(0, 0, [clean(kind=f"https://s{number}.example/")])
    assert samples(instruments).keys() == series
    assert total(instruments, "cleanwire_pages_total", kind=OTHER, outcome="clean") == 100


def test_two_apps_in_one_process_share_nothing(tmp_path):
    with built(extract, tmp_path / "a") as (one, _), built(extract, tmp_path / "b") as (two, _):
        one.instruments.acked(10, 20, [CountedPage(outcome="rejected", kind="not-json")])
        assert total(one.instruments, "cleanwire_events_total") == 1
        assert total(two.instruments, "cleanwire_events_total") == 0
        assert total(one.instruments, "cleanwire_input_bytes_total") == 10
        assert total(one.instruments, "cleanwire_output_bytes_total") == 20


def test_times_from_clocks_that_are_ahead_count_as_now_and_no_time_counts_nowhere():
    instruments = Instruments("dedupe")
    for arrived in (time.time() + 3600, time.time() - 2, -0.001, 0.0, None):
        instruments.acked(0, 0, [clean(arrived=arrived, fetched=None)])
    name = "cleanwire_arrival_to_outcome_seconds"
    assert total(instruments, f"{name}_count", outcome="clean") == 2
    assert total(instruments, f"{name}_sum", outcome="clean") == pytest.approx(2, abs=0.5)
    assert total(instruments, "cleanwire_fetch_to_outcome_seconds_count") == 0
    assert total(instruments, "cleanwire_pages_total") == 5


def test_what_a_worker_evicted_does_not_become_less_when_a_shard_goes(tmp_path):
    # A counter that falls is a restart to Prometheus, which would add all that is left once more.
    with built(dedupe, tmp_path) as (app, loop):
        (table,) = app.tables.values()
        changelog = table.changelog_topic.get_topic_name()
        both = {TP(changelog, 0), TP(changelog, 1)}
        store = table.store
        loop.run_until_complete(store.on_rebalance(both, set(), set()))
        store.state_of(0).evicted, store.state_of(1).evicted = 100, 50
        assert store.evicted == 150
        loop.run_until_complete(store.on_rebalance({TP(changelog, 1)}, {TP(changelog, 0)}, set()))
        assert store.evicted == 150
        store.state_of(1).evicted += 1
        store.reset_state()
        assert store.evicted == 151


def test_both_stages_of_a_worker_are_in_one_exposition_each_family_once(tmp_path):
    text = everything(tmp_path)
    types = re.findall(r"^# TYPE (\S+)", text, re.MULTILINE)
    assert len(types) == len(set(types))
    assert 'cleanwire_events_total{stage="extract"} 0.0' in text
    assert 'cleanwire_events_total{stage="dedupe"} 1.0' in text
    assert 'cleanwire_pages_total{kind="new",outcome="clean",stage="dedupe"} 1.0' in text
    for reason in REASONS:
        for stage in ("extract", "dedupe"):
            labels = f'kind="{reason}",outcome="rejected",stage="{stage}"'
            assert f"cleanwire_pages_total{{{labels}}} 0.0" in text
    # The times at which series were made double the series, and say nothing here.
    assert "_created" not in text


def test_an_age_that_is_not_known_is_left_out_and_no_lag_has_age_0(tmp_path):
    text = everything(tmp_path)
    ages = dict(re.findall(r'cleanwire_lag_seconds\{.*partition="(\d)".*\} (\S+)', text))
    assert ages.keys() == {"0", "2"}
    assert 5 <= float(ages["0"]) < 60
    assert float(ages["2"]) == 0


def test_promtool_has_nothing_against_the_names(tmp_path):
    code, said = promtool("check", "metrics", text=everything(tmp_path))
    assert (code, said) == (0, "")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")
def test_memory_is_of_this_process_and_one_that_has_ended_is_left_out():
    async def look():
        meter = MemoryMeter()
        await meter.look()
        first = meter.latest
        await meter.look()
        assert meter.latest is first
        return first

    found = asyncio.run(look())
    assert [(one.role, one.number) for one in found] == [("worker", 0)]
    assert found[0].resident >= found[0].proportional > 10_000_000
    assert measure(2**22 + 1, []) == []
