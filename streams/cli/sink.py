"""`cleanwire sink`."""

import importlib.util
import re

import click

from streams.cli.screen import say
from streams.errors import ConfigurationError, OperationalError
from streams.exit_codes import DONE, INTERRUPTED
from streams.settings import load_settings

_PREFIX = re.compile(r"(?!sqlite_)[a-z][a-z0-9_]{0,39}|")
"""What is a name in both databases without quotes, and leaves room for the names of the indexes."""


@click.command("sink")
@click.argument("url", required=False)
@click.option("--once", is_flag=True, help="End at the end that the topics have now.")
@click.option("--table-prefix", default="", metavar="TEXT", help="Comes before every table's name.")
@click.option("--without-duplicates", is_flag=True, help="Leave duplicate-articles out.")
@click.option(
    "--without-extra", is_flag=True, help="Do not keep members of events that have no column."
)
def command(
    url: str | None,
    *,
    once: bool,
    table_prefix: str,
    without_duplicates: bool,
    without_extra: bool,
) -> int:
    """Enter articles, duplicates and takedowns into the database at URL, until SIGTERM or Ctrl-C.

    URL is postgresql://USER@HOST/DATABASE or sqlite:///FILE; without it, CLEANWIRE_SINK_URL. The
    tables are made if they are missing. Offsets are kept in the database, in one transaction with
    the rows, so a crash loses and doubles nothing. What the database refuses is in the table
    dead_letter. Needs `pip install 'cleanwire[sql]'`.

    \b
    Examples:
      cleanwire sink postgresql://cleanwire@db.example/news
      cleanwire sink sqlite:///articles.db --once
    """
    settings = load_settings()
    target = url or (settings.sink_url.get_secret_value() if settings.sink_url else None)
    if not target:
        raise ConfigurationError(
            "there is no database to write to", "give a URL, or set CLEANWIRE_SINK_URL"
        )
    if not _PREFIX.fullmatch(table_prefix):
        raise ConfigurationError(
            f"--table-prefix {table_prefix[:80]!r} cannot be used",
            "use at most 40 lower-case letters, digits and _, of which the first is a letter",
        )
    if importlib.util.find_spec("sqlalchemy") is None:
        raise OperationalError("SQLAlchemy is missing", "pip install 'cleanwire[sql]'")
    from streams.consuming.stopping import stopping  # noqa: PLC0415 - --help needs none of it
    from streams.sink import sinking  # noqa: PLC0415 - as above
    from streams.sink.database import Database  # noqa: PLC0415 - as above
    from streams.sink.tables import Tables  # noqa: PLC0415 - as above

    database = Database(target, Tables(table_prefix))
    wanted = sinking.Wanted(once=once, duplicates=not without_duplicates, extra=not without_extra)
    with stopping() as stop:
        database.pause, database.is_asked_to_stop = stop.event.wait, lambda: stop.is_asked
        with database:
            letters = sinking.sink(settings, database, wanted, stop, say)
    if letters:
        say(f"see the table {table_prefix}dead_letter in {database.where}", "warning")
    return INTERRUPTED if stop.is_interrupt else DONE
