"""A stage under Faust's own command: `faust -A streams.extract worker`.

Invariant: whatever `cleanwire worker` checks before it starts is checked here too. Without the
check of topics, Faust would log that it ignores a missing topic and wait for ever.
"""

from collections.abc import Callable
from typing import Any

import faust
from faust.cli import worker as worker_command
from faust.worker import Worker

from streams.errors import OperationalError
from streams.kafka.compression import require_codecs
from streams.kafka.topics import require_topics
from streams.runtime import transactions
from streams.settings import Settings, load_settings, tell
from streams.supervision.activity import report_each_minute
from streams.supervision.login_guard import end_when_refused
from streams.supervision.logs import configuration, set_up
from streams.supervision.status_reporter import report
from streams.supervision.watchdog import watch
from streams.web import attach, require_token


def standalone(build: Callable[[Settings], faust.App]) -> faust.App:
    """The app that Faust's command finds in the module of a stage.

    Args:
        build: makes the stage's app from the settings.

    Raises:
        SystemExit: with one line, if the settings, Kafka, its topics or this machine are not fit.
    """
    try:
        settings = load_settings()
        set_up(settings)
        require_codecs()
        require_topics(settings)
        app = build(settings)
    except OperationalError as error:
        raise _end(error) from None
    report_each_minute([app], settings)
    watch([app], settings)
    report([app], settings)
    transactions.watch([app], settings)
    attach([app], settings)
    end_when_refused(settings)

    class Checked(Worker):
        """Faust's worker, made after its command has read --web-bind and --without-web."""

        def __init__(self, *services: Any, **options: Any) -> None:  # noqa: ANN401 - Faust's own
            if app.conf.web_enabled:
                try:
                    require_token(app.conf.web_bind, settings.web_token)
                except OperationalError as error:
                    raise _end(error) from None
            # Faust's own format and level (`--loglevel`) give way: a worker logs the same under
            # either command. Faust's log file (`--logfile`) stays.
            file = options.get("logfile")
            file = file if isinstance(file, str) else None
            options |= {"logging_config": configuration(settings, file), "loglevel": "WARNING"}
            if settings.log_format == "json":
                options["quiet"] = True
            super().__init__(*services, **options)
            # It moves the cursor even where stdout is no terminal.
            self.spinner = None

    app.conf.Worker = Checked  # type: ignore[assignment] # Faust declares what it makes of it
    if settings.log_format == "json":
        # Faust draws a table of its settings on stdout, which a container's log holds too.
        worker_command.worker.on_worker_created = _draw_nothing  # type: ignore[method-assign,assignment] # Faust has an option for it, but only before the name of the app
    return app


def _draw_nothing(*_: Any) -> None:  # noqa: ANN401 - Faust's command and its worker
    """Take the place of Faust's banner."""


def _end(error: OperationalError) -> SystemExit:
    """End with one line on stderr, and with 1 as Faust's command does."""
    tell(str(error))
    return SystemExit(1)
