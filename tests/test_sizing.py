"""What a deployment takes, by the model: no shard holds more than its index can number."""

import dataclasses
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[1] / "bench"


@pytest.fixture
def model(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCH))
    return [importlib.import_module(name) for name in ("capacity", "deployment", "sizing")]


@pytest.mark.parametrize(("scenario", "shards"), [("archive", 1), ("news", 17), ("crawl", 43)])
def test_the_shards_of_the_scenarios(model, scenario, shards):
    capacity, deployment, sizing = model
    load = next(load for load in capacity.SCENARIOS if load.name == scenario)
    plan = sizing.plan(load, deployment.Measured(), deployment.Deployment())
    assert plan.memory.shards == shards


@pytest.mark.parametrize("gib", [4, 13, 16, 64, 1024])
@pytest.mark.parametrize("spread", [False, True])
def test_no_memory_makes_a_shard_hold_more_than_its_index_numbers(model, gib, spread):
    capacity, deployment, sizing = model
    for load in capacity.SCENARIOS:
        there = deployment.Deployment(shard_memory=gib * deployment.GIB, spread=spread)
        cost = deployment.Measured()
        for what in (there, sizing.changed(load, cost, there)):
            plan = sizing.plan(load, cost, what)
            held = plan.memory.articles / what.relays / plan.memory.shards
            assert held <= 2**24
            assert plan.used["articles of a shard"] == pytest.approx(held / cost.most_articles)
        limitless = dataclasses.replace(cost, most_articles=float("inf"))
        assert sizing.by_memory(load, cost, there) == sizing.by_memory(load, limitless, there)


@pytest.mark.parametrize("scenario", ["news", "crawl"])
def test_a_shard_memory_that_needs_more_rows_is_refused_in_one_line(scenario):
    done = subprocess.run(
        [sys.executable, BENCH / "capacity.py", "--scenario", scenario, "--shard-memory", "64"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    said = done.stderr.splitlines()[-1]
    assert "--shard-memory 64: a shard of" in said
    assert "no index holds more than 2^24" in said
    assert "give 13.4 or less" in said
