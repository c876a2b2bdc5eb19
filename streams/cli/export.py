"""`cleanwire export`."""

import importlib.util
from pathlib import Path

import click

from streams.cli.screen import say
from streams.errors import OperationalError
from streams.exit_codes import DONE, INTERRUPTED
from streams.settings import load_settings


@click.command("export")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def command(folder: Path) -> int:
    """Write the articles as Parquet files into FOLDER, up to the present end.

    There is one file a day of fetch (UTC): FOLDER/day=2026-11-02/articles.parquet. Run it again
    to go on: days that revisions and takedowns touch are written anew. Readers see whole files at
    any moment. Needs `pip install 'cleanwire[parquet]'`.

    \b
    Examples:
      cleanwire export articles
      duckdb -c "select day, count(*) from 'articles/*/*.parquet' group by day"
    """
    settings = load_settings()
    if importlib.util.find_spec("pyarrow") is None:
        raise OperationalError("pyarrow is missing", "pip install 'cleanwire[parquet]'")
    from streams.consuming.stopping import stopping  # noqa: PLC0415 - --help needs none of it
    from streams.export import exporting  # noqa: PLC0415 - as above

    with stopping() as stop:
        unreadable = exporting.export(settings, folder, stop, say)
    if unreadable:
        say(f"see the table unreadable in {folder / '.cleanwire' / 'index.sqlite'}", "warning")
    return INTERRUPTED if stop.is_interrupt else DONE
