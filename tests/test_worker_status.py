"""What workers say of themselves: any record is a status, or is none, and none breaks the view."""

import orjson
import pytest

from streams.kafka.worker_status import ShardStatus, WorkerStatus, pack, unpack
from streams.settings import Settings
from streams.web.pages.rendering import clock
from streams.web.reading.workers import MOST_WORKERS, Workers

STATUS = WorkerStatus(
    name="a/1",
    host="a",
    at=1_800_000_000.0,
    started=1_799_999_000.0,
    version="1",
    waits={"extract": ""},
    partitions={"extract": (0, 2)},
    memory=5,
    shards=(ShardStatus(shard=0, articles=1, decisions=2, size=3, fill={"bytes": 0.5}),),
)


def test_a_status_is_read_as_it_was_written():
    assert unpack(pack(STATUS)) == STATUS


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"at": "NaN"},
        {"at": "Infinity"},
        {"started": "-Infinity"},
        {"memory": "much"},
        {"partitions": [1]},
        {"shards": [{"shard": 0}]},
        {"shards": [{"shard": 0, "articles": 1, "decisions": 2, "size": 3, "fill": {"x": "NaN"}}]},
    ],
)
def test_a_record_that_is_no_status_is_left_out(change):
    value = orjson.dumps(orjson.loads(pack(STATUS)) | change)
    with pytest.raises(ValueError):  # noqa: PT011 - any text
        unpack(value)
    known = Workers(Settings())
    known.enter(b"a", value)
    known.enter(b"b", b"1")
    assert known.all(STATUS.at) == []


def test_numbers_that_no_field_holds_are_no_status():
    value = pack(STATUS).replace(b'"memory":5', b'"memory":1e999')
    with pytest.raises(ValueError):  # noqa: PT011 - any text
        unpack(value)


def test_workers_are_forgotten_withdrawn_and_bounded():
    known = Workers(Settings())
    known.enter(b"a", pack(STATUS))
    assert known.all(STATUS.at + 60) == [STATUS]
    assert known.all(STATUS.at + 4000) == []
    known.enter(b"a", None)
    assert known.all(STATUS.at) == []
    for number in range(MOST_WORKERS + 5):
        known.enter(str(number).encode(), pack(STATUS))
    assert len(known.all(STATUS.at)) == MOST_WORKERS


@pytest.mark.parametrize("seconds", [-1.0, 1e12, 4e15])
def test_a_time_that_no_calendar_has_is_shown_at_its_end(seconds):
    """Another program may have written it, and the page is shown all the same."""
    assert "<time" in clock(seconds)
