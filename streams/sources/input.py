"""What every reader yields.

Invariant: `value` is the raw-page event as it is published. If a page is too large for that,
`value` is empty and `refusal` says why.
"""

import base64
import dataclasses
import os
from pathlib import Path
from typing import Any

import orjson

from cleanwire.errors import PageRejected, TooLarge
from cleanwire.events import Source


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class InputPage:
    """One page of the input.

    Attributes:
        value: the raw-page event, as JSON bytes; empty with a refusal.
        source: the file as the topic, partition 0, and the page's index in the file as the offset.
        refusal: why the page cannot be published; None if it can.
    """

    value: bytes
    source: Source
    refusal: PageRejected | None = None


def shown(name: str | Path) -> str:
    r"""A file's name, or another argument of the command line, as text that UTF-8 can have.

    What comes from the system is bytes: UTF-8 whatever the locale says, and bytes that are
    none come out as `\xe9`.
    """
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def place(name: str, index: int) -> Source:
    """The source of a page in a file, by the page's index from 0."""
    return Source(topic=name, partition=0, offset=index)


def page_event(
    *,
    source: Source,
    limit: int,
    url: str,
    fetched_at: str,
    body: bytes,
    **more: Any,  # noqa: ANN401 - the optional members of the event
) -> InputPage:
    """The raw-page event of a body.

    Args:
        source: the file and the page's index.
        limit: bytes of the largest event.
        url: the page's URL.
        fetched_at: when it was fetched, as RFC 3339 has it.
        body: the page's bytes.
        more: optional members of the event; those that are None are left out.

    Returns:
        The page; with a `refusal` if its event is larger than `limit`.
    """
    event = {
        "url": url,
        "fetched_at": fetched_at,
        **{name: value for name, value in more.items() if value is not None},
        "body_base64": base64.b64encode(body).decode("ascii"),
    }
    value = orjson.dumps(event)
    if len(value) > limit:
        return refused(source, len(value), limit)
    return InputPage(value=value, source=source)


def refused(source: Source, size: int, limit: int) -> InputPage:
    """A page that is too large to be published.

    Args:
        source: the file and the page's index.
        size: bytes of the page or its event, as far as they are known.
        limit: bytes of the largest event.
    """
    why = TooLarge(f"the event has {size} bytes or more, over the limit of {limit}")
    return InputPage(value=b"", source=source, refusal=why)
