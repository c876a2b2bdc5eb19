"""Reads the errors that the client libraries only log.

kafka-python and aiokafka retry after every error. While they do, the reason is in their log alone.

Invariant: one handler and one list of login errors serve both libraries.
"""

import logging
from collections.abc import Callable

LOGIN_ERRORS = frozenset(
    {
        "AuthenticationFailedError",  # aiokafka
        "AuthenticationMethodNotSupported",  # aiokafka
        "IllegalSaslStateError",  # both
        "SaslAuthenticationFailed",  # aiokafka
        "SaslAuthenticationFailedError",  # kafka-python
        "UnsupportedSaslMechanismError",  # both
    }
)
"""The classes of errors that refuse a login, by name: a command that uses one library does not load
the other."""


def is_login_error(error: BaseException | None) -> bool:
    """Whether an error of either library refuses a login."""
    return any(kind.__name__ in LOGIN_ERRORS for kind in type(error).__mro__)


class LoggedErrors(logging.Handler):
    """Passes on every exception that is an argument of a log record.

    Args:
        tell: called with each exception.
    """

    def __init__(self, tell: Callable[[Exception], object]) -> None:
        super().__init__()
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        """Pass on the exceptions of a record."""
        for argument in record.args if isinstance(record.args, tuple) else ():
            if isinstance(argument, Exception):
                self._tell(argument)
