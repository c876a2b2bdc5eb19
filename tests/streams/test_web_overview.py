"""The overview over a store: the last hour and the last day, of all workers."""

import urllib.request

import pytest
from selectolax.lexbor import LexborHTMLParser

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
    words = " ".join(LexborHTMLParser(overview).body.text().split())
    assert "The last hour, of all workers." in words
    assert "published, 60% of all pages 4 in the last day" in words
    assert "copies of published articles, 40% of all pages 2 in the last day" in words


def test_a_kind_leads_to_the_list_of_its_pages(overview):
    links = LexborHTMLParser(overview).css("#cards dt a")
    assert ("near", "./articles?outcome=duplicate&kind=near") in [
        (link.text(), link.attributes["href"]) for link in links
    ]


def test_the_overview_has_the_charts_and_the_size_of_the_store(overview):
    assert "The last hour, by minute" in overview
    assert "The last day, by quarter of an hour" in overview
    assert "6 outcomes" in overview
