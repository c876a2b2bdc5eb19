"""The routes of the view: which path is answered by what.

Invariant: only these paths are served. All are for reading only, but `/try`, which takes a page and
keeps nothing of it. Scripts of no other origin can read them. Every request passes the guard.
"""

import dataclasses

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from streams.policy import thresholds
from streams.runtime.explainer import Explains
from streams.settings import Settings
from streams.web.answers import Handler
from streams.web.articles.handlers import Handlers
from streams.web.articles.record_reader import Records
from streams.web.front_page import FrontPage
from streams.web.guard import Guard
from streams.web.memory import MemoryMeter
from streams.web.metrics import exposition, registry
from streams.web.pages.rendering import static
from streams.web.probes import Stages
from streams.web.reading.readings import Readings
from streams.web.reading.state import State
from streams.web.sites import routes as site_routes
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


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where the pages get what they show.

    Attributes:
        settings: the token, and the bounds of what is shown.
        readings: what was read of Kafka.
        stages: the stages of this process.
        store: the outcomes that pages are looked up in.
        records: reads records of Kafka by their place.
        explainer: cleans pages again, one at a time.
    """

    settings: Settings
    readings: Readings
    stages: Stages
    store: Store
    records: Records
    explainer: Explains


def add_routes(application: web.Application, sources: Sources) -> None:
    """Add all pages, the guard and the headers to a web application that has not started."""
    settings, readings, stages = sources.settings, sources.readings, sources.stages
    store, explainer = sources.store, sources.explainer
    guard = Guard(settings.web_token)
    front_page = FrontPage(settings=settings, readings=readings, stages=stages, store=store)
    articles = Handlers(readings.state, store, sources.records, explainer, thresholds(settings))
    trial = Trial(explainer, settings.max_page_bytes)
    routes = {
        "/": front_page.answer,
        **articles.routes(),
        **site_routes(store),
        "/try": trial.form,
        **{f"/{name}": _static(name, kind) for name, kind in STATIC.items()},
        **_probes(readings.state, stages, guard),
    }
    for path, handler in routes.items():
        application.router.add_get(path, handler)
    application.router.add_post("/try", trial.answer)
    application.middlewares.append(guard.middleware)
    application.on_response_prepare.append(_secure)


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
