"""Renders the templates of the view.

Invariants:

- Every value is escaped (Jinja2's autoescaping), and every character in it that cannot be printed
  becomes U+FFFD. So no page's text becomes an element, an attribute or a control character. Only a
  text area gives back every character that was typed in it.
- A name that a template uses and nobody gives is an error, not an empty text.
- Links are relative, because a proxy may serve the view below a path of its own.
"""

import datetime as dt
import functools
import importlib.resources
import urllib.parse
from typing import Any

import jinja2
from markupsafe import Markup

from streams.web.units import duration, size

REFRESH_SECONDS = 5
"""How often a page that follows the stream is brought up to date."""

_LATEST = 253_402_300_799
"""The last second of the year 9999, after which Python has no dates."""

NAVIGATION = (
    ("", "Overview"),
    ("articles", "Articles"),
    ("sites", "Sites"),
    ("stories", "Stories"),
    ("try", "Try"),
)
"""The pages that every page links to: path from the root of the view, and text."""


def render(template: str, *, now: float, path: str = "", live: bool = False, **values: Any) -> str:  # noqa: ANN401 - whatever the template shows
    """Render a page, as a whole HTML document.

    Args:
        template: the name of a file in `templates/`.
        now: seconds since the epoch.
        path: the path of the page from the root of the view, without a leading slash.
        live: whether the page follows the stream.
        **values: what the template shows.
    """
    return (
        _templates()
        .get_template(template)
        .render(
            now=now,
            path=path,
            root="../" * path.count("/") or "./",
            live=live,
            refresh=REFRESH_SECONDS,
            navigation=NAVIGATION,
            **values,
        )
    )


def static(name: str) -> str:
    """The text of a file in `static/`."""
    files = importlib.resources.files(__package__) / "static"
    return (files / name).read_text("utf-8")


def printable(value: object) -> object:
    """A text without characters that cannot be printed; other values and markup as they are."""
    if not isinstance(value, str) or isinstance(value, Markup) or value.isprintable():
        return value
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in value)


def page_text(text: object) -> Markup:
    """Text from a page, isolated so that right-to-left text does not reorder the text around it."""
    return Markup("<bdi>{}</bdi>").format(printable(text))


def site_path(name: str) -> str:
    """The path of a site's page from the root of the view; empty if its name cannot be in a path.

    Names are hosts. A name with a slash, or of dots alone, is another program's, and would be
    another path to a browser or a proxy.
    """
    if "/" in name or "\\" in name or not name.strip(". \t\r\n"):
        return ""
    return f"sites/{urllib.parse.quote(name, safe='', errors='replace')}"


def typed(text: str) -> Markup:
    """What somebody typed, for the text area that it came from: unchanged, to be sent again.

    HTML drops the first line break of a text area, so one is put before the text.
    """
    return Markup("\n{}").format(text)


def query(**values: object) -> str:
    """The query of a link: what is given and not empty."""
    given = {name: value for name, value in values.items() if value not in (None, "")}
    return "?" + urllib.parse.urlencode(given, errors="replace")


def lines(text: str) -> Markup:
    """A text of several lines, for an element that keeps them; each line is printable."""
    parts = text.replace("\r\n", "\n").replace("\r", "\n").expandtabs(4).split("\n")
    return Markup("\n").join(str(printable(part)) for part in parts)


def clock(seconds: float, *, date: bool = False) -> Markup:
    """A time of day in UTC, with its date on request, as an element that tells both.

    A time outside of the years 1970 to 9999 is shown as the nearest one in them.
    """
    at = dt.datetime.fromtimestamp(min(max(seconds, 0), _LATEST), dt.UTC)
    shown = at.strftime("%Y-%m-%d %H:%M:%S" if date else "%H:%M:%S")
    return Markup('<time datetime="{}">{}</time>').format(at.isoformat(timespec="seconds"), shown)


@functools.cache
def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("streams.web.pages"),
        autoescape=True,
        finalize=printable,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals["query"] = query
    environment.filters |= {
        "clock": clock,
        "duration": duration,
        "lines": lines,
        "page_text": page_text,
        "site_path": site_path,
        "typed": typed,
        "size": size,
        "number": lambda value: f"{value:,}",
    }
    return environment
