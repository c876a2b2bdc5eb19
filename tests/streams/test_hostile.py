"""Hostile pages through the real cleaning processes, without a bus and on it."""

import asyncio
import itertools
import os
import signal
import time
from pathlib import Path

import orjson
import pytest
from harness import Worker, added, publish, records, wait_for_outcomes
from hostile_pages import KINDS, corpus, events, generator, make
from hostile_pages.huge import HUGE
from hostile_pages.promises import broken
from test_schemas import validator

from cleanwire import Pipeline, Source
from cleanwire.errors import REASONS, ParserCrashed, PageRejected, TimeLimit
from cleanwire.events import to_dict
from cleanwire.wire import unpack_candidate
from streams.audit import audit
from streams.batch import outcomes
from streams.pool import Cleaned, CleaningPool, Limits
from streams.settings import Settings
from streams.sources.input import InputPage

SEED = 1
COUNT = 10_000
GRACE = 3.0
"""Seconds past the limit until a process is dead and the next page is cleaned."""

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
                items = (make(kind, SEED, number) for number in range(COUNT // len(KINDS) + 1))
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


def test_what_is_huge_ends_within_its_limits():
    async def run():
        with CleaningPool(2, SHORT) as pool:
            plain = await cleaned(pool, PLAIN)
            assert isinstance(plain, Cleaned)

            async def one(name):
                value = HUGE[name]()
                started = time.monotonic()
                outcome = await cleaned(pool, value)
                assert time.monotonic() - started < 2 * SHORT.seconds + GRACE, name
                return outcome

            for pair in itertools.batched(HUGE, 2) if hasattr(itertools, "batched") else zip(*[iter(HUGE)] * 2):
                for outcome in await asyncio.gather(*map(one, pair)):
                    assert isinstance(outcome, Cleaned) or outcome.reason in REASONS
                assert await cleaned(pool, PLAIN) == plain, pair

    asyncio.run(run())
