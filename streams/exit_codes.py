"""What a command's exit code says.

Invariant: a supervisor and a script can tell a wrong answer from a bus that is not fit.
"""

DONE = 0
ANSWER_IS_NO = 1
"""The command did its work, and what it was asked is not so."""
BAD_USAGE = 2
"""Usage or configuration."""
UNFIT = 3
"""The bus, a file or a port is not fit."""
INTERRUPTED = 130
