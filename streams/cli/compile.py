"""`cleanwire compile`.

Invariant: it ends with 0 only if the next process finds the compiled code.
"""

import importlib
import time
from pathlib import Path

import click

from cleanwire import machine_code, native
from streams.cli.screen import OUT
from streams.errors import OperationalError
from streams.settings import tell

LOOPS = (
    "cleanwire.extract.dom.parsing",
    "cleanwire.explain.word_diff",
    "cleanwire.similarity.index",
    "cleanwire.similarity.templates",
    "cleanwire.similarity.verify",
)
"""Modules which import, between them, every module with a compiled loop."""

_FIX = "set NUMBA_CACHE_DIR to a folder that this user alone may write (chmod 700)"


@click.command("compile")
def command() -> None:
    """Compile the loops for this machine's processor, and keep them for the processes that follow.

    What runs long compiles what is missing. This command does it beforehand: in an init container,
    with ExecStartPre=, or in a service that runs once. The code is kept in NUMBA_CACHE_DIR, or else
    in the user's cache folder. That folder must belong to this user or to root, and nobody else may
    write to it, because what is in it is run.

    Exits 3 if nothing can be kept.

    \b
    Examples:
      cleanwire compile
      NUMBA_CACHE_DIR=/var/lib/cleanwire/compiled cleanwire compile
    """
    place = machine_code.place()
    if place.folder is None:
        for line in place.refused:
            tell(line, "warning")
        raise OperationalError("there is no folder to keep compiled code in", _FIX)
    before = _kept(place.folder)
    started, cpu = time.perf_counter(), time.process_time()
    for module in LOOPS:
        importlib.import_module(module)
    native.require()
    taken, cpu = time.perf_counter() - started, time.process_time() - cpu
    if not native.is_kept():
        raise OperationalError(f"compiled code cannot be kept in {place.folder}", _FIX)
    kept = _kept(place.folder)
    size = sum(kept.values())
    OUT.print(
        f"{len(kept)} compiled loops ({size / 1e6:.1f} MB) in {place.folder}, "
        f"{len(kept.keys() - before.keys())} of them new; "
        f"{taken:.1f} s, {cpu:.1f} s of CPU",
        markup=False,
    )


def _kept(folder: Path) -> dict[Path, int]:
    """The files of machine code in a folder, with their sizes in bytes."""
    return {path: path.stat().st_size for path in folder.glob(f"*{machine_code.SUFFIX}")}
