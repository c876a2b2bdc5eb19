"""The routes, hung into Faust's web server.

The rule here: these paths and no others; Faust's own pages stay off, because they show and
serve internal state.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar

import faust
from aiohttp import web
from faust.web.drivers.aiohttp import Web

from streams.settings import Settings
from streams.web.metrics import exposition, registry
from streams.web.pages import STYLE, overview
from streams.web.probes import Stages
from streams.web.state import State
from streams.web.tailer import READ_BACK, Tailer

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

Handler = Callable[[web.Request], Awaitable[web.Response]]


class _View(Web):
    default_blueprints: ClassVar[list[tuple[str, str]]] = []
    production_blueprints: ClassVar[list[tuple[str, str]]] = []
    debug_blueprints: ClassVar[list[tuple[str, str]]] = []
    optional_blueprints: ClassVar[list[tuple[str, str]]] = []


def attach(apps: Sequence[faust.App], settings: Settings) -> None:
    """Let the first app's web server show the view of all of this process's apps."""
    server = _View(apps[0])
    apps[0].web = server
    state, stages = State(), Stages(apps)
    tailer = Tailer(settings, state)
    collectors = registry(state, stages)

    async def index(_: web.Request) -> web.Response:
        return _answer(overview(state, time.time(), READ_BACK), "text/html")

    async def style(_: web.Request) -> web.Response:
        return _answer(STYLE, "text/css")

    async def metrics(_: web.Request) -> web.Response:
        return _answer(exposition(collectors).decode(), "text/plain")

    async def health(_: web.Request) -> web.Response:
        crashed = stages.crashed()
        text = f"crashed: {', '.join(crashed)}" if crashed else "ok"
        return _answer(text + "\n", "text/plain", 503 if crashed else 200)

    async def ready(_: web.Request) -> web.Response:
        missing = {stage: why for stage, why in stages.missing().items() if why}
        return web.json_response(
            {"ready": not missing, "missing": missing},
            status=503 if missing else 200,
            headers=HEADERS,
        )

    async def start(_: web.Application) -> None:
        tailer.start()

    async def stop(_: web.Application) -> None:
        await tailer.stop()

    routes: dict[str, Handler] = {
        "/": index,
        "/style.css": style,
        "/metrics": metrics,
        "/healthz": health,
        "/readyz": ready,
    }
    for path, handler in routes.items():
        server.web_app.router.add_get(path, handler)
    server.web_app.on_startup.append(start)
    server.web_app.on_cleanup.append(stop)


def _answer(text: str, content_type: str, status: int = 200) -> web.Response:
    return web.Response(
        text=text, content_type=content_type, charset="utf-8", status=status, headers=HEADERS
    )
