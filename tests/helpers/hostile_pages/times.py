"""Times out of range, of no calendar, in digits of other scripts.

Invariant: the same strings stand as the event's time and as the page's own.
"""

import random

from helpers.hostile_pages import events

_TIMES = (
    "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00",
    "0000-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "2026-02-29T10:00:00Z", "2026-13-01T10:00:00Z", "2026-00-00T00:00:00Z",
    "2026-11-03T24:00:00Z", "2026-11-03T23:59:60Z", "2026-11-03T10:00:00", "2026-11-03T10:00:00+99:99", "2026-11-03",
    "2026-11-03T10:00:00+24:00", "2026-11-03T10:00:00-00:00", "2026-11-03T10:00:00.123456789Z", "2026-11-03t10:00:00z",
    "2026-11-03 10:00:00+02:00", "2026-11-03T10:00:00.1234567890Z", "\u0662\u0660\u0662\u0666-11-03T10:00:00Z", "+002026-11-03T10:00:00Z",
    "2025-01-01T10:00:00+\u09e6\u09e7:\u09e6\u09e6", "2026-W45-2T10:00:00Z", "2026-307T10:00:00Z", "20261103T100000Z", "1762164000", "now", "",
    "2026-11-03T10:00:00Z\n", "\x002026-11-03T10:00:00Z", "2026-11-03T10:00:00Z" + " " * 100, "Tue, 03 Nov 2026 10:00:00 GMT",
    "31.02.2025", "99.99.9999", "1/1/1", "2025-1-1", "29 February 2025", "32 mai 2025 99:99", "0 mai 0000", "1er jan 2100 24:60pm",
    "2025\u5e7413\u670845\u65e5 25\uff1a61", "04/09/2025", "Jan 99, 2025 12:00 am", "Mon, 99 Foo 2025 99:99:99 +9999", "2150-01-01", "1989-12-31",
    "2025-01-01T10:00:00.999999999999Z", "2025-01-01 - 1:11:1", "-2025-01-01T00:00:00Z", "2025-06-31T10:00Z",
)  # fmt: skip


def of_the_event(r: random.Random) -> bytes:
    """The event's own time."""
    return events.event(r, events.page(r), fetched_at=r.choice(_TIMES))


def of_the_page(r: random.Random) -> bytes:
    """The page's times, in meta tags, JSON-LD, elements and lines."""
    one, two, three = (r.choice(_TIMES).replace("\n", " ").replace("\x00", "") for _ in range(3))
    head = r.choice(
        (
            f"<meta property='article:published_time' content='{one}'><meta name='lastmod' content='{two}'>",
            f'<script type="application/ld+json">{{"@type": "Article", "datePublished": "{one}", "dateModified": "{two}"}}</script>',
            "",
        )
    )
    body = f"<time datetime='{two}'>{three}</time><span class='date'>{one}</span><p>{two}</p><p>By Ada Quill | {three}</p>"
    return events.event(r, body + events.page(r, body, head))
