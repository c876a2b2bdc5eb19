"""Killable processes that do what `helpers.killable_work` can."""

import asyncio
import hashlib
import multiprocessing

from helpers.killable_work import answer
from streams.runtime.killable.child import Role
from streams.runtime.killable.processes import KillableProcesses


def ask(*requests, count=1, seconds=30.0, before=None, **options):
    """The answers to requests that are all there at once."""

    async def run():
        with KillableProcesses(count, Role(handler=answer, seconds=seconds, **options)) as pool:
            # The processes are there, so the first of them gets as many as it may have.
            await asyncio.gather(*(pool.ask([b"who "]) for _ in range(2 * count)))
            tasks = [asyncio.create_task(pool.ask([request])) for request in requests]
            if before is not None:
                await before(pool)
            return await asyncio.wait_for(asyncio.gather(*tasks), 90)

    answers = asyncio.run(run())
    assert not multiprocessing.active_children()
    return answers


def digest(data):
    return hashlib.sha256(data).hexdigest().encode()
