"""The view in a process of its own, beside workers or without any.

Invariant: it shows what is on the topics, serves the same routes behind the same guard as a
worker's view, and touches nothing of the workers.
"""

import asyncio
import contextlib
import signal
from collections.abc import Callable

from aiohttp import web

from streams.exit_codes import DONE, INTERRUPTED
from streams.kafka.compression import read_any_xerial_header
from streams.settings import Settings
from streams.web.address import cannot_listen, shown_address
from streams.web.guard import require_token
from streams.web.view import IDLE_SECONDS, mount

STOP_SECONDS = 5.0
"""Seconds that open requests have to end."""


async def serve(settings: Settings, say: Callable[[str], None]) -> int:
    """Serve the view until SIGTERM or SIGINT.

    Args:
        settings: the brokers, the topics, and where to listen.
        say: called with a line for people once the view listens.

    Returns:
        The exit code of the process.

    Raises:
        OperationalError: the view cannot listen there, or would show itself without a token.
    """
    require_token(settings.web_bind, settings.web_token)
    read_any_xerial_header()
    application = web.Application()
    mount(application, settings)
    runner = web.AppRunner(
        application, access_log=None, keepalive_timeout=IDLE_SECONDS, shutdown_timeout=STOP_SECONDS
    )
    ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    async with contextlib.AsyncExitStack() as stack:
        for number, code in ((signal.SIGTERM, DONE), (signal.SIGINT, INTERRUPTED)):
            asyncio.get_running_loop().add_signal_handler(number, _end, ended, code)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        try:
            await web.TCPSite(runner, settings.web_bind, settings.web_port).start()
        except OSError as error:
            fix = "set CLEANWIRE_WEB_PORT to a free port"
            raise cannot_listen(settings, error, fix) from None
        say(f"web view on {shown_address(settings)} of {settings.broker}; Ctrl-C stops")
        return await ended


def _end(ended: asyncio.Future[int], code: int) -> None:
    if not ended.done():
        ended.set_result(code)
