"""What measuring costs: microseconds an event, milliseconds a scrape, and the size of a scrape.

Invariant: the shipped instruments and the shipped exposition run; nothing is estimated.

    python bench/metrics_cost.py
"""

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from streams import dedupe, extract
from streams.runtime.instruments import CountedPage, Instruments
from streams.settings import Settings
from streams.web.memory import measure
from streams.web.metrics import exposition, registry
from streams.web.probes import Stages
from streams.web.reading.state import Lag, State


def micros(call: Callable[[], object], times: int) -> float:
    """The least of five runs, in microseconds a call."""
    best = float("inf")
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(times):
            call()
        best = min(best, time.perf_counter() - began)
    return 1e6 * best / times


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=20_000)
    times = parser.parse_args().events
    extracting, deciding = Instruments("extract"), Instruments("dedupe")
    now = time.time()
    page = [CountedPage(outcome="clean", kind="new", arrived=now - 1, fetched=now - 60)]
    bad = [CountedPage(outcome="rejected", kind="http-error", arrived=now - 1)]
    acked = micros(lambda: extracting.acked(30_000, 6_000, []), times)
    rejected = micros(lambda: extracting.acked(30_000, 30_000, bad), times)
    published = micros(lambda: deciding.acked(6_000, 6_500, page), times)
    cleaned = micros(lambda: extracting.cleaned(0.012), times)
    decided = micros(lambda: deciding.decided(0.0004), times)
    print(f"extract, an event with a candidate     {acked + cleaned:6.1f} us")
    print(f"extract, an event that is rejected     {rejected + cleaned:6.1f} us")
    print(f"dedupe, an event that is published     {published + decided:6.1f} us")
    asyncio.set_event_loop(asyncio.new_event_loop())
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder))
        apps = [extract.build(settings, web=False), dedupe.build(settings, web=False, partitions=1)]
        state = State(now)
        state.lags = [
            Lag(group="g", topic="raw-pages", partition=n, records=1, oldest=now) for n in range(64)
        ]
        collectors = registry(state, Stages(apps, settings))
        text = exposition(collectors)
        scrape = micros(lambda: exposition(collectors), 20)
    lines = [line for line in text.splitlines() if not line.startswith(b"#")]
    print(f"a scrape, of 64 partitions             {scrape / 1000:6.1f} ms, ", end="")
    print(f"{len(lines)} series, {len(text) / 1000:.0f} kB")
    memory = micros(lambda: measure(os.getpid(), []), 20)
    size = measure(os.getpid(), [])
    if size:
        held = size[0].resident / 1e6
        print(f"the memory of a process of {held:5.0f} MB    {memory / 1000:6.1f} ms, in a thread")


if __name__ == "__main__":
    main()
