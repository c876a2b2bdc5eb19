"""Answers requests for the overview.

Invariant: the overview is shown whatever is away: the store, Kafka, or the stages.
"""

import dataclasses
import time

from aiohttp import web

from streams.settings import Settings
from streams.web.answers import html
from streams.web.pages.overview import Overview, overview
from streams.web.probes import Stages
from streams.web.reading.readings import Readings
from streams.web.store.store import QueryTooSlowError, Store, StoreOffError
from streams.web.store.summary import summary


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FrontPage:
    """The handler of the overview.

    Attributes:
        settings: the bound of the store.
        readings: what was read of Kafka.
        stages: the stages of this process.
        store: the counts of the last hour and day.
    """

    settings: Settings
    readings: Readings
    stages: Stages
    store: Store

    async def answer(self, request: web.Request) -> web.Response:
        """Answer with the overview."""
        now = time.time()
        shown = Overview(
            state=self.readings.state,
            backlog=self.readings.backlog,
            waiting=self.stages.missing(),
            workers=self.readings.workers.all(now),
            store_bytes=self.settings.view_store_bytes,
            store_off=self.store.status.why,
        )
        if self.store.status.is_on:
            try:
                shown = dataclasses.replace(
                    shown,
                    summary=await self.store.ask(summary, int(now * 1000)),
                    extent=await self.store.extent(),
                )
            except (StoreOffError, QueryTooSlowError) as error:
                shown = dataclasses.replace(shown, store_off=error.cause)
        page = overview(shown, now, live=request.query.get("live") != "no")
        return html(page)
