"""Pages and events that end too early.

Invariant: the place of the cut is drawn from the places of one sort, so that each sort is
met often: inside a tag, an attribute, an entity, a character, a comment, a script.
"""

import base64
import random
import re

from helpers.hostile_pages import events

_SORTS = (
    re.compile(r"<[a-z0-9]"),
    re.compile(r"='"),
    re.compile(r"&[a-z#]"),
    re.compile(r"<!--"),
    re.compile(r"<script"),
    re.compile(r"</"),
    re.compile(r"<!D"),
    re.compile(r"[^\x00-\x7f]"),
)
_INSIDE = (
    "<!-- a comment --><script>if (a < b) { c() }</script><a href='/x?a=1&amp;b=2' class='y'>"
    "Gr&uuml;&szlig;e &#8364; &#x20AC; aus Z\u00fcrich \u4e16\u754c \U0001f600</a>"
)


def _whole(r: random.Random) -> str:
    return events.page(r, f"<p>{_INSIDE}</p>", "<meta charset='utf-8'>")


def page_cut(r: random.Random) -> bytes:
    """A page cut inside something."""
    text = _whole(r)
    at = r.choice([found.start() for found in r.choice(_SORTS).finditer(text)] or [0])
    return events.event(r, text[: at + r.randint(1, 6)])


def character_cut(r: random.Random) -> bytes:
    """UTF-8 that lacks the end or the beginning of a character."""
    data = (events.page(r) + "\u20ac\U0001f600" * 8).encode()
    cut = data[r.randint(0, 3) : -r.randint(1, 3)]
    return events.event(r, r.choice((data[: -r.randint(1, 3)], b"\x82\xac" + cut)))


def event_cut(r: random.Random) -> bytes:
    """JSON that ends anywhere, in an escape and in a number too."""
    whole = events.event(r, _whole(r), status=200)
    return whole[: r.randrange(len(whole))]


def base64_cut(r: random.Random) -> bytes:
    """base64 that ends in the midst of a group, is padded wrongly or holds something else."""
    text = base64.b64encode(events.page(r).encode()).decode()
    at = r.randrange(len(text))
    broken = r.choice(
        (text[:at], text + "=", text[:at] + "\n" + text[at:], text[:at] + "*" + text[at:],
         text.rstrip("="), "=" * r.randint(1, 5) + text, text.replace("+", "-").replace("/", "_"))
    )  # fmt: skip
    return events.event(r, ..., body_base64=broken)
