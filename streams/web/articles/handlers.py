"""Answers requests for the list of outcomes and for one page's story.

Invariant: a query that cannot be understood, a store that is off and a broker that is away are
answered with a page that says so. None of them is an error of the server.
"""

import sqlite3
import time
from collections.abc import Awaitable, Callable

from aiohttp import web

from streams.errors import OperationalError
from streams.web.articles.search_form import Query, query_of
from streams.web.pages.articles import Answer, Listing, articles
from streams.web.state import State
from streams.web.store import queries, search
from streams.web.store.model import Filter, OutcomeRecord, Stored
from streams.web.store.store import QueryTooSlowError, Store, StoreOffError

Handler = Callable[[web.Request], Awaitable[web.Response]]

PART = 50
"""Outcomes of one part of the list."""


def routes(state: State, store: Store) -> dict[str, Handler]:
    """The handlers by their paths.

    Args:
        state: the latest outcomes, which are shown while the store is off.
        store: the store.
    """

    async def listed(request: web.Request) -> web.Response:
        asked = query_of(request.query)
        answer, status = Answer(problems=asked.problems), 400
        if not asked.problems:
            answer, status = await _answer(asked)
        return _html(articles(asked.form, answer, time.time()), status)

    async def _answer(asked: Query) -> tuple[Answer, int]:
        try:
            listing = await store.ask(_listing, asked.wanted, asked.before)
        except StoreOffError as error:
            return Answer(fault=sentence(error), latest=state.latest), 200
        except QueryTooSlowError as error:
            return Answer(problems=(sentence(error),)), 503
        return Answer(listing=listing, before=asked.before), 200

    return {"/articles": listed}


def sentence(error: OperationalError) -> str:
    """An operational error as a sentence with its fix."""
    text = f"{error.cause}; {error.fix}" if error.fix else error.cause
    return f"{text[:1].upper()}{text[1:]}."


def originals(
    connection: sqlite3.Connection, items: tuple[Stored, ...]
) -> dict[str, OutcomeRecord]:
    """What the copies among some outcomes copy, by id."""
    found = {}
    for name in {one.record.copy_of for one in items} - {None}:
        original = queries.article(connection, name or "")
        if original is not None and name is not None:
            found[name] = original.record
    return found


def _listing(connection: sqlite3.Connection, wanted: Filter, before: int | None) -> Listing:
    part = search.search(connection, wanted, limit=PART, before=before)
    return Listing(
        part=part,
        count=search.count(connection, wanted),
        originals=originals(connection, part.items),
    )


def _html(text: str, status: int = 200) -> web.Response:
    return web.Response(text=text, content_type="text/html", status=status)
