"""The routes of the view, added to Faust's web server.

Invariant: only these paths are served, for reading only, and scripts of no other origin can read
them. Every request passes the guard. Faust's own pages stay off, because they show internal state.
"""

import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar

import faust
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from faust.web.drivers.aiohttp import Web
from prometheus_client import CONTENT_TYPE_LATEST

from streams.settings import Settings
from streams.stage import STAGES, app_id
from streams.web.guard import Guard
from streams.web.metrics import exposition, registry
from streams.web.owners import Owners
from streams.web.pages import overview
from streams.web.probes import Stages
from streams.web.state import State
from streams.web.style import STYLE
from streams.web.tailer import Tailer

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
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
    server, guard = _View(apps[0]), Guard(settings.web_token)
    apps[0].web = server
    _SERVER.addFilter(_is_our_fault)
    groups = {app_id(settings, stage): str(stage) for stage in STAGES}
    ours = {app.conf.id: groups[app.conf.id] for app in apps}
    owners = Owners(ours, UNOWNED_SESSIONS * settings.session_timeout)
    state, stages = State(time.time()), Stages(apps, settings, owners.missing)
    tailer = Tailer(settings, state, owners)

    async def start(_: web.Application) -> None:
        tailer.start()

    async def stop(_: web.Application) -> None:
        await tailer.stop()

    for path, handler in _routes(state, stages, guard).items():
        server.web_app.router.add_get(path, handler)
    server.web_app.middlewares.append(guard.middleware)
    server.web_app.on_response_prepare.append(_secure)
    server.web_app.on_startup.append(start)
    server.web_app.on_cleanup.append(stop)


def _routes(state: State, stages: Stages, guard: Guard) -> dict[str, Handler]:
    collectors = registry(state, stages)

    async def index(request: web.Request) -> web.Response:
        live = request.query.get("live") != "no"
        page = overview(state, time.time(), stages.missing(), live=live)
        return web.Response(text=page, content_type="text/html")

    async def style(_: web.Request) -> web.Response:
        return web.Response(text=STYLE, content_type="text/css")

    async def metrics(_: web.Request) -> web.Response:
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
        missing = {stage: why for stage, why in stages.missing().items() if why}
        answer: dict[str, object] = {"ready": not missing}
        if guard.trusts(request):
            answer["missing"] = missing
        return web.json_response(answer, status=503 if missing else 200)

    return {
        "/": index,
        "/style.css": style,
        "/metrics": metrics,
        "/healthz": health,
        "/readyz": ready,
    }


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
