"""`cleanwire config`."""

import click
import pydantic
from rich.markup import escape

from streams import secret_files
from streams.cli.screen import OUT
from streams.settings import PREFIX, Settings, config_file, load_settings, variables


@click.command("config")
def command() -> None:
    """Print every setting, where its value comes from, and what it is for.

    \b
    Examples:
      cleanwire config
      CLEANWIRE_WEB_PORT=7000 cleanwire config
    """
    settings = load_settings()
    environment = set(variables())
    files = secret_files.names(PREFIX)
    for name, field in Settings.model_fields.items():
        variable = PREFIX + name.upper()
        if variable in environment:
            origin = "environment"
        elif variable in files:
            origin = str(files[variable])
        elif name in settings.model_fields_set:
            origin = str(config_file())
        else:
            origin = "default"
        value = escape(_shown(getattr(settings, name)))
        OUT.print(f"{variable}={value}  [dim]# {field.description} ({escape(origin)})[/]")


def _shown(value: object) -> str:
    if isinstance(value, pydantic.SecretStr):
        return "**********"
    if hasattr(value, "total_seconds"):
        return f"{value.total_seconds():.0f}s"
    return "" if value is None else str(value)
