"""`cleanwire view`."""

import asyncio

import click

from streams.cli.screen import say
from streams.settings import load_settings


@click.command("view")
def command() -> int:
    """Serve the web view in a process of its own, until SIGTERM or Ctrl-C.

    It reads the outcome topics and keeps the store of outcomes in CLEANWIRE_DATA_DIR, so that pages
    can be looked up. Start the workers beside it with CLEANWIRE_VIEW_STORE=view: their own views
    then show themselves, and read no outcomes.

    \b
    Examples:
      cleanwire view
      CLEANWIRE_WEB_PORT=7000 cleanwire view
    """
    from streams.kafka.compression import require_codecs  # noqa: PLC0415 - slow to import
    from streams.state.data_dir import require_folder  # noqa: PLC0415 - likewise
    from streams.supervision.logs import set_up  # noqa: PLC0415 - likewise
    from streams.web.serve import serve  # noqa: PLC0415 - likewise

    settings = load_settings()
    require_codecs()
    if settings.view_store != "off":
        require_folder(settings)
    set_up(settings)
    return asyncio.run(serve(settings, say))
