"""Answers requests for the list of outcomes and for one page's story.

Invariant: a query that cannot be understood, a store that is off and a broker that is away are
answered with a page that says so. None of them is an error of the server.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from typing import TypeVar

from aiohttp import web

from cleanwire.similarity.index import Thresholds
from streams.runtime.explainer import Explains
from streams.web.answers import Handler, html
from streams.web.articles.page_story import (
    NOT_RAW,
    known_of,
    looked_at,
    originals,
    outcome_of,
)
from streams.web.articles.record_reader import Missing, Records
from streams.web.articles.search_form import KEY, Query, query_of
from streams.web.articles.source_text import source_of
from streams.web.pages.article import Source, article, missing, source
from streams.web.pages.article_links import filter_by_name
from streams.web.pages.articles import Answer, Listing, articles
from streams.web.reading.state import State
from streams.web.store import search
from streams.web.store.model import Filter
from streams.web.store.store import QueryTooSlowError, Store, StoreOffError

T = TypeVar("T")

PART = 50
"""Outcomes of one part of the list."""

PARTS = ("timeline", "copies")
"""The parts of a story that have pages of their own."""

STORY, SOURCE = "articles/-", "articles/-/source"
"""Paths as deep as those of a story and of a source, for the links of a page that says there is
none. The name itself may have any character in it."""

NO_NAME = (
    "A page is named by its article id, which has 32 hexadecimal digits, or by the place of its "
    "raw record, such as raw-pages:3:17."
)
UNKNOWN = (
    "The store has no outcome of it: it is not decided yet, older than what the store keeps, or it "
    "was taken down."
)


class Handlers:
    """The handlers of the list and of the pages' stories.

    Args:
        state: the latest outcomes, which are shown while the store is off.
        store: the store.
        records: reads records of Kafka.
        explainer: cleans pages again.
        thresholds: when two texts are one story.
    """

    def __init__(
        self,
        state: State,
        store: Store,
        records: Records,
        explainer: Explains,
        thresholds: Thresholds,
    ) -> None:
        self._state = state
        self._store = store
        self._records = records
        self._explainer = explainer
        self._thresholds = thresholds

    def routes(self) -> dict[str, Handler]:
        """The handlers by their paths."""
        return {
            "/articles": self.listed,
            "/articles/{name}": self.story,
            "/articles/{name}/source": self.source,
        }

    async def listed(self, request: web.Request) -> web.Response:
        """The list of outcomes."""
        asked = query_of(request.query)
        answer, status = Answer(problems=asked.problems), 400
        if not asked.problems:
            answer, status = await self._answer(asked)
        return html(articles(asked.form, answer, time.time()), status)

    async def story(self, request: web.Request) -> web.Response:
        """One page's story."""
        name = request.match_info["name"]
        before: dict[str, int | None] = dict.fromkeys(PARTS)
        for part in PARTS:
            text = request.query.get(part)
            if text is not None:
                if not KEY.fullmatch(text):
                    why = f"The {part} cannot go on at “{text[:40]}”, which is no key."
                    return _missing(name, why, 400, STORY)
                before[part] = int(text)
        known = await self._known(
            name, STORY, lambda connection: known_of(connection, name, before)
        )
        if isinstance(known, web.Response):
            return known
        looked = await looked_at(known, self._records, self._explainer)
        # A long page takes a while to render, and the event loop is the stages' too.
        page = await asyncio.to_thread(article, known, looked, self._thresholds, time.time())
        return html(page)

    async def source(self, request: web.Request) -> web.Response:
        """A raw page, as text."""
        name = request.match_info["name"]
        seen = await self._known(name, SOURCE, lambda connection: outcome_of(connection, name))
        if isinstance(seen, web.Response):
            return seen
        found: Source | str = "The outcome does not name its raw record."
        if seen.kind == "withdrawn":
            found = "The page was taken down, so it is not shown."
        elif seen.source is not None and seen.source.topic != self._records.raw_topic:
            found = NOT_RAW
        elif seen.source is not None:
            (read,) = await self._records.read([seen.source])
            found = (
                read.why if isinstance(read, Missing) else await asyncio.to_thread(source_of, read)
            )
        return html(await asyncio.to_thread(source, name, seen, found, time.time()))

    async def _answer(self, asked: Query) -> tuple[Answer, int]:
        try:
            listing = await self._store.ask(_listing, asked.wanted, asked.before)
        except StoreOffError as error:
            return Answer(fault=error.sentence, latest=self._state.latest), 200
        except QueryTooSlowError as error:
            return Answer(problems=(error.sentence,)), 503
        return Answer(listing=listing, before=asked.before), 200

    async def _known(
        self,
        name: str,
        path: str,
        query: Callable[[sqlite3.Connection], T | None],
    ) -> T | web.Response:
        """What the store knows of a page, or the answer that says why it is not known."""
        if filter_by_name(name) is None:
            return _missing(name, NO_NAME, 404, path)
        try:
            found = await self._store.ask(query)
        except (StoreOffError, QueryTooSlowError) as error:
            return _missing(name, error.sentence, 503, path)
        return _missing(name, UNKNOWN, 404, path) if found is None else found


def _listing(connection: sqlite3.Connection, wanted: Filter, before: int | None) -> Listing:
    part = search.search(connection, wanted, limit=PART, before=before)
    return Listing(
        part=part,
        count=search.count(connection, wanted),
        originals=originals(connection, *(one.record for one in part.items)),
    )


def _missing(name: str, why: str, status: int, path: str) -> web.Response:
    return html(missing(name, why, time.time(), path=path), status)
