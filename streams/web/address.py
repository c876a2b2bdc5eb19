"""Where the view listens, for people.

Invariant: what is shown can be typed into a browser; an IPv6 address is in brackets.
"""

from streams.errors import OperationalError
from streams.settings import Settings


def shown_address(settings: Settings) -> str:
    """The address of the view as a URL."""
    host = settings.web_bind
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.web_port}/"


def cannot_listen(settings: Settings, error: OSError, fix: str) -> OperationalError:
    """The error of a view that cannot listen where the settings say.

    Args:
        settings: the address and the port.
        error: why it cannot.
        fix: what to do.
    """
    where = f"{settings.web_bind}:{settings.web_port}"
    return OperationalError(f"the web view cannot listen on {where}: {error.strerror}", fix)
