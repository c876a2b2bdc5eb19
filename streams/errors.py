"""Faults of the surroundings: a broker that is away, a port that is taken, a bad setting.

Invariant: such a fault is never a page's. It ends the command in one line that names
the cause and the fix, and no page is acked, rejected or lost for it.
"""


class OperationalError(Exception):
    """The surroundings are not fit to go on.

    Attributes:
        cause: what is wrong, in one line, without credentials.
        fix: what the operator can do.
    """

    def __init__(self, cause: str, fix: str) -> None:
        super().__init__(cause, fix)
        self.cause = " ".join(cause.split())
        self.fix = " ".join(fix.split())

    def __str__(self) -> str:
        return f"{self.cause}; {self.fix}"


class ConfigurationError(OperationalError):
    """A setting that cannot be used."""
