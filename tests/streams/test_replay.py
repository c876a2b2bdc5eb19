"""Pages that are run again, on a real broker with real workers."""

import contextlib
import subprocess
import sys
import time

import orjson
import pytest

from cleanwire import Pipeline, Source
from cleanwire.events import CleanArticle, to_dict
from helpers import broken_cleaner
from helpers.harness import (
    HELPERS,
    Worker,
    cleanwire,
    environment,
    outcomes,
    page,
    publish,
    records,
    wait_for_outcomes,
)
from helpers.replaying import ran, raw
from streams.kafka import clients
from streams.kafka.headers import ARRIVED, REPLAY_OF, original_of
from streams.kafka.topic_ids import ids_of
from streams.kafka.topics import ensure_topics
from streams.ops import ledger
from streams.ops.audit import audit
from streams.testing.samples.stories import BRIDGE

pytestmark = pytest.mark.broker

STORY = " ".join(BRIDGE.paragraphs)
SHORT = orjson.dumps(
    {
        "url": "https://short.example/a",
        "fetched_at": "2026-11-03T10:00:00Z",
        "body": "<html><body><h1>Shop</h1><p>Buy now. Three in stock.</p></body></html>",
    }
)


def page_text(number):
    """The text of the harness's page of this number."""
    return " ".join(f"w{number}x{place} tells of{place} it." for place in range(30))


def oracle(settings, broken):
    """What the batch mode gives for partition 0, if its first records were cleaned wrongly."""
    pipeline, expected = Pipeline(), {}
    for (_, offset), record in sorted(raw(settings).items()):
        clean = broken_cleaner.clean_event if offset < broken else broken_cleaner.cleaned
        event = pipeline.decide(
            clean(record.value),
            Source(topic=settings.topics.raw, partition=0, offset=offset),
            received_at=record.timestamp / 1000,
            is_replay=original_of(record.headers) is not None,
        )
        name = "clean" if isinstance(event, CleanArticle) else "duplicate"
        expected[0, offset] = name, orjson.dumps(orjson.loads(orjson.dumps(to_dict(event))))
    return expected


def story_of(worker, article):
    """The page of an article in the view, once the store has it and there was time to clean it."""
    deadline = time.monotonic() + 90
    while True:
        with contextlib.suppress(OSError):
            status, text, _ = worker.get(f"/articles/{article}")
            if status == 200 and "tells of0 it." in text:
                return text
        assert time.monotonic() < deadline
        time.sleep(0.5)


def tolerant(settings):
    return settings.model_copy(update={"require_article": False})


def test_a_page_that_was_wrongly_rejected_is_published_and_the_account_holds(settings):
    with clients.admin(settings) as admin:
        topic_id = ids_of(admin, [settings.topics.raw])[settings.topics.raw]
    story = page(1, text=STORY, url="https://a.example/x")
    with Worker(settings):
        publish(
            settings,
            [SHORT],
            partition=2,
            key=b"mine",
            headers=[("from", b"crawler"), ("x", b"\xff")],
        )
        publish(
            settings,
            [story, page(2, text=STORY, url="https://b.example/x"), b"no page"],
            partition=2,
        )
        wait_for_outcomes(settings, 4)
    with Worker(tolerant(settings)):
        said, _ = ran(settings, "--topic", "rejected-pages", "--reason", "no-article")
        assert "1 page appended" in said
        assert "rejected no-article -> clean  1" in said
        assert "https://short.example/a" in said
        replay = raw(settings)[2, 4]
        assert (replay.key, replay.value) == (b"mine", SHORT)
        first = raw(settings)[2, 0]
        assert replay.headers == [
            ("from", b"crawler"),
            ("x", b"\xff"),
            (ARRIVED, str(first.timestamp).encode()),
            (REPLAY_OF, f"{topic_id}/2/0".encode()),
        ]
        ((name, event),) = outcomes(settings)[2, 4]
        assert (name, event["revision"]) == ("clean", 1)
        (record,) = [
            r for r in records(settings, settings.topics.clean) if r.key == event["id"].encode()
        ]
        assert str(original_of(record.headers)) == f"{topic_id}/2/0"
        # What is not rejected any more is not run again; what never will be a page is, once a run.
        said, told = ran(settings, "--topic", "rejected-pages")
        assert "1 page appended" in said
        assert "unchanged  1" in said
        assert "1 not rejected any more" in told
        # All pages, each once, whatever runs there were.
        said, told = ran(settings, "--from", "1h")
        assert "4 pages appended" in said
        assert "unchanged  4" in said
        assert "2 replays of pages in the range" in told
    report, unreadable = audit(settings)
    assert report.holds, report
    assert not unreadable
    assert (report.raw, report.replays) == (10, 6)
    assert "6 of them are replays" in cleanwire(settings, "audit").stdout.decode()


def test_what_a_dry_run_counts_is_what_a_run_appends_and_it_writes_nothing(settings):
    with Worker(settings):
        publish(settings, [page(n) for n in range(5)])
        publish(settings, [SHORT, b"no page"], partition=1)
        wait_for_outcomes(settings, 7)
    said, _ = ran(settings, "--from", "1h", "--dry-run")
    assert said.startswith("7 pages to run again\nclean: 5\n")
    assert {"rejected no-article: 1", "rejected not-json: 1"} <= set(said.splitlines())
    assert len(raw(settings)) == 7
    said, _ = ran(settings, "--from", "1h", "--no-wait", "--site", "short.example")
    assert "1 page appended" in said
    said, told = ran(settings, "--from", "1h", "--wait", "1", code=1)
    assert "7 pages appended" in said
    assert "7 of 7 replays have no outcome after 1 s" in told
    assert len(raw(settings)) == 15
    # The first run's records are replays of pages in the range.
    said, told = ran(settings, "--from", "1h", "--dry-run")
    assert said.startswith("7 pages to run again")
    assert "8 replays of pages in the range" in told


def test_what_a_stricter_cleaner_rejects_stays_published_and_is_listed(settings):
    with Worker(tolerant(settings)):
        publish(settings, [SHORT, page(1)], partition=0)
        wait_for_outcomes(settings, 2)
    with Worker(settings):
        said, told = ran(settings, "--from", "1h")
        assert "clean -> rejected no-article  1" in said
        (line,) = [line for line in told.splitlines() if "takedown" in line]
        words = line.split()
        assert (words[:2], words[3:]) == (
            ["cleanwire", "takedown"],
            ["#", "https://short.example/a"],
        )
        article = words[2]
        assert outcomes(settings)[0, 0][0][1]["id"] == article
        said, _ = ran(settings, "--from", "1h", "--json")
        assert {orjson.loads(line)["change"] for line in said.splitlines()} == {"unchanged"}
        assert cleanwire(settings, "takedown", article).returncode == 0
        # Nothing that was taken down is put on the topic again.
        said, told = ran(settings, "--from", "1h")
        assert "1 page appended" in said
        assert "1 taken down" in told
        # A dead letter of it is left out too: its body comes back from nowhere.
        said, told = ran(settings, "--topic", "rejected-pages")
        assert "0 pages appended" in said
        assert "taken down" in told
    report, _ = audit(settings)
    assert report.holds, report


def test_a_replay_does_not_explain_an_outcome_that_was_published_before_it(settings, monkeypatch):
    with Worker(settings, command=(str(HELPERS / "broken_cleaner.py"),)):
        publish(settings, [page(1), page(2)], partition=0)
        wait_for_outcomes(settings, 2)

    # A page that was a duplicate is published: its second outcome.
    (copy,) = records(settings, settings.topics.duplicates)
    event = orjson.dumps(orjson.loads(copy.value) | {"revision": 1})
    publish(settings, [event], topic=settings.topics.clean, key=copy.key, headers=copy.headers)
    assert [place for place, *_ in audit(settings)[0].double] == [(0, 1)]
    with Worker(settings):
        said, _ = ran(settings, "--from", "1h")
        assert ["duplicate", "->", "clean", "1"] in [line.split() for line in said.splitlines()]
    # The outcome would be that of the replay, if it had come later.
    for clocks, doubles in ((3600.0, []), (0.0, [(0, 1)])):
        monkeypatch.setattr(ledger, "CLOCKS", clocks)
        assert [place for place, *_ in audit(settings)[0].double] == doubles


@pytest.mark.parametrize("shards", [pytest.param(1, marks=pytest.mark.slow), 3])
def test_pages_whose_text_was_wrong_have_the_right_one_whoever_is_killed(bare_settings, shards):
    settings = bare_settings.model_copy(update={"dedupe_shards": shards})
    ensure_topics(settings)
    pages = [page(number) for number in range(60)]
    with Worker(settings, command=(str(HELPERS / "broken_cleaner.py"),)):
        publish(settings, pages, partition=0)
        before = wait_for_outcomes(settings, len(pages))
    kinds = [name for ((name, _),) in before.values()]
    assert (kinds.count("clean"), kinds.count("duplicate")) == (1, len(pages) - 1)
    worker = Worker(settings).start()
    # The command is killed as it appends, and the worker as it works on what was appended.
    command = subprocess.Popen(
        [sys.executable, HELPERS / "slow_replay.py", "--from", "1h"],
        env=environment(settings),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while len(raw(settings)) < len(pages) + 10:
        assert time.monotonic() < deadline
        assert command.poll() is None
    command.kill()
    command.wait()
    worker.kill()
    appended = len(raw(settings)) - len(pages)
    assert 10 <= appended < len(pages)
    with Worker(settings) as worker:
        said, told = ran(settings, "--from", "1h")
        assert f"{len(pages)} pages appended" in said
        assert f"{appended} replays of pages in the range" in told
        copy = page(99, text=page_text(7), url="https://copy.example/")
        publish(settings, [copy], partition=0)
        after = wait_for_outcomes(settings, 2 * len(pages) + appended + 1)
        story = story_of(worker, before[0, 5][0][1]["id"])
    # The view has both runs of the page, and shows it as it is now.
    assert story.count("https://s5.example/a") > 1
    assert "w5x0 tells of0 it." in story
    expected = oracle(settings, broken=len(pages))
    for place, found in after.items():
        assert {(name, orjson.dumps(event)) for name, event in found} == {expected[place]}
    latest = {}
    for record in records(settings, settings.topics.clean):
        event = orjson.loads(record.value)
        latest[event["url"]] = event
    assert len(latest) == len(pages)
    for number in range(len(pages)):
        event = latest[f"https://s{number}.example/a"]
        assert (event["text"], event["revision"]) == (page_text(number), 1)
    # The new texts are known: a copy is one.
    copies = [
        event
        for found in after.values()
        for name, event in found
        if name == "duplicate" and event["url"] == "https://copy.example/"
    ]
    assert [event["duplicate_of_url"] for event in copies] == ["https://s7.example/a"]
    report, unreadable = audit(settings)
    assert report.holds, report
    assert not unreadable


def test_a_page_that_fails_for_ever_is_run_once_a_run_and_its_headers_do_not_grow(settings):
    with Worker(settings):
        publish(settings, [b"no page"], partition=0, headers=[("mine", b"1")])
        wait_for_outcomes(settings, 1)
        # It is written back by hand once, with all that was added to it.
        (letter,) = records(settings, settings.topics.rejected)
        publish(settings, [letter.value], partition=0, headers=letter.headers)
        wait_for_outcomes(settings, 2)
        for run_number in range(1, 4):
            said, _ = ran(settings, "--topic", "rejected-pages")
            assert "2 pages appended" in said
            assert "unchanged  2" in said
            wait_for_outcomes(settings, 2 + 2 * run_number)
    replays = [record for (_, offset), record in raw(settings).items() if offset > 1]
    assert {tuple(name for name, _ in record.headers) for record in replays} == {
        ("mine", ARRIVED, REPLAY_OF)
    }
    assert len({original_of(record.headers) for record in replays}) == 2
    letters = records(settings, settings.topics.rejected)
    assert {len(letter.headers) for letter in letters if original_of(letter.headers)} == {10}


def test_a_page_without_an_outcome_yet_is_compared_with_what_it_gives_first(settings):
    publish(settings, [page(1), page(2)], partition=0)
    command = subprocess.Popen(
        [sys.executable, "-m", "streams.cli.main", "replay", "--from", "1h"],
        env=environment(settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while len(raw(settings)) < 4:
        assert time.monotonic() < deadline
    with Worker(settings):
        said, told = command.communicate(timeout=90)
    assert command.returncode == 0, told
    assert "unchanged  2" in said
