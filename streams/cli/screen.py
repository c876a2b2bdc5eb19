"""What the commands show on the terminal.

Invariant: results go to stdout, and nothing else does. Progress and messages go to stderr, and
progress only if stderr is a terminal.
"""

import contextlib
from collections.abc import Callable, Iterator

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from streams.exit_codes import UNFIT
from streams.sources import Tally

ERR = Console(stderr=True, highlight=False)
OUT = Console(highlight=False)


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


def tell(tally: Tally) -> int:
    """Print on stderr what was read of the input, its faults first; returns the exit code."""
    for line in tally.faults:
        click.echo(f"cleanwire: {line}", err=True)
    click.echo(str(tally), err=True)
    return UNFIT if tally.faults else 0
