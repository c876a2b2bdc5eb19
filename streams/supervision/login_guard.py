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

from streams.exit_codes import UNFIT
from streams.kafka.auth import certificate_refused, login_refused
from streams.kafka.logged_errors import LoggedErrors, is_login_error
from streams.settings import Settings

_CLIENTS = logging.getLogger("aiokafka")

log = logging.getLogger(__name__)


def end_when_refused(settings: Settings, leave: Callable[[int], object] = os._exit) -> None:
    """End this process as soon as one of its clients is refused.

    Args:
        settings: how the clients log in.
        leave: ends the process at once, with the exit code that it is given (`UNFIT`). The child
            processes are killed before.
    """

    def hear(error: Exception) -> None:
        refusal = (
            login_refused(settings)
            if is_login_error(error)
            else certificate_refused(settings, error)
        )
        if refusal is not None:
            log.critical("%s", refusal)
            for child in multiprocessing.active_children():
                child.kill()
            leave(UNFIT)

    _CLIENTS.addHandler(LoggedErrors(hear))
