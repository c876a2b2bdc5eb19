"""Hostile pages through the real cleaning processes, without a bus and on it."""

import asyncio
import os
import random
import signal
import time
from pathlib import Path

import pytest

from cleanwire import Pipeline, Source
from cleanwire.dedupe.records import unpack_candidate
from cleanwire.errors import REASONS, PageRejected, ParserCrashed
from helpers.harness import Worker, added, page, publish, records, wait_for_outcomes
from helpers.hostile_pages import KINDS, corpus, events, generator, make
from helpers.hostile_pages.huge import HUGE
from helpers.hostile_pages.promises import broken
from helpers.schemas import validator
from streams.cleaning.page_cleaning import Cleaned, Limits
from streams.offline import outcomes
from streams.ops.audit import audit
from streams.runtime.pool import CleaningPool
from streams.settings import Settings
from streams.sources.input import InputPage

SEED = 1
POOL_SEED = 5
"""Its first 2,500 inputs meet every reason, and an `http-error` is rare."""

COUNT = int(os.environ.get("HOSTILE_INPUTS", "2500"))
"""How many inputs; `HOSTILE_INPUTS=10000` and more find what is rarer."""

GRACE = 30.0
"""Seconds past the limit in which a busy machine kills a process and starts another."""

LIMITS = Limits(seconds=10, page_bytes=10 << 20, message_bytes=16 << 20, memory_bytes=1 << 30)
SHORT = Limits(seconds=2, page_bytes=10 << 20, message_bytes=16 << 20, memory_bytes=1 << 30)
SOURCE = Source(topic="raw-pages", partition=0, offset=7)
SURROUNDINGS = {"time-limit", "parser-crashed"}
PLAIN = events.plain(generator("plain", SEED, 0))


async def cleaned(pool, value):
    return await pool.clean(value, SOURCE, 2e9)


def same(one, other):
    if isinstance(one, PageRejected):
        return (one.reason, one.detail) == (other.reason, other.detail)
    return one == other


@pytest.mark.slow
def test_every_input_has_its_one_outcome_and_the_pool_goes_on():
    async def one(pool, room, number, item, found):
        async with room:
            started = time.monotonic()
            outcome = await cleaned(pool, item.value)
            if number % 10 == 0:
                again = await cleaned(pool, item.value)
                assert same(outcome, again), item.name
            assert time.monotonic() - started < 2 * (LIMITS.seconds + GRACE), item.name
        found.append((item, outcome))

    async def run():
        found = []
        room = asyncio.Semaphore(8)
        with CleaningPool(2, LIMITS) as pool:
            plain = await cleaned(pool, PLAIN)
            assert isinstance(plain, Cleaned)
            for kind in KINDS:
                items = (make(kind, POOL_SEED, number) for number in range(COUNT // len(KINDS) + 1))
                await asyncio.gather(
                    *(one(pool, room, number, item, found) for number, item in enumerate(items))
                )
                assert await cleaned(pool, PLAIN) == plain, kind
        return found

    found = asyncio.run(run())
    assert len(found) >= COUNT
    reasons = set()
    for item, outcome in found:
        if isinstance(outcome, Cleaned):
            candidate = unpack_candidate(outcome.candidate)
            assert broken(candidate) == [], item.name
        else:
            assert outcome.reason in REASONS
            assert "\n" not in outcome.detail
            assert len(outcome.detail) < 1000
            reasons.add(outcome.reason)
    # None of these takes a process with it, and none is a matter of the machine's speed.
    assert reasons == set(REASONS) - SURROUNDINGS - {"withdrawn"}


@pytest.mark.slow
def test_what_is_huge_ends_within_its_limits():
    async def one(pool, name):
        value = HUGE[name]()
        started = time.monotonic()
        outcome = await cleaned(pool, value)
        assert time.monotonic() - started < SHORT.seconds + GRACE, name
        assert isinstance(outcome, Cleaned) or outcome.reason in REASONS, name

    async def run():
        names = list(HUGE)
        with CleaningPool(2, SHORT) as pool:
            plain = await cleaned(pool, PLAIN)
            assert isinstance(plain, Cleaned)
            for pair in zip(names[::2], names[1::2], strict=False):
                await asyncio.gather(*(one(pool, name) for name in pair))
                assert await cleaned(pool, PLAIN) == plain, pair

    asyncio.run(run())


def selection():
    """Seven of each kind, and a few that are huge but fit the bus in a test."""
    values = [item.value for item in corpus(SEED + 1, 7 * len(KINDS))]
    values += [HUGE[name]() for name in ("100,000 deep", "1,000,000 open tags", "100,000 scripts")]
    return [*values, PLAIN]


def assert_as_the_pipeline(found, values):
    """One outcome a page, and the pipeline's.

    Args:
        found: by place kind, and reason or id.
        values: the pages.
    """
    pipeline = Pipeline(max_page_bytes=LIMITS.page_bytes)
    for offset, value in enumerate(values):
        source = Source(topic="raw-pages", partition=0, offset=offset)
        expected = pipeline.process(value, source)
        wanted = getattr(expected, "reason", None) or expected.id
        assert found[offset] == wanted, offset


@pytest.mark.slow
def test_batch_mode_gives_the_outcomes_of_the_pipeline(tmp_path):
    values = selection()
    settings = Settings(data_dir=tmp_path / "data", clean_processes=2)
    pages = [
        InputPage(value=value, source=Source(topic="files", partition=0, offset=offset))
        for offset, value in enumerate(values)
        if value is not None
    ]

    async def run():
        return [outcome async for outcome in outcomes(settings, pages)]

    found = asyncio.run(run())
    assert [outcome.source for outcome in found] == [page.source for page in pages]
    assert_as_the_pipeline(
        [getattr(outcome, "reason", None) or outcome.id for outcome in found],
        [page.value for page in pages],
    )


@pytest.mark.broker
def test_the_stream_loses_none_of_them_and_publishes_nothing_but_valid_events(two_at_a_time):
    settings = two_at_a_time
    values = selection()
    with Worker(settings):
        publish(settings, values, partition=0)
        found = wait_for_outcomes(settings, len(values))
    assert_as_the_pipeline(
        {
            offset: event.get("reason") or event["id"]
            for (_, offset), ((_, event),) in found.items()
        },
        values,
    )
    report, unreadable = audit(settings)
    assert report.holds
    assert not unreadable
    assert report.raw == len(values) == sum(report.outcomes.values())
    for ((name, event),) in found.values():
        if name == "rejected":
            assert event["reason"] in set(REASONS) - SURROUNDINGS
        else:
            validator(f"{name}-article").validate(event)
    candidates = [unpack_candidate(r.value) for r in records(settings, settings.topics.candidates)]
    assert len(candidates) == report.outcomes["clean"] + report.outcomes["duplicate"]
    assert [found for candidate in candidates for found in broken(candidate)] == []
    assert len(records(settings, settings.topics.rejected)) == report.outcomes["rejected"]


def cleaning(pid):
    """The cleaning processes of a worker, and the seconds of CPU that each has taken."""
    ticks = os.sysconf("SC_CLK_TCK")
    found = {}
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        process = Path("/proc") / child
        if b"spawn_main" in (process / "cmdline").read_bytes():
            found[int(child)] = int((process / "stat").read_text().split()[13]) / ticks
    return found


@pytest.mark.broker
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="reads the processes from /proc")
def test_a_page_whose_cleaning_kills_its_process_is_rejected_and_no_other(settings):
    alone = settings.model_copy(
        update={"clean_processes": 1, "page_time_limit": 60, "stall_limit": 240}
    )
    slow = HUGE["100,000 options"]()
    with Worker(alone) as worker:
        publish(settings, [PLAIN], partition=0)
        wait_for_outcomes(settings, 1)
        ((child, idle),) = cleaning(worker.process.pid).items()
        publish(settings, [slow, PLAIN], partition=0)
        deadline = time.monotonic() + 60
        while cleaning(worker.process.pid)[child] < idle + 1:
            assert time.monotonic() < deadline, worker.log.read_text()
            time.sleep(0.1)
        os.kill(child, signal.SIGKILL)
        found = wait_for_outcomes(settings, 3)
    assert [found[0, offset][0][0] for offset in range(3)] == ["clean", "rejected", "clean"]
    assert found[0, 1][0][1]["reason"] == ParserCrashed.reason
    (letter,) = records(settings, settings.topics.rejected)
    assert letter.value == slow
    assert added(letter)["source.offset"] == "1"
    assert audit(settings)[0].holds


@pytest.mark.broker
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="reads the processes from /proc")
def test_each_page_has_one_outcome_though_cleaning_processes_are_killed_again_and_again(settings):
    count, killed, draw = 150, [], random.Random(4)
    with Worker(settings.model_copy(update={"clean_processes": 2})) as worker:
        publish(settings, [page(number) for number in range(count)])
        for _ in range(12):
            time.sleep(0.5)
            if children := cleaning(worker.process.pid):
                killed.append(draw.choice(sorted(children)))
                os.kill(killed[-1], signal.SIGKILL)
        found = wait_for_outcomes(settings, count)
        assert worker.stop() == 0
    assert len(killed) > 5
    assert len(found) == count
    assert {len(each) for each in found.values()} == {1}
    rejections = [event for ((topic, event),) in found.values() if topic == "rejected"]
    assert {event["reason"] for event in rejections} <= {ParserCrashed.reason}
    assert len(rejections) <= len(killed)
    assert audit(settings)[0].holds
