"""Raw-page events around hostile bodies.

Invariant: an event is what a crawler would publish, but for what its kind makes wrong, so
that a page gets as far into the pipeline as it can.
"""

import base64
import json
import random
from typing import Any

FETCHED = "2026-11-03T10:00:00Z"
_WORDS = (
    "the river bridge council mayor opened closed again after long winter storm water level road "
    "people town village school train station market garden harvest price number report said "
    "morning evening Friday March two three eleven hundred thousand first last old new small"
).split()


def sentence(r: random.Random) -> str:
    """A sentence of nine to eighteen words."""
    return " ".join(r.choices(_WORDS, k=r.randint(9, 18))).capitalize() + "."


def prose(r: random.Random, paragraphs: int = 4) -> str:
    """Paragraphs that are enough for an article, as HTML."""
    return "".join(f"<p>{sentence(r)} {sentence(r)} {sentence(r)}</p>\n" for _ in range(paragraphs))


def page(r: random.Random, body: str = "", head: str = "") -> str:
    """An article with something hostile in its head, and something in the midst of its story."""
    return (
        f"<!DOCTYPE html><html lang='en'><head><title>{sentence(r)}</title>{head}</head><body>"
        f"<article><h1>{sentence(r)}</h1>{prose(r, 2)}{body}{prose(r, 2)}</article></body></html>"
    )


def address(r: random.Random) -> str:
    """A URL that has nothing wrong."""
    return f"https://s{r.randrange(10**6)}.example/{r.choice(_WORDS)}/{r.randrange(10**9)}"


def fields(r: random.Random, body: object, /, **changes: object) -> dict[str, Any]:
    """The fields of an event; bytes become `body_base64`, `...` leaves a field out."""
    event: dict[str, Any] = {"url": address(r), "fetched_at": FETCHED, "content_type": "text/html"}
    if isinstance(body, bytes):
        event["body_base64"] = base64.b64encode(body).decode("ascii")
    else:
        event["body"] = body
    return {name: value for name, value in (event | changes).items() if value is not ...}


def event(r: random.Random, body: object, /, **changes: object) -> bytes:
    """An event as JSON; a lone surrogate is written as an escape."""
    return json.dumps(fields(r, body, **changes)).encode("ascii")


def plain(r: random.Random) -> bytes:
    """An article with nothing wrong."""
    return event(r, page(r))
