"""`cleanwire`: the group of commands, and the one place that turns faults into exit codes.

Invariant: a command ends with 0 (done), 1 (it did its work and the answer is no), 2 (bad
usage or configuration) or 3 (the bus, a file or a port is not fit), 130 after Ctrl-C; a fault is
one line on stderr, never a traceback.
"""

import importlib
import io
import os
import sys
from typing import NoReturn

import click

from streams.errors import ConfigurationError, OperationalError
from streams.exit_codes import BAD_USAGE, DONE, INTERRUPTED, UNFIT

COMMANDS = {
    "demo": "Run everything on this machine and show what becomes of sample pages.",
    "clean": "Clean files without a bus, one JSON line per page.",
    "broker": "Run the embedded Kafka in the foreground.",
    "topics": "Create the topics, or check them.",
    "publish": "Put files on raw-pages.",
    "worker": "Run the stages.",
    "tail": "Print the records of a topic.",
    "audit": "Prove that every raw page has exactly one outcome.",
    "takedown": "Withdraw published articles, by id or URL.",
    "reshard": "Move the memory of dedupe to other settings.",
    "config": "Print the settings.",
}


class _Commands(click.Group):
    """Finds a command in the module of its name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
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
    epilog="Exit codes: 0 done, 1 the answer is no (audit, topics --check, publish, takedown), "
    "2 bad usage or configuration, 3 the bus, a file or a port is not fit, 130 interrupted.",
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
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character of a title or a file's name is no fault.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
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
        click.echo(f"cleanwire: {error}", err=True)
        return BAD_USAGE if isinstance(error, ConfigurationError) else UNFIT
    except SystemExit as stop:
        # click ends so on a broken pipe, with a 1 that here would mean "the answer is no".
        if not isinstance(stop.__context__, BrokenPipeError):
            raise
        # Whoever read the output has enough; the interpreter must not try to flush the rest.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    return code if isinstance(code, int) else DONE


if __name__ == "__main__":
    main()
