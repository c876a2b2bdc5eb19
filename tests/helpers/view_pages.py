"""The view over a store that was filled without a broker, on a port of its own."""

import contextlib
import datetime as dt
import time

import orjson
from aiohttp import web

from cleanwire.errors import REASONS
from cleanwire.events import CleanArticle, DuplicateArticle, Source, to_dict
from cleanwire.explain import explain_copy, explain_event
from cleanwire.similarity.index import Thresholds
from helpers.oracle import oracle
from helpers.web_server import serving
from streams.kafka.headers import SOURCE_ID
from streams.runtime.dead_letters import _added
from streams.settings import Settings
from streams.testing.ports import free_port
from streams.web.articles.record_reader import Found, Missing
from streams.web.probes import Stages
from streams.web.reading.backlog import Backlog
from streams.web.reading.owners import Owners
from streams.web.reading.readings import Readings
from streams.web.reading.state import State
from streams.web.reading.workers import Workers
from streams.web.routes import Sources, add_routes
from streams.web.store.bounds import Bounds
from streams.web.store.model import Place
from streams.web.store.record import read_record
from streams.web.store.store import Store

GONE = "Retention has deleted the record."
TOPICS = {
    "clean": "clean-articles",
    "duplicate": "duplicate-articles",
    "rejected": "rejected-pages",
}


class Bus:
    """Records by their place, in place of Kafka, and which of them were asked for."""

    raw_topic = "raw-pages"

    def __init__(self):
        self.kept, self.asked = {}, []

    async def read(self, places):
        self.asked += places
        return [self.kept.get((one.topic, one.offset), Missing(why=GONE)) for one in places]


class Explainer:
    """Explains in this process."""

    async def explain(self, value):
        return explain_event(value)

    async def explain_copy(self, article, original):
        return explain_copy(article, original, Thresholds(near=0.45, excerpt=0.7))


def decided(values, bus):
    """The outcomes that the pipeline makes of values, as a store takes them; fills the bus."""
    entries = []
    for offset, (value, event) in enumerate(zip(values, oracle(values), strict=True)):
        source = Source(topic="raw-pages", partition=0, offset=offset)
        key, written, headers = None, value, [(SOURCE_ID, b"r")]
        if isinstance(event, CleanArticle | DuplicateArticle):
            outcome = "clean" if isinstance(event, CleanArticle) else "duplicate"
            key, written = event.id.encode(), orjson.dumps(to_dict(event))
        else:
            outcome = "rejected"
            headers = _added(REASONS[event.reason](event.detail), source, "r", 0.001)
        bus.kept["raw-pages", offset] = Found(value=value, headers=[("crawler", b"<b>7</b>")])
        bus.kept[TOPICS[outcome], offset] = Found(value=written)
        place = Place(topic=TOPICS[outcome], topic_id="t", partition=0, offset=offset)
        at = round(1000 * time.time()) - 1000 * (len(values) - offset)
        entries.append(read_record(outcome, place, key, written, headers, at))
    return entries


@contextlib.contextmanager
def browsing(folder, entries=(), bus=None, *, token=None, is_on=True):
    """The pages of the view over a store with these entries; yields the port."""
    settings = Settings(data_dir=folder, web_port=free_port(), web_token=token)

    async def serve(started, stop):
        store = Store(folder, Bounds(most_bytes=64 << 20, age=dt.timedelta(days=30)))
        if is_on:
            await store.open()
            assert await store.enter(lambda: (list(entries), []))
        readings = Readings(
            state=State(time.time() - 60),
            backlog=Backlog(),
            workers=Workers(settings),
            owners=Owners({}, 30.0),
        )
        application = web.Application()
        sources = Sources(
            settings=settings,
            readings=readings,
            stages=Stages((), settings),
            store=store,
            records=bus or Bus(),
            explainer=Explainer(),
        )
        add_routes(application, sources)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", settings.web_port).start()
        started.set()
        await stop.wait()
        await runner.cleanup()
        await store.close()

    with serving(serve):
        yield settings.web_port
