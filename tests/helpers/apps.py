"""Stages as Faust apps that never reach a broker."""

import asyncio
import contextlib

from faust.types import TP

from streams import extract
from streams.settings import Settings

CHANGELOG = TP("cleanwire-dedupe-facts-changelog", 0)


@contextlib.contextmanager
def built(stage, folder):
    """A stage's app, its event loop, and none of them left open."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    known = {} if stage is extract else {"partitions": 1}
    app = stage.build(Settings(data_dir=folder), web=False, **known)
    app.topic_ids = None
    thread = app.consumer._thread
    try:
        yield app, loop
    finally:
        thread.thread_loop.close()
        asyncio.set_event_loop(None)
        loop.close()
