import asyncio
import multiprocessing
import os
import signal
import subprocess
import sys
import time

import orjson
import pytest

from cleanwire.dedupe.records import unpack_candidate
from cleanwire.errors import NotJson, ParserCrashed, TimeLimit, TooLarge
from cleanwire.events import Source
from streams.cleaning import page_cleaning
from streams.cleaning.page_cleaning import HEADROOM, Cleaned, Limits
from streams.runtime.pool import CleaningPool
from streams.settings import LEAST_MEMORY

SOURCE = Source(topic="raw-pages", partition=0, offset=7)
WORDS = " ".join(f"Word number {n} is here." for n in range(40))


def event(body, at="2026-11-03T10:00:00Z"):
    return orjson.dumps({"url": "https://a.example/1", "fetched_at": at, "body": body})


def slow_page(blocks=150_000):
    return event("".join(f"<p>Paragraph {n} ends here.</p>" for n in range(blocks)))


@pytest.fixture
def pool():
    limits = Limits(seconds=30, page_bytes=8 << 20, message_bytes=1 << 20)
    with CleaningPool(1, limits) as pool:
        yield pool


def clean(pool, value, received_at=2e9):
    return asyncio.run(pool.clean(value, SOURCE, received_at))


def test_a_page_becomes_a_candidate_with_its_source_and_event_time(pool):
    result = clean(pool, event(f"<p>{WORDS}</p>"))
    assert isinstance(result, Cleaned)
    candidate = unpack_candidate(result.candidate)
    assert candidate.article.id == result.id
    assert candidate.source == SOURCE
    assert candidate.event_time == 1793700000.0


def test_event_time_is_capped_at_the_time_the_bus_took_the_page_in(pool):
    result = clean(pool, event(f"<p>{WORDS}</p>", at="9999-01-01T00:00:00Z"), received_at=1.5e9)
    assert unpack_candidate(result.candidate).event_time == 1.5e9


def test_a_rejection_comes_back_as_itself(pool):
    result = clean(pool, b"no json")
    assert isinstance(result, NotJson)
    assert "JSON" in result.detail


def test_an_article_that_would_not_fit_the_bus_is_too_large(pool):
    result = clean(pool, event("<p>" + "Long sentence here. " * 60_000 + "</p>"))
    assert isinstance(result, TooLarge)
    assert str((1 << 20) - HEADROOM) in result.detail


@pytest.mark.slow
def test_a_hang_is_a_time_limit_and_the_pool_goes_on():
    limits = Limits(seconds=0.3, page_bytes=32 << 20, message_bytes=32 << 20)
    with CleaningPool(1, limits) as pool:
        assert isinstance(clean(pool, slow_page()), TimeLimit)
    with CleaningPool(1, limits) as pool:

        async def both():
            slow = asyncio.create_task(pool.clean(slow_page(), SOURCE, 2e9))
            return await slow, await pool.clean(event(f"<p>{WORDS}</p>"), SOURCE, 2e9)

        slow, quick = asyncio.run(both())
    assert isinstance(slow, TimeLimit)
    assert isinstance(quick, Cleaned)


def kill_children(number=signal.SIGKILL):
    for child in multiprocessing.active_children():
        os.kill(child.pid, number)


@pytest.mark.slow
def test_a_process_that_dies_costs_one_page_and_the_pool_goes_on(pool):
    async def crash():
        warm = await pool.clean(event(f"<p>{WORDS}</p>"), SOURCE, 2e9)
        slow = asyncio.create_task(pool.clean(slow_page(), SOURCE, 2e9))
        await asyncio.sleep(0.3)
        kill_children()
        return warm, await slow, await pool.clean(event(f"<p>{WORDS}</p>"), SOURCE, 2e9)

    warm, crashed, quick = asyncio.run(crash())
    assert isinstance(crashed, ParserCrashed)
    assert isinstance(warm, Cleaned)
    assert warm == quick


@pytest.mark.timeout(120)
def test_every_page_has_an_answer_though_processes_are_killed_that_hold_some_of_them():
    limits = Limits(seconds=30, page_bytes=32 << 20, message_bytes=32 << 20)

    async def kill(pool):
        await pool.clean(event(f"<p>{WORDS}</p>"), SOURCE, 2e9)
        tasks = [asyncio.create_task(pool.clean(slow_page(2000), SOURCE, 2e9)) for _ in range(40)]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        kill_children()
        return await asyncio.wait_for(asyncio.gather(*tasks), 90)

    with CleaningPool(2, limits) as pool:
        outcomes = asyncio.run(kill(pool))
    assert {type(outcome) for outcome in outcomes} <= {Cleaned, ParserCrashed}
    assert sum(isinstance(outcome, Cleaned) for outcome in outcomes) >= 36


@pytest.mark.slow
def test_processes_that_are_told_to_end_cost_no_page():
    # As a service manager does that ends a worker with all of its processes.
    limits = Limits(seconds=30, page_bytes=32 << 20, message_bytes=32 << 20)

    async def end(pool):
        await pool.clean(event(f"<p>{WORDS}</p>"), SOURCE, 2e9)
        tasks = [asyncio.create_task(pool.clean(slow_page(4000), SOURCE, 2e9)) for _ in range(20)]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        kill_children(signal.SIGTERM)
        return await asyncio.gather(*tasks)

    with CleaningPool(2, limits) as pool:
        assert {type(outcome) for outcome in asyncio.run(end(pool))} == {Cleaned}
        started = time.monotonic()
    assert time.monotonic() - started < 2


@pytest.mark.slow
def test_a_program_that_forgets_its_pool_ends_all_the_same():
    program = (
        "import asyncio; from streams.runtime.pool import *; from cleanwire.events import Source\n"
        "if __name__ == '__main__':\n"
        "    pool = CleaningPool(2, Limits(seconds=9, page_bytes=1000, message_bytes=1000))\n"
        "    source = Source(topic='raw-pages', partition=0, offset=7)\n"
        "    print(type(asyncio.run(pool.clean(None, source, 0.0))).__name__)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, "NotJson\n"), done.stderr


@pytest.mark.slow
def test_processes_that_die_between_pages_cost_no_page(pool):
    async def crash():
        before = await pool.clean(event(f"<p>{WORDS}</p>"), SOURCE, 2e9)
        kill_children()
        await asyncio.sleep(0.5)
        return before, await pool.clean(event(f"<p>{WORDS}</p>"), SOURCE, 2e9)

    before, after = asyncio.run(crash())
    assert isinstance(before, Cleaned)
    assert before == after


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds what a process allocates")
def test_a_page_that_eats_memory_costs_itself_and_not_even_the_process():
    # A parser opens every one of these anew in each paragraph: 100 kB become eight million elements.
    hungry = event("<html>" + "".join(f"<p><font a{n}=1>x</p>" for n in range(4000)))
    limits = Limits(
        seconds=60, page_bytes=8 << 20, message_bytes=1 << 20, memory_bytes=LEAST_MEMORY
    )
    with CleaningPool(1, limits) as pool:

        async def run():
            before = await pool.clean(event(f"<p>{WORDS}</p>"), SOURCE, 2e9)
            processes = {child.pid for child in multiprocessing.active_children()}
            eaten = await pool.clean(hungry, SOURCE, 2e9)
            many = await pool.clean(slow_page(199_000), SOURCE, 2e9)
            after = await pool.clean(event(f"<p>{WORDS}</p>"), SOURCE, 2e9)
            assert {child.pid for child in multiprocessing.active_children()} == processes
            return before, eaten, many, after

        before, eaten, many, after = asyncio.run(run())
    assert isinstance(eaten, ParserCrashed)
    assert isinstance(many, ParserCrashed)
    assert isinstance(before, Cleaned)
    assert before == after


def test_whatever_the_cleaner_raises_is_that_pages_outcome(monkeypatch):
    limits = Limits(seconds=30, page_bytes=8 << 20, message_bytes=1 << 20)

    def fail(_):
        raise TypeError("str is not valid UTF-8: surrogates not allowed")

    monkeypatch.setattr(page_cleaning, "pack_candidate", fail)
    outcome = page_cleaning._clean(event(f"<p>{WORDS}</p>"), SOURCE, 2e9, limits)
    assert isinstance(outcome, ParserCrashed)
    assert "TypeError" in outcome.detail
