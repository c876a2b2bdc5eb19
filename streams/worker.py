"""Runs the stages in one process, which ends non-zero when it cannot go on.

Invariant: a worker starts only where it can work. It first checks the bus, the topics, the data
folder and the web port, and reports the first fault in one line.
"""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Sequence

import click
import faust
from faust.worker import Worker

from streams import stage
from streams.kafka.compression import require_codecs
from streams.kafka.topics import require_topics
from streams.runtime import transactions
from streams.settings import Settings, tell
from streams.stage import Stage
from streams.state.data_dir import require_folder
from streams.supervision.activity import report_each_minute
from streams.supervision.login_guard import end_when_refused
from streams.supervision.logs import set_up
from streams.supervision.status_reporter import report
from streams.supervision.watchdog import watch
from streams.web import attach, require_token
from streams.web.address import cannot_listen, shown_address


def preflight(settings: Settings, *, web: bool) -> None:
    """Check everything that a worker needs.

    Raises:
        OperationalError: something is missing; the error names it and the fix.
    """
    if web:
        require_token(settings.web_bind, settings.web_token)
    require_codecs()
    require_folder(settings)
    if web:
        _check_port(settings)
    require_topics(settings)


def build(settings: Settings, stages: Sequence[Stage], *, web: bool) -> list[faust.App]:
    """Build the apps of the stages; the first one serves the web view."""
    apps = [
        stage.build(settings, name, web=web and index == 0) for index, name in enumerate(stages)
    ]
    watch(apps, settings)
    report(apps, settings)
    transactions.watch(apps, settings)
    report_each_minute(apps, settings)
    if web:
        attach(apps, settings)
    return apps


def run(settings: Settings, stages: Sequence[Stage], *, web: bool) -> int:
    """Run the stages until a signal or a fault.

    Returns:
        The exit code of the process.

    Raises:
        OperationalError: something that a worker needs is missing.
    """
    logging_config = set_up(settings)
    preflight(settings, web=web)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    apps = build(settings, stages, web=web)
    for app in apps:
        app.finalize()
    end_when_refused(settings)
    # Faust's worker starts its first argument last, and each app once the one before it is ready.
    # So the app with the web view starts first, and the view answers while the state of `dedupe` is
    # read back.
    worker = Worker(*reversed(apps), loop=loop, loglevel="WARNING", logging_config=logging_config)
    worker.spinner = None
    view = f", web view on {shown_address(settings)}" if web else ""
    started = f"working on {', '.join(stages)} at {settings.broker}{view}"
    if settings.log_format == "json":
        tell(started, "info")
    else:
        click.echo(f"{started}; Ctrl-C stops", err=True)
    try:
        worker.execute_from_commandline()
    except SystemExit as stop:
        # The worker has ended. Ignore a second signal, which would make the process look killed.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)


def _check_port(settings: Settings) -> None:
    host, port = settings.web_bind, settings.web_port
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with contextlib.closing(socket.socket(family, kind)) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        fix = "set CLEANWIRE_WEB_PORT to a free port, or use --without-web"
        raise cannot_listen(settings, error, fix) from None
