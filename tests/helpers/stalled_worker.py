"""`cleanwire worker` with one part of it broken on purpose; a program for the tests."""

import asyncio
import errno
import sys
import time

from streams.cli.main import main
from streams.runtime import delivery, pool
from streams.runtime.app import App
from streams.runtime.flow_control import Thread


def no_acks():
    """Delivery takes events and never gets to an ack, nor the app to its end."""

    async def never(_):
        await asyncio.Event().wait()

    delivery.Delivery._ack = never
    App.on_stop = never


def no_end():
    """The app never gets to its end."""

    async def never(_):
        await asyncio.Event().wait()

    App.on_stop = never


def no_reading():
    """After the first events the consumer's thread hands nothing over any more."""
    fetch = Thread._fetch_records

    async def once(self, *arguments, **options):
        if any(self.consumer.acked):
            await asyncio.sleep(1)
            return {}
        return await fetch(self, *arguments, **options)

    Thread._fetch_records = once


def blocked_loop():
    """The event loop stands still once the app is there."""
    begin = App.on_first_start

    async def on_first_start(self):
        await begin(self)
        asyncio.get_running_loop().call_later(5, time.sleep, 3600)

    App.on_first_start = on_first_start


def lost_group():
    """aiokafka's own task around the group ends, as it does after an error it does not know."""
    begin = App.on_first_start

    def end(app):
        app.consumer._thread._consumer._coordinator._coordination_task.cancel()

    async def on_first_start(self):
        await begin(self)
        asyncio.get_running_loop().call_later(8, end, self)

    App.on_first_start = on_first_start


def no_rebalance():
    """The partitions that `dedupe` was assigned never become its own."""
    take = App._on_partitions_assigned

    async def assigned(self, *arguments):
        if self.conf.id.endswith("dedupe"):
            await asyncio.Event().wait()
        await take(self, *arguments)

    App._on_partitions_assigned = assigned


def no_cleaning():
    """The cleaning processes of `extract` cannot be started."""

    async def no_files(*_, **__):
        raise OSError(errno.EMFILE, "Too many open files")

    pool.CleaningPool.clean = no_files


def no_delivery():
    """An agent fails before it takes its first event, and after it waited for something."""

    async def fails(_):
        await asyncio.sleep(0.5)
        raise LookupError("no queue")

    delivery.Delivery.__aenter__ = fails


if __name__ == "__main__":
    globals()[sys.argv.pop(1)]()
    main(["worker", *sys.argv[1:]])
