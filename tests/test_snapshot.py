"""Which topic a record names."""

from types import SimpleNamespace

import pytest

from streams.kafka.headers import SOURCE_ID
from streams.ops.snapshot import RawPages, source_id


@pytest.mark.parametrize(
    ("headers", "named", "another"),
    [
        ([], "", False),
        ([(SOURCE_ID, b"one")], "one", False),
        ([(SOURCE_ID, b"two")], "two", True),
        ([(SOURCE_ID, b"")], "", False),
        ([(SOURCE_ID, None)], "", False),
        # The crawler's, or of an earlier rejection: ours is the last.
        ([(SOURCE_ID, b"two"), (SOURCE_ID, b"one")], "one", False),
        ([(SOURCE_ID, b"one"), (SOURCE_ID, b"")], "", False),
        ([(SOURCE_ID, b"\xff")], "\ufffd", True),
    ],
)
def test_the_last_header_names_the_topic(headers, named, another):
    record = SimpleNamespace(headers=headers)
    assert source_id(record) == named
    assert RawPages(None, "raw-pages", "one").is_another(record) == another
    assert not RawPages(None, "raw-pages", "").is_another(record)
