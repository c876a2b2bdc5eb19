"""The view in Faust's web server, or in a server of its own.

Invariant: the view reads Kafka and stops with its server, and touches nothing of the stages.
Faust's own pages stay off, because they show internal state.
"""

import contextlib
import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import faust
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from faust.web.drivers.aiohttp import Web

from streams.policy import limits, thresholds
from streams.runtime.explainer import Explainer
from streams.settings import Settings
from streams.stage import stages_by_group
from streams.web.articles.record_reader import RecordReader
from streams.web.probes import Stages
from streams.web.reading.backlog import Backlog
from streams.web.reading.feed import Feed
from streams.web.reading.owners import Owners
from streams.web.reading.readings import Readings
from streams.web.reading.state import State
from streams.web.reading.tailer import Tailer
from streams.web.reading.workers import Workers
from streams.web.routes import Sources, add_routes
from streams.web.store.bounds import Bounds
from streams.web.store.store import Store

IDLE_SECONDS = 30.0
"""A connection without a whole request is closed after this time; aiohttp would wait an hour."""

UNOWNED_SESSIONS = 3
"""Session timeouts after which a lagging partition without an owner makes a worker not ready. A
group has given a lost member's partitions to others after one."""

_SERVER = logging.getLogger("aiohttp.server")


class _View(Web):
    """Faust's server without its own pages; its index would hide the view's."""

    default_blueprints: ClassVar[list[tuple[str, str]]] = []
    production_blueprints: ClassVar[list[tuple[str, str]]] = []
    debug_blueprints: ClassVar[list[tuple[str, str]]] = []
    optional_blueprints: ClassVar[list[tuple[str, str]]] = []

    def __init__(self, app: faust.App) -> None:
        super().__init__(app)
        self._runner = web.AppRunner(self.web_app, access_log=None, keepalive_timeout=IDLE_SECONDS)


def attach(apps: Sequence[faust.App], settings: Settings) -> None:
    """Let the first app's web server show the view of all apps of this process.

    Args:
        apps: all apps of this process; the settings of the first say where the server listens.
        settings: the settings that the apps were made with.
    """
    server = _View(apps[0])
    apps[0].web = server
    mount(server.web_app, settings, apps)


def mount(application: web.Application, settings: Settings, apps: Sequence[faust.App] = ()) -> None:
    """Add the view to a web application: routes, guard, headers, and the reading of Kafka.

    Args:
        application: a web application that has not started.
        settings: the brokers, the token, and whose view has the store.
        apps: all apps of this process; none in `cleanwire view`, whose process is the view's own.
    """
    _SERVER.addFilter(_is_our_fault)
    is_worker = bool(apps)
    groups = stages_by_group(settings)
    ours = {app.conf.id: groups[app.conf.id] for app in apps}
    owners = Owners(ours, UNOWNED_SESSIONS * settings.session_timeout)
    state = State(time.time(), follows=not is_worker or settings.view_store != "view")
    store = _store(settings, is_worker=is_worker)
    feed = Feed(settings, state, store, rests=is_worker) if state.follows else None
    readings = Readings(state=state, backlog=Backlog(), workers=Workers(settings), owners=owners)
    tailer = Tailer(settings, readings, feed)
    records = RecordReader(settings)
    explainer = Explainer(limits(settings), thresholds(settings))
    sources = Sources(
        settings=settings,
        readings=readings,
        stages=Stages(apps, settings, owners.missing),
        store=store,
        records=records,
        explainer=explainer,
    )
    # Faust cleans its application up twice; a closed stack has nothing left to close.
    opened = contextlib.AsyncExitStack()
    for close in (store.close, records.close, explainer.close, tailer.stop):
        opened.push_async_callback(close)

    async def start(_: web.Application) -> None:
        tailer.start()

    async def stop(_: web.Application) -> None:
        await opened.aclose()

    add_routes(application, sources)
    application.on_startup.append(start)
    application.on_cleanup.append(stop)


def _store(settings: Settings, *, is_worker: bool) -> Store:
    """The store of this process; it stays off where the settings give it to another process."""
    off = ""
    if settings.view_store == "off":
        off = "CLEANWIRE_VIEW_STORE=off"
    elif is_worker and settings.view_store == "view":
        off = "CLEANWIRE_VIEW_STORE=view gives it to `cleanwire view`"
    bounds = Bounds(most_bytes=settings.view_store_bytes, age=settings.view_store_age)
    return Store(Path(settings.data_dir) / "view", bounds, off=off)


def _is_our_fault(record: logging.LogRecord) -> bool:
    """Whether the server logs an error of its own, and not a malformed request.

    aiohttp logs the bytes of a malformed request. Anybody may send them, and they may hold a token.
    """
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))
