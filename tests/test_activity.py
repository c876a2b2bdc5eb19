"""The line a minute of what a worker did, and the warning when rejections jump."""

import asyncio
import logging
import types

import orjson
import pytest

from cleanwire.errors import NotJson
from cleanwire.events import Source
from streams.json_lines import JsonFormatter
from streams.kafka.headers import DROP, TAKEDOWN
from streams.runtime.dead_letters import rejected
from streams.runtime.delivery import Produce
from streams.runtime.instruments import CountedPage
from streams.runtime.tally import Tally
from streams.settings import Settings
from streams.supervision import activity
from streams.supervision.activity import Activity
from streams.supervision.rejections import ACCEPTED_SECONDS, LEAST_PAGES, Rejections


def read(made):
    line = JsonFormatter().format(made)
    assert "\n" not in line
    return orjson.loads(line)


TOPICS = Settings().topics
SOURCE = Source(topic="raw-pages", partition=0, offset=0)


def dead(reason=NotJson):
    message = types.SimpleNamespace(
        key=None, value=b"x", headers=[("cleanwire.reason", b"an older one")]
    )
    return rejected(TOPICS.rejected, message, reason("bad"), SOURCE, "", largest=1000)


def produce(topic, value=b"v", **more):
    return Produce(topic=topic, key=b"k", value=value, **more)


def test_outcomes_are_counted_and_nothing_else():
    extract, dedupe = (Tally(stage, TOPICS.candidates) for stage in ("extract", "dedupe"))
    clean = {"page": CountedPage(outcome="clean", kind="new")}
    copy = {"page": CountedPage(outcome="duplicate", kind="near")}
    extract.note([produce(TOPICS.candidates)])
    extract.note([dead()])
    assert extract.outcomes == {"cleaned": 1, "rejected": 1}
    assert extract.reasons == {"not-json": 1}
    change = produce("cleanwire-dedupe-facts-changelog")
    notice = produce(TOPICS.candidates, None, headers=[(DROP, b"1")])
    dedupe.note([produce(TOPICS.clean, **clean), change, notice])
    dedupe.note([produce(TOPICS.duplicates, **copy), change])
    dedupe.note([produce(TOPICS.candidates), change])
    dedupe.note([produce(TOPICS.candidates, headers=[(TAKEDOWN, b"1")])])
    dedupe.note([produce(TOPICS.clean, None), change])
    dedupe.note([])
    assert dedupe.outcomes == {"clean": 1, "duplicate": 1, "passed on": 1}


def looked(rejections, share, pages=200, seconds=60.0):
    count = round(share * pages)
    return rejections.look(pages, count, {"not-json": count}, seconds)


def test_a_jump_is_one_warning_and_its_end_another_line():
    rejections = Rejections()
    assert [looked(rejections, share) for share in (0.1, 0.12, 0.08, 0.2)] == [None] * 4
    jump = looked(rejections, 0.9)
    assert jump.jumped
    assert (
        str(jump)
        == "the share of rejected pages jumped: 90% of 200 pages in 60 s, 12% before (not-json 180)"
    )
    # It goes on, and goes up and down around the limit: no word.
    assert [looked(rejections, share) for share in (1.0, 0.3, 0.4, 0.3, 0.9)] == [None] * 5
    end = looked(rejections, 0.2)
    assert not end.jumped
    assert str(end) == "the share of rejected pages is back at 20% of 200, 12% before"
    assert looked(rejections, 0.2) is None
    assert looked(rejections, 0.9).jumped


def test_all_pages_rejected_from_the_start_is_a_warning():
    change = Rejections().look(
        3000, 3000, {"not-json": 2990, "no-article": 8, "too-large": 1, "http-error": 1}, 60
    )
    assert str(change) == (
        "the share of rejected pages jumped: 100% of 3000 pages in 60 s "
        "(not-json 2990, no-article 8, too-large 1)"
    )


def test_a_crawl_of_many_home_pages_is_no_jump_and_a_slow_rise_is_none():
    rejections = Rejections()
    assert [looked(rejections, 0.45)] * 5 == [None] * 5
    rejections = Rejections()
    for percent in range(5, 90, 3):
        assert looked(rejections, percent / 100) is None, percent


def test_few_pages_are_gathered_before_they_are_judged():
    rejections = Rejections()
    for _ in range(LEAST_PAGES - 1):
        assert rejections.look(1, 1, {"not-json": 1}, 60) is None
        assert rejections.look(0, 0, {}, 60) is None
    change = rejections.look(1, 1, {"not-json": 1}, 60)
    assert (change.pages, change.rejected, change.seconds) == (
        LEAST_PAGES,
        LEAST_PAGES,
        60 * LEAST_PAGES,
    )


def test_what_lasts_becomes_usual_without_a_word():
    rejections = Rejections()
    looked(rejections, 0.1)
    assert looked(rejections, 0.9).jumped
    for _ in range(int(ACCEPTED_SECONDS / 60) + 5):
        assert looked(rejections, 0.9) is None
    assert looked(rejections, 0.1) is None
    assert looked(rejections, 0.9) is None


def stage_app(**more):
    settings = Settings()
    return types.SimpleNamespace(
        **{
            "conf": types.SimpleNamespace(id="cleanwire-extract"),
            "tally": Tally("extract", settings.topics.candidates),
            "started": True,
            "should_stop": False,
            "consumer": types.SimpleNamespace(unacked={1, 2}),
            **more,
        }
    )


@pytest.fixture
def said(monkeypatch):
    kept = []

    class Keeper(logging.Handler):
        def emit(self, made):
            kept.append(made)

    handler = Keeper()
    logger = logging.getLogger(activity.__name__)
    monkeypatch.setattr(logger, "level", logging.DEBUG)
    logger.addHandler(handler)
    yield kept
    logger.removeHandler(handler)


def test_a_minute_in_which_something_was_done_is_one_line_and_an_idle_one_is_none(said):
    app = stage_app()
    reporter = Activity([app], Settings())
    reporter.report()
    assert not said
    app.tally.note([produce(TOPICS.candidates)])
    app.tally.note([dead()])
    reporter.report()
    (line,) = said
    assert "extract: 2 pages, " in line.getMessage()
    assert "1 cleaned, 1 rejected (not-json 1); 2 in flight" in line.getMessage()
    fields = read(line)["stages"]["extract"]
    assert fields["outcomes"] == {"cleaned": 1, "rejected": 1}
    assert fields["reasons"] == {"not-json": 1}
    assert (fields["pages"], fields["in_flight"], fields["lag"]) == (2, 2, None)
    reporter.report()
    assert len(said) == 1


def test_a_jump_is_warned_of_after_the_line_of_its_minute(said):
    app = stage_app()
    reporter = Activity([app], Settings())
    for _ in range(3000):
        app.tally.note([dead()])
    reporter.report()
    line, warning = said
    assert line.levelno == logging.INFO
    assert warning.levelno == logging.WARNING
    assert warning.getMessage().startswith(
        "extract: the share of rejected pages jumped: 100% of 3000"
    )
    assert read(warning)["reasons"] == {"not-json": 3000}


def test_a_fault_of_the_report_ends_no_worker(said, monkeypatch):
    monkeypatch.setattr(activity, "REPORT_SECONDS", 0.001)
    app = stage_app(consumer=None)
    reporter = Activity([app], Settings())

    async def run():
        reporter.start()
        reporter.start()
        await asyncio.sleep(0.2)
        reporter._task.cancel()

    # The last report of a worker is made while it ends.
    reporter.report()
    asyncio.run(run())
    assert len(said) > 2
    assert said[0].getMessage() == "what was done cannot be reported"
