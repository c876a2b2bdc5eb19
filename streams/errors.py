"""Operational errors: a broker that is away, a port that is taken, a setting that is unusable.

Invariant: no page causes such an error. It ends the command with one line that names the cause and
the fix. No page is acked, rejected or lost because of it.
"""


class OperationalError(Exception):
    """A command or worker cannot go on, because its surroundings are not fit for it.

    Attributes:
        cause: what is wrong, in one line, without credentials.
        fix: what the operator can do about it, in one line.
    """

    def __init__(self, cause: str, fix: str) -> None:
        super().__init__(cause, fix)
        self.cause = " ".join(cause.split())
        self.fix = " ".join(fix.split())

    def __str__(self) -> str:
        return f"{self.cause}; {self.fix}"

    @property
    def sentence(self) -> str:
        """The cause and, if there is one, the fix, as a sentence for a page."""
        text = f"{self.cause}; {self.fix}" if self.fix else self.cause
        return f"{text[:1].upper()}{text[1:]}."


class ConfigurationError(OperationalError):
    """A setting has a value that cannot be used."""
