"""Ends a worker whose login the brokers refuse, or whose brokers' certificate it refuses.

Invariant: no retry mends that, so a worker that meets it after its start says it in one line
and ends, for its supervisor to see. Nothing is lost by it: what was not acked comes again. There
is no orderly way out: committing and leaving a group want a login too, and would wait for ever.

aiokafka retries whatever happens, and says why in its log alone; so that is what is read.
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


class _Refusal(logging.Handler):
    def __init__(self, settings: Settings, leave: Callable[[int], object]) -> None:
        super().__init__()
        self._settings = settings
        self._leave = leave

    def emit(self, record: logging.LogRecord) -> None:
        """End the process if the record tells of a refusal."""
        for said in record.args if isinstance(record.args, tuple) else ():
            fault = self._fault(said) if isinstance(said, Exception) else None
            if fault is not None:
                log.critical("%s", fault)
                for child in multiprocessing.active_children():
                    child.kill()
                self._leave(UNFIT)
                return

    def _fault(self, error: Exception) -> OperationalError | None:
        if isinstance(error, _LOGIN_FAULTS):
            return login_refused(self._settings)
        return certificate_refused(self._settings, error)


def end_when_refused(settings: Settings, leave: Callable[[int], object] = os._exit) -> None:
    """End this process as soon as one of its clients is refused.

    Args:
        settings: what the clients log in with.
        leave: ends the process at once, with an exit code.
    """
    _CLIENTS.addHandler(_Refusal(settings, leave))
