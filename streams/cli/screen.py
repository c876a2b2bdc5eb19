"""What the commands show on the terminal.

Invariants:

- Results go to stdout, and nothing else does. Progress and messages go to stderr, and progress only
  if stderr is a terminal.
- A line is never broken to a width. A terminal does that itself, and a pipe has no width.
"""

import contextlib
from collections.abc import Callable, Iterator

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from streams.exit_codes import UNFIT
from streams.settings import log_format, tell
from streams.sources import Tally

ERR = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)
OUT = Console(highlight=False, soft_wrap=True, emoji=False)


@contextlib.contextmanager
def progress(what: str, total: int | None = None) -> Iterator[Callable[[int, int | None], None]]:
    """A progress bar for long work.

    Args:
        what: a word for the work.
        total: the number of steps; None if it is not known yet.

    Yields:
        A function to call with the number of steps done and, if known, the total.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=ERR, transient=True, disable=not ERR.is_terminal) as bar:
        task = bar.add_task(what, total=total)

        def update(done: int, of: int | None = None) -> None:
            bar.update(task, completed=done, total=of if of is not None else total)

        yield update


def say(line: str, level: str = "info") -> None:
    """Print a message on stderr: the line as it is, or an object of JSON if the settings say so."""
    if log_format() == "json":
        tell(line, level)
    else:
        click.echo(line, err=True)


def summarize(tally: Tally) -> int:
    """Print on stderr what was read of the input, its faults first; returns the exit code."""
    for line in tally.faults:
        tell(line)
    say(str(tally))
    return UNFIT if tally.faults else 0
