"""A stage under Faust's own command: `faust -A streams.extract worker`.

Invariant: whatever `cleanwire worker` checks before it starts is checked here too. Without the
check of topics, Faust would log that it ignores a missing topic and wait for ever.
"""

from collections.abc import Callable
from typing import Any

import faust
from faust.worker import Worker

from streams.errors import OperationalError
from streams.kafka.compression import require_codecs
from streams.kafka.topics import require_topics
from streams.runtime import transactions
from streams.settings import Settings, load_settings
from streams.supervision.login_guard import end_when_refused
from streams.supervision.status_reporter import report
from streams.supervision.watchdog import watch
from streams.web import attach, require_token


def standalone(build: Callable[[Settings], faust.App]) -> faust.App:
    """The app that Faust's command finds in the module of a stage.

    Args:
        build: makes the stage's app from the settings.

    Raises:
        SystemExit: with one line, if the settings, Kafka or its topics are not fit.
    """
    try:
        settings = load_settings()
        require_codecs()
        require_topics(settings)
    except OperationalError as error:
        raise SystemExit(f"cleanwire: {error}") from None
    app = build(settings)
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
                    raise SystemExit(f"cleanwire: {error}") from None
            super().__init__(*services, **options)

    app.conf.Worker = Checked  # type: ignore[assignment] # Faust declares what it makes of it
    return app
