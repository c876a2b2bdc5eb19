"""The routes of the view, added to Faust's web server or to one of the view's own.

Invariant: only these paths are served. All are for reading only, but `/try`, which takes a page and
keeps nothing of it. Scripts of no other origin can read them. Every request passes the guard.
Faust's own pages stay off, because they show internal state.
"""

import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import ClassVar

import faust
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from faust.web.drivers.aiohttp import Web
from prometheus_client import CONTENT_TYPE_LATEST

from streams.policy import limits, thresholds
from streams.runtime.explainer import Explainer
from streams.settings import Settings
from streams.stage import STAGES, app_id
from streams.web.articles.handlers import Handlers
from streams.web.articles.record_reader import RecordReader
from streams.web.front_page import FrontPage
from streams.web.guard import Guard
from streams.web.memory import MemoryMeter
from streams.web.metrics import exposition, registry
from streams.web.pages.rendering import static
from streams.web.probes import Stages
from streams.web.reading.backlog import Backlog
from streams.web.reading.feed import Feed
from streams.web.reading.owners import Owners
from streams.web.reading.readings import Readings
from streams.web.reading.state import State
from streams.web.reading.tailer import Tailer
from streams.web.reading.workers import Workers
from streams.web.sites import routes as site_routes
from streams.web.store.bounds import Bounds
from streams.web.store.store import Store
from streams.web.trial import Trial

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Other sites learn nothing. With `no-referrer`, browsers would send a form of the view itself
    # with `Origin: null`, and it could not be told from another site's.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), fullscreen=(), geolocation=(), "
    "microphone=(), payment=(), usb=()",
    "X-Permitted-Cross-Domain-Policies": "none",
    "Cache-Control": "no-store",
    # aiohttp's default header names the versions of Python and aiohttp.
    "Server": "cleanwire",
}

STATIC = {"style.css": "text/css", "view.js": "text/javascript"}
"""The files of the view and their types."""

IDLE_SECONDS = 30.0
"""A connection without a whole request is closed after this time; aiohttp would wait an hour."""

UNOWNED_SESSIONS = 3
"""Session timeouts after which a lagging partition without an owner makes a worker not ready. A
group has given a lost member's partitions to others after one."""

Handler = Callable[[web.Request], Awaitable[web.Response]]

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
    guard = Guard(settings.web_token)
    _SERVER.addFilter(_is_our_fault)
    is_worker = bool(apps)
    groups = {app_id(settings, stage): str(stage) for stage in STAGES}
    ours = {app.conf.id: groups[app.conf.id] for app in apps}
    owners = Owners(ours, UNOWNED_SESSIONS * settings.session_timeout)
    state = State(time.time(), follows=not is_worker or settings.view_store != "view")
    store = _store(settings, is_worker=is_worker)
    feed = Feed(settings, state, store, rests=is_worker) if state.follows else None
    readings = Readings(state=state, backlog=Backlog(), workers=Workers(settings), owners=owners)
    tailer = Tailer(settings, readings, feed)
    stages = Stages(apps, settings, owners.missing)
    records = RecordReader(settings)
    explainer = Explainer(limits(settings), thresholds(settings))
    articles = Handlers(state, store, records, explainer, thresholds(settings))
    trial = Trial(explainer, settings.max_page_bytes)

    async def start(_: web.Application) -> None:
        tailer.start()

    async def stop(_: web.Application) -> None:
        await tailer.stop()
        await explainer.close()
        await records.close()

    front_page = FrontPage(settings=settings, readings=readings, stages=stages, store=store)
    routes = {
        "/": front_page.answer,
        **articles.routes(),
        **site_routes(store),
        **{f"/{name}": _static(name, kind) for name, kind in STATIC.items()},
        **_probes(state, stages, guard),
    }
    for path, handler in routes.items():
        application.router.add_get(path, handler)
    application.router.add_get("/try", trial.form)
    application.router.add_post("/try", trial.answer)
    application.middlewares.append(guard.middleware)
    application.on_response_prepare.append(_secure)
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


def _probes(state: State, stages: Stages, guard: Guard) -> dict[str, Handler]:
    """What Prometheus and an orchestrator ask for."""
    memory = MemoryMeter()
    collectors = registry(state, stages, memory)

    def missing() -> dict[str, str]:
        waiting = stages.missing()
        if waiting:
            return waiting
        stale = state.stale()
        return {"view": "" if stale is None else stale.why}

    async def metrics(_: web.Request) -> web.Response:
        await memory.look()
        return web.Response(
            body=exposition(collectors), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )

    async def health(request: web.Request) -> web.Response:
        crashed = stages.crashed()
        text = "crashed" if crashed else "ok"
        if crashed and guard.trusts(request):
            text += f": {', '.join(crashed)}"
        return web.Response(text=text + "\n", status=503 if crashed else 200)

    async def ready(request: web.Request) -> web.Response:
        awaited = {stage: why for stage, why in missing().items() if why}
        answer: dict[str, object] = {"ready": not awaited}
        if guard.trusts(request):
            answer["missing"] = awaited
        return web.json_response(answer, status=503 if awaited else 200)

    return {"/metrics": metrics, "/healthz": health, "/readyz": ready}


def _static(name: str, content_type: str) -> Handler:
    text = static(name)

    async def serve(_: web.Request) -> web.Response:
        return web.Response(text=text, content_type=content_type)

    return serve


async def _secure(_: web.Request, response: web.StreamResponse) -> None:
    """Add the security headers to every answer, including those for unknown paths.

    If aiohttp cannot read a request, it answers itself, in plain text, without this function.
    """
    response.headers.update(HEADERS)


def _is_our_fault(record: logging.LogRecord) -> bool:
    """Whether the server logs an error of its own, and not a malformed request.

    aiohttp logs the bytes of a malformed request. Anybody may send them, and they may hold a token.
    """
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))
