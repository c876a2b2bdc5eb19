"""`cleanwire`: the group of commands, and the one place that turns errors into exit codes.

Invariant: a command ends with 0 (done), 1 (it did its work and the answer is no), 2 (bad usage or
configuration), 3 (Kafka, a file or a port is not fit) or 130 (after Ctrl-C); `audit` may end with
4 too. An operational error is one line on stderr, never a traceback. SIGTERM ends every command,
also one that is the first process of a container.
"""

import gc
import importlib
import io
import multiprocessing
import os
import signal
import sys
from types import FrameType
from typing import NoReturn

import click

from cleanwire import native
from streams.cli.quick_imports import quick_imports
from streams.errors import ConfigurationError, OperationalError
from streams.exit_codes import BAD_USAGE, DONE, INTERRUPTED, UNFIT

if multiprocessing.parent_process() is not None:
    # A process of a pool imports the program of its parent before anything else. Its start ends in
    # `streams.runtime.pool`, which turns the collector on.
    gc.disable()

COMMANDS = {
    "demo": "Run everything on this machine and show what becomes of sample pages.",
    "clean": "Clean files without a bus, one JSON line per page.",
    "explain": "Show why a page became what it became.",
    "broker": "Run the embedded Kafka in the foreground.",
    "compile": "Compile the loops for this processor, and keep them.",
    "topics": "Create the topics, or check them.",
    "publish": "Put files on raw-pages.",
    "worker": "Run the stages.",
    "view": "Serve the web view in a process of its own.",
    "tail": "Print the records of a topic.",
    "sink": "Enter articles into a PostgreSQL or SQLite database.",
    "export": "Write articles as Parquet files.",
    "audit": "Prove that every raw page has exactly one outcome.",
    "takedown": "Withdraw published articles, by id or URL.",
    "replay": "Run pages again after a fix, and show what changed.",
    "reshard": "Move the memory of dedupe to other settings.",
    "config": "Print the settings.",
}


class _Commands(click.Group):
    """Finds each command in the module of the same name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        with quick_imports():
            module = importlib.import_module(f"streams.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 the answer is no (audit, topics --check, publish, takedown, "
    "replay), 2 bad usage or configuration, 3 the bus, a file or a port is not fit, "
    "130 interrupted.",
)
@click.version_option(package_name="cleanwire")
def cleanwire() -> None:
    """Raw pages in, each story once and clean out.

    \b
    Examples:
      cleanwire demo                    see it work
      cleanwire clean page.html         one page, no bus
      cleanwire worker                  beside your crawler

    Settings come from the environment (CLEANWIRE_BROKER, ...) and from cleanwire.toml;
    `cleanwire config` prints them.
    """


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run a command and exit."""
    if os.getpid() == 1:
        # The kernel drops a signal without a handler that is sent to the first process of a
        # container. Workers and the view set handlers of their own later.
        signal.signal(signal.SIGTERM, _end)
    if signal.getsignal(signal.SIGCHLD) == signal.SIG_IGN:
        # Inherited from whoever started us. The kernel would then keep nothing of a process that
        # ends: no exit code, and no number that is not soon another's.
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    sys.exit(run(arguments))


def _end(number: int, frame: FrameType | None) -> NoReturn:
    del frame
    raise SystemExit(128 + number)


def run(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit code.

    Args:
        arguments: of the command line, without the program's name; None for those of the process.

    Raises:
        SystemExit: a command asked for an exit code itself.
    """
    for stream in (sys.stdout, sys.stderr):
        # A character that the terminal cannot show, of a title or a file's name, is no error.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    native.announce(_tell)
    try:
        code = cleanwire.main(args=arguments, prog_name="cleanwire", standalone_mode=False)
    except click.exceptions.Abort:
        return INTERRUPTED
    except KeyboardInterrupt:
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return BAD_USAGE
    except OperationalError as error:
        _tell(str(error), "error")
        return BAD_USAGE if isinstance(error, ConfigurationError) else UNFIT
    except SystemExit as stop:
        # On a broken pipe click exits with 1, which would mean "the answer is no" here.
        if not isinstance(stop.__context__, BrokenPipeError):
            raise
        # The reader of the output has read enough. The interpreter must not flush the rest into
        # the closed pipe when it ends, so stdout goes to the null device.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    return code if isinstance(code, int) else DONE


def _tell(line: str, level: str) -> None:
    from streams.settings import tell  # noqa: PLC0415 - slow to import, and --help needs it not

    tell(line, level)


if __name__ == "__main__":
    main()
