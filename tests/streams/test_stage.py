"""The table of stages is what everything else reads."""

import importlib
import inspect

from streams.settings import Settings
from streams.stage import ROWS, STAGES, app_id, input_topic


def test_each_stage_reads_a_topic_of_its_own_in_a_group_of_its_own():
    settings = Settings(topic_prefix="p.")
    assert [input_topic(settings, stage) for stage in STAGES] == ["p.raw-pages", "p.candidates"]
    assert [app_id(settings, stage) for stage in STAGES] == [
        "p.cleanwire-extract",
        "p.cleanwire-dedupe",
    ]


def test_each_stage_is_built_where_its_row_says():
    for row in ROWS:
        build = importlib.import_module(row.module).build
        assert list(inspect.signature(build).parameters)[:2] == ["settings", "web"]
