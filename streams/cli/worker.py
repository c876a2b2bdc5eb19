"""`cleanwire worker`."""

import click

from streams.cli.quick_imports import quick_imports
from streams.settings import load_settings
from streams.stage import STAGES


@click.command("worker")
@click.option("--stage", type=click.Choice(STAGES), help="Run this stage only.  [default: both]")
@click.option("--without-web", is_flag=True, help="Do not serve the web view.")
def command(stage: str | None, *, without_web: bool) -> int:
    """Run the stages, until SIGTERM or Ctrl-C.

    The topics have to be there (`cleanwire topics`). Start as many workers as you like; on one
    host give each its own CLEANWIRE_WEB_PORT, or --without-web.

    \b
    Examples:
      cleanwire worker
      cleanwire worker --stage extract --without-web
      CLEANWIRE_BROKER=kafka-1:9092,kafka-2:9092 cleanwire worker
    """
    with quick_imports():
        from streams import worker  # noqa: PLC0415 - Faust is slow to import, and --help needs none of it

    settings = load_settings()
    stages = [name for name in STAGES if stage in (None, name)]
    return worker.run(settings, stages, web=not without_web)
