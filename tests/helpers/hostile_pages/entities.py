"""Entities: bombs in a doctype, numbers out of range, names without end.

Invariant: HTML has no entities of its own making, so a bomb is text.
"""

import random

from helpers.hostile_pages import events

_CODES = (
    "0", "1", "8", "13", "127", "128", "159", "55296", "57343", "65534", "65535", "1114111", "1114112",
    "4294967296", "99999999999999999999999", "x0", "xD800", "xDFFF", "xFFFF", "x110000", "xFFFFFFFFFFFFFFFF",
    "x", "", "-1", "1.5", "X41", "x1F600", "xFEFF", "x202E", "x2028",
)  # fmt: skip
_NAMES = (
    "amp", "lt", "gt", "nbsp", "notin", "notit", "CounterClockwiseContourIntegral", "fjlig", "NotEqualTilde",
    "ThickSpace", "a" * 300, "lol9", "shy", "zwnj", "rlm", "", "#", "Tab", "NewLine",
)  # fmt: skip


def laughs(r: random.Random) -> bytes:
    """The billion laughs, quadratic growth, and external entities, in XHTML."""
    levels = r.randint(2, 9)
    declared = "".join(f'<!ENTITY lol{n + 1} "{f"&lol{n};" * 10}">' for n in range(1, levels))
    outside = r.choice(
        (
            "",
            '<!ENTITY x SYSTEM "file:///etc/passwd">',
            '<!ENTITY % p SYSTEM "http://a.example/x.dtd"> %p;',
        )
    )
    text = (
        f'<?xml version="1.0"?><!DOCTYPE html [<!ENTITY lol1 "lol">{declared}{outside}]>'
        f"<html xmlns='http://www.w3.org/1999/xhtml'><body><p>&lol{levels}; &x;</p>"
        f"{events.prose(r)}</body></html>"
    )
    kind = r.choice(("application/xhtml+xml", "text/xml", "application/xml", "text/html", None))
    return events.event(r, text, content_type=kind)


def numbers(r: random.Random) -> bytes:
    """Numeric entities in range and out of it, with and without a semicolon."""
    written = "".join(
        f"&#{r.choice(_CODES)}{r.choice((';', ';', '', ' '))}"
        for _ in range(r.choice((5, 100, 3000)))
    )
    return events.event(
        r, events.page(r, f"<p title='{written}'>{written}</p>", f"<title>{written}</title>")
    )


def names(r: random.Random) -> bytes:
    """Named entities that are none, that are two, or that end in the next word."""
    written = "".join(
        f"&{r.choice(_NAMES)}{r.choice((';', '', '=', '&'))}"
        for _ in range(r.choice((5, 100, 3000)))
    )
    return events.event(r, events.page(r, f"<p><a href='?a{written}'>{written}</a></p>"))
