"""Runs of bench/faults.py: the size for CI has to hold, and a broken delivery has to be found."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from faultrun.run import Size, run
from helpers.harness import HELPERS

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.broker

# Fast enough that a worker which is killed has a queue.
SMALL = Size(
    events=1600,
    partitions=2,
    workers=2,
    rate=5000,
    faults=3,
    sigkills=3,
    broker_restarts=0,
    rebalances=2,
    seconds=60,
)


@pytest.mark.alone  # beside others its workers start so slowly that a kill finds none at work
@pytest.mark.timeout(300)
def test_a_delivery_that_acks_before_it_sends_is_found(broker_address, tmp_path):
    broken = [str(HELPERS / "acks_early.py")]
    result = run(
        SMALL, seed=1, address=broker_address, root=tmp_path, command=broken, only=("kill",)
    )
    assert result.sigkills >= SMALL.sigkills
    assert not result.verdict.holds
    assert result.verdict.lost > 0
    assert result.verdict.violations["audit"] >= result.verdict.lost
    assert "no outcome" in result.verdict.listed["lost"][0]


@pytest.mark.alone
@pytest.mark.timeout(900)
def test_nothing_is_lost_when_workers_and_brokers_are_killed(tmp_path):
    file = tmp_path / "result.json"
    done = subprocess.run(
        [sys.executable, str(ROOT / "bench" / "faults.py"), "--size", "ci", "--json", str(file)],
        capture_output=True,
        text=True,
        timeout=880,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(file.read_text("utf-8"))
    assert result["verdict"]["raw"] >= result["size"]["events"] == 12_000
    verdict = result["verdict"]
    assert verdict["compared"] + verdict["of_the_moment"] == verdict["raw"]
    # Some are asked for while the broker that takes them is away.
    assert verdict["takedowns"] >= 0.8 * result["size"]["takedowns"] > 30
    assert verdict["withdrawn"] > 0
    assert result["verdict"]["duplicated"] > 0
    assert result["sigkills"] >= 10
    assert result["counts"]["broker"] >= 2
    assert len(result["counts"]) == 9
