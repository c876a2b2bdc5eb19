"""Answers the requests for `/sites`, `/sites/NAME` and `/stories` from the store.

Invariants:

- A request that cannot be answered gets a page with a sentence and a status that says whose fault
  it is. What was wrong in a request is named.
- Every answer is bounded, and is asked in the store's own thread.
"""

import time
from collections.abc import Awaitable, Callable

from aiohttp import web
from markupsafe import Markup

from streams.web.answers import Handler, html
from streams.web.pages.problem import problem
from streams.web.pages.rendering import page_text
from streams.web.pages.sites import Listed, site_page, sites_page
from streams.web.pages.stories import DEFAULT, RANGES, stories_page
from streams.web.store import queries
from streams.web.store.model import Filter
from streams.web.store.search import search
from streams.web.store.store import QueryTooSlowError, Store, StoreOffError

SITES = 50
"""Sites on one page of the list."""

IN_PICTURE = 12
"""Sites that copy, and sites that are copied, in the picture of all sites."""

PARTNERS = 50
"""Sites in a list of who copies a site."""

LATEST = 25
STORIES = 20
MOST_NAME = 253
"""Characters of a site's name: DNS has no longer ones."""

Page = Callable[[web.Request, float], Awaitable[str]]


class ProblemError(Exception):
    """A request that has no answer.

    Args:
        status: the HTTP status.
        title: a few words.
        sentence: what is wrong, and the fix.
    """

    def __init__(self, status: int, title: str, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.title, self.sentence = status, title, sentence


def routes(store: Store) -> dict[str, Handler]:
    """The handlers by path.

    Args:
        store: what is asked.
    """

    async def sites(request: web.Request, now: float) -> str:
        name = parameter(request, "name", most=MOST_NAME).strip()
        skip = _number(parameter(request, "skip", most=9))
        found = await store.ask(queries.sites, limit=SITES + 1, skip=skip, containing=name)
        # The picture is about all sites, so it is left out of a narrower list.
        copyings = () if name or skip else await store.ask(queries.copyings, limit=IN_PICTURE)
        listed = Listed(
            counts=found[:SITES],
            name=name,
            skip=skip,
            earlier=max(skip - SITES, 0) if skip else None,
            following=skip + SITES if len(found) > SITES else None,
        )
        return sites_page(now, listed, copyings)

    async def site(request: web.Request, now: float) -> str:
        name = request.match_info["name"]
        found = await store.ask(queries.site, name, limit=PARTNERS) if len(name) <= 4096 else None  # noqa: PLR2004 - no name is longer
        if found is None:
            raise ProblemError(
                404,
                "No such site",
                Markup(
                    "The store has no outcome of a site named {}. "
                    "Its outcomes may be older than the store is kept."
                ).format(page_text(name[:MOST_NAME])),
            )
        latest = await store.ask(search, Filter(site=name), limit=LATEST)
        return site_page(now, found, latest.items, most=PARTNERS)

    async def stories(request: web.Request, now: float) -> str:
        given = parameter(request, "range", most=9) or DEFAULT
        chosen = RANGES.get(given)
        if chosen is None:
            raise ProblemError(
                400,
                "No such range",
                Markup("range={} is none of {}; use one of them.").format(
                    page_text(given), ", ".join(RANGES)
                ),
            )
        since, until = chosen.span(now)
        found = await store.ask(queries.stories, since, until, limit=STORIES, width=chosen.width)
        return stories_page(now, found, chosen, most=STORIES)

    return {
        "/sites": _answer(sites, "sites"),
        "/sites/{name}": _answer(site, "sites/site"),
        "/stories": _answer(stories, "stories"),
    }


def parameter(request: web.Request, name: str, *, most: int) -> str:
    """A parameter of the query; empty if it is not given.

    Raises:
        ProblemError: it is given twice, or is longer than `most` characters.
    """
    given = request.query.getall(name, [])
    if len(given) > 1:
        raise ProblemError(400, "Bad request", f"{name} is given {len(given)} times; give it once.")
    if given and len(given[0]) > most:
        raise ProblemError(
            400, "Bad request", f"{name} is longer than {most} characters; shorten it."
        )
    return given[0] if given else ""


def _number(text: str) -> int:
    if text and not (text.isascii() and text.isdigit()):
        sentence = Markup("skip={} is no number; use the links below the list.")
        raise ProblemError(400, "Bad request", sentence.format(page_text(text)))
    return min(int(text or 0), queries.MOST_SKIPPED)


def _answer(page: Page, path: str) -> Handler:
    """The handler that answers with a page, or with the page that says why there is none."""

    async def handler(request: web.Request) -> web.Response:
        now, status = time.time(), 200
        try:
            text = await page(request, now)
        except ProblemError as error:
            status = error.status
            text = problem(now, path, error.title, error.sentence)
        except StoreOffError as error:
            status, text = 503, problem(now, path, "The store is off", error.sentence)
        except QueryTooSlowError as error:
            status, text = 503, problem(now, path, "Too slow", error.sentence)
        return html(text, status)

    return handler
