"""The quality gate: no score on the development data may fall below the recorded baseline."""

import importlib.util
import json
import signal
from pathlib import Path

import pytest

QUALITY = Path(__file__).resolve().parents[1] / "bench" / "quality.py"
NOISE = 0.0006
"""Scores are recorded with four digits; a library's update may move the last one."""


@pytest.mark.slow
@pytest.mark.timeout(600, method="thread")  # the measuring program has the alarm signal
def test_scores_do_not_fall_below_the_baseline(shared):
    assert shared.is_dir()
    spec = importlib.util.spec_from_file_location("quality", QUALITY)
    quality = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(quality)
    before = signal.getsignal(signal.SIGALRM)
    try:
        found = quality.scores()
    finally:
        signal.signal(signal.SIGALRM, before)
    baseline = json.loads(quality.BASELINE.read_text("utf-8"))
    fallen = {
        name: (found.get(name), value)
        for name, value in baseline.items()
        if found.get(name, 0.0) < value - NOISE
    }
    assert fallen == {}
