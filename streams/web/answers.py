"""What the handlers of the view answer with.

Invariant: a page is HTML in UTF-8.
"""

from collections.abc import Awaitable, Callable

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.Response]]


def html(page: str, status: int = 200) -> web.Response:
    """Answer with a page, a whole HTML document."""
    return web.Response(text=page, content_type="text/html", status=status)
