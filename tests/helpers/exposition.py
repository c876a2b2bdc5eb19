"""What a worker that runs both stages says on /metrics, without a broker."""

import time
from types import SimpleNamespace

from helpers.apps import built
from streams import dedupe, extract
from streams.runtime.instruments import CountedPage
from streams.settings import Settings
from streams.web.memory import MemoryMeter, ProcessMemory
from streams.web.metrics import exposition, registry
from streams.web.probes import Stages
from streams.web.reading.state import Lag, State


def everything(folder):
    """A text that has every kind of metric; `dedupe` has published one new article."""
    now = time.time()
    with built(extract, folder / "a") as (one, _), built(dedupe, folder / "b") as (two, _):
        (table,) = two.tables.values()
        table.store.state_of(0)
        counted = CountedPage(outcome="clean", kind="new", arrived=now, fetched=now)
        two.instruments.acked(1, 2, [counted])
        state = State(0.0)
        state.lags = [
            Lag(group="g", topic="raw-pages", partition=0, records=3, oldest=now - 5),
            Lag(group="g", topic="raw-pages", partition=1, records=3),
            Lag(group="g", topic="raw-pages", partition=2, records=0),
        ]
        stages = Stages([one, two], Settings())
        stages.partitions = lambda: [("g", SimpleNamespace(topic="raw-pages", partition=0))]
        memory = MemoryMeter()
        memory.latest = [ProcessMemory(role="worker", number=0, resident=5, proportional=4)]
        return exposition(registry(state, stages, memory)).decode()
