"""Sites, and outcomes of their pages."""

from streams.web.store.model import OutcomeRecord, Place

NOW = 1_800_000_000.0
HOUR = 3_600_000
KINDS = {
    "new": "clean",
    "revision": "clean",
    "exact": "duplicate",
    "near": "duplicate",
    "excerpt": "duplicate",
    "recrawl": "duplicate",
    "http-error": "rejected",
    "no-article": "rejected",
}
SITES = [
    "gull.example",
    "farm.example",
    "2001:db8::7",
    "tern.example",
    "a%2fb.example",
    "אבג.example",
]


def record(number, kind, at, **more):
    place = {"partition": 0, "offset": number}
    return OutcomeRecord(
        place=Place(topic=KINDS[kind], topic_id="t", **place),
        source=Place(topic="raw-pages", topic_id="r", **place),
        at=at,
        outcome=KINDS[kind],
        kind=kind,
        **more,
    )
