"""Ends a worker if the brokers refuse its login, or if it refuses the brokers' certificate.

Invariant: no retry can help, so a worker that is refused after its start says so in one line and
ends, which its supervisor sees. No record is lost: those that were not acked are delivered again.
The worker ends at once, because committing and leaving the group would need a login too and would
wait for ever.

aiokafka retries after every error and gives the reason only in its log, so this module reads that
log.
"""

import logging
import multiprocessing
import os
from collections.abc import Callable

from aiokafka import errors

from streams.errors import OperationalError
from streams.exit_codes import UNFIT
from streams.kafka.auth import certificate_refused, login_refused
from streams.settings import Settings

_LOGIN_FAULTS = (
    errors.AuthenticationFailedError,
    errors.IllegalSaslStateError,
    errors.SaslAuthenticationFailed,
    errors.UnsupportedSaslMechanismError,
)

_CLIENTS = logging.getLogger("aiokafka")

log = logging.getLogger(__name__)


class _RefusalHandler(logging.Handler):
    """Looks for a refusal in every record of aiokafka's log."""

    def __init__(self, settings: Settings, leave: Callable[[int], object]) -> None:
        super().__init__()
        self._settings = settings
        self._leave = leave

    def emit(self, record: logging.LogRecord) -> None:
        """End the process if the record tells of a refusal."""
        for argument in record.args if isinstance(record.args, tuple) else ():
            refusal = self._refusal(argument) if isinstance(argument, Exception) else None
            if refusal is not None:
                log.critical("%s", refusal)
                for child in multiprocessing.active_children():
                    child.kill()
                self._leave(UNFIT)
                return

    def _refusal(self, error: Exception) -> OperationalError | None:
        if isinstance(error, _LOGIN_FAULTS):
            return login_refused(self._settings)
        return certificate_refused(self._settings, error)


def end_when_refused(settings: Settings, leave: Callable[[int], object] = os._exit) -> None:
    """End this process as soon as one of its clients is refused.

    Args:
        settings: how the clients log in.
        leave: ends the process at once, with the exit code that it is given (`UNFIT`). The child
            processes are killed before.
    """
    _CLIENTS.addHandler(_RefusalHandler(settings, leave))
