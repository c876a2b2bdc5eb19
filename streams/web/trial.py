"""Answers the requests for `/try`: a page that somebody pastes, cleaned and explained.

Invariants:

- Nothing is fetched. Nothing of what was pasted is stored, sent to Kafka or logged.
- One page is read and cleaned at a time, in the explainer's process and within its limits. Another
  one is told that it is busy, before its body is read.
- A body is bounded in bytes and in time before it is read.
"""

import asyncio
import contextlib
import datetime as dt
import time
from collections.abc import Iterator

import orjson
from aiohttp import BodyPartReader, hdrs, web
from aiohttp.http_exceptions import BadHttpMessage

from cleanwire.explain import Explanation
from streams.errors import OperationalError
from streams.runtime.explainer import ENDING, ExplainerBusyError, Explains
from streams.web.answers import html
from streams.web.pages.trial import Pasted, trial

FIELDS = {"page": 0, "url": 8192, "content_type": 200}
"""The fields of the form, and how many bytes each may have; of the page the setting says it."""

ROOM = 64 << 10
"""Bytes that a form may have over the bytes of its page."""

READ_SECONDS = 60.0
"""Seconds in which a form has to arrive."""

EXPLAIN_SECONDS = 60.0
"""Seconds after which an answer is not waited for any longer."""

NO_URL = "file:///pasted"
"""The URL of a page without one. It has no host, so the page has no site."""

FORM = "multipart/form-data"


class RefusedError(Exception):
    """A form that is not read to its end, or cannot be used.

    Args:
        status: the HTTP status.
        sentence: what is wrong, and the fix.
    """

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.sentence = status, sentence


class Trial:
    """The form and its answers.

    Args:
        explainer: cleans a page in a process of its own.
        page_bytes: the largest page that the crawl cleans.
    """

    def __init__(self, explainer: Explains, page_bytes: int) -> None:
        self._explainer = explainer
        self._page_bytes = page_bytes
        self._is_busy = False

    async def form(self, _: web.Request) -> web.Response:
        """The empty form."""
        return html(trial(time.time(), Pasted()))

    async def answer(self, request: web.Request) -> web.Response:
        """What becomes of a page that was pasted."""
        pasted, explanation, problem, status = Pasted(), None, "", 200
        try:
            self._check(request)
            with self._turn():
                pasted = await self._pasted(request)
                explanation = await self._explained(pasted)
        except RefusedError as error:
            status, problem = error.status, error.sentence
        # A long page takes some time to render, which must not hold up the event loop.
        text = await asyncio.to_thread(trial, time.time(), pasted, explanation, problem)
        answer = html(text, status)
        if status == web.HTTPServiceUnavailable.status_code:
            answer.headers[hdrs.RETRY_AFTER] = "5"
        return answer

    def _check(self, request: web.Request) -> None:
        """Refuse a form whose head says already that it cannot be read."""
        if request.content_type != FORM or request.headers.get(hdrs.CONTENT_ENCODING):
            raise RefusedError(
                415, f"Send the page as {FORM}, as the form does: curl -F page=@page.html"
            )
        length = request.content_length
        if length is None:
            raise RefusedError(411, "The request does not say its length; send Content-Length.")
        if length > self._page_bytes + ROOM:
            raise RefusedError(
                413,
                f"The form has {length:,} bytes, and the largest page that is cleaned has "
                f"{self._page_bytes:,}; paste less, or raise CLEANWIRE_MAX_PAGE_BYTES.",
            )

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        if self._is_busy:
            raise RefusedError(503, "Another page is being tried; send this one again soon.")
        self._is_busy = True
        try:
            yield
        finally:
            self._is_busy = False

    async def _pasted(self, request: web.Request) -> Pasted:
        try:
            async with asyncio.timeout(READ_SECONDS):
                fields = await self._fields(request)
        except TimeoutError:
            raise RefusedError(
                408, f"The form did not arrive within {READ_SECONDS:g} seconds; send it again."
            ) from None
        except (ValueError, AssertionError, BadHttpMessage):
            # The error may quote what was pasted.
            raise RefusedError(400, "The form is damaged; send it again.") from None
        texts = {}
        for name, data in fields.items():
            try:
                texts[name] = data.decode()
            except UnicodeDecodeError as error:
                raise RefusedError(
                    400,
                    f"The field {name} is no UTF-8 at byte {error.start:,}; send text in UTF-8.",
                ) from None
        if not texts.get("page", "").strip():
            raise RefusedError(400, "There is no page; paste its HTML or its text.")
        return Pasted(
            page=texts["page"],
            url=texts.get("url", "").strip(),
            content_type=texts.get("content_type", "").strip(),
        )

    async def _fields(self, request: web.Request) -> dict[str, bytes]:
        fields: dict[str, bytes] = {}
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            name = part.name if isinstance(part, BodyPartReader) else None
            if not isinstance(part, BodyPartReader) or name not in FIELDS or name in fields:
                raise RefusedError(
                    400, f"The form has other fields than {', '.join(FIELDS)}, each of them once."
                )
            most = FIELDS[name] or self._page_bytes
            data = bytearray()
            while chunk := await part.read_chunk():
                data += chunk
                if len(data) > most:
                    raise RefusedError(
                        413, f"The field {name} has over {most:,} bytes; shorten it."
                    )
            fields[name] = bytes(data)
        return fields

    async def _explained(self, pasted: Pasted) -> Explanation:
        event: dict[str, str] = {
            "url": pasted.url or NO_URL,
            "fetched_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            "body": pasted.page,
        }
        if pasted.content_type:
            event["content_type"] = pasted.content_type
        try:
            async with asyncio.timeout(EXPLAIN_SECONDS):
                return await self._explainer.explain(orjson.dumps(event))
        except TimeoutError:
            raise RefusedError(
                503, f"There was no answer within {EXPLAIN_SECONDS:g} seconds; try again later."
            ) from None
        except ExplainerBusyError as error:
            raise RefusedError(503, f"It is busy: {error}.") from None
        except OperationalError as error:
            raise RefusedError(503, error.sentence) from None
        except RuntimeError:
            raise RefusedError(503, ENDING) from None
