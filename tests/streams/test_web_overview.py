"""The overview over a store: the last hour and the last day, of all workers."""

import urllib.request

import pytest

from helpers.view_pages import browsing
from helpers.view_records import outcome
from streams.web.store.writer import now_ms


@pytest.fixture(scope="module")
def overview(tmp_path_factory):
    now = now_ms()
    entries = [
        *(outcome(number, "new", at=now - 30_000 + number) for number in range(3)),
        *(outcome(number, "near", at=now - 30_000 + number) for number in range(3, 5)),
        outcome(5, "new", at=now - 5 * 3_600_000),
    ]
    with (
        browsing(tmp_path_factory.mktemp("view"), entries) as port,
        urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=20) as answer,
    ):
        return answer.read().decode()


def test_the_overview_has_the_counts_of_the_last_hour_and_the_last_day(overview):
    assert "Numbers are those of the last hour, of all workers." in overview
    assert "60%; in the last day 4" in overview
    assert "40%; in the last day 2" in overview


def test_the_overview_has_the_charts_and_the_size_of_the_store(overview):
    assert "The last hour, by minute" in overview
    assert "The last day, by quarter of an hour" in overview
    assert "6 outcomes" in overview
