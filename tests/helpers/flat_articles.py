"""Flat articles for tests: of every hostile kind, and onto their topic."""

import dataclasses
import random

from cleanwire.events import CleanArticle, Source, from_json
from helpers.schemas import example
from streams.kafka import clients

HOSTILE = (
    "",
    "\0",
    "a\0b",
    "\x01\x1f\x7f\x85\u2028\u2029",
    "'; DROP TABLE articles; --",
    '"\\"\\\\',
    "${env:CONNECT_POSTGRES_PASSWORD} {{x}} %s ? ?? :id $1",
    "\ufeff\ufffe\uffff\U0010ffff",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 \u202e\u0639\u0631\u0628\u064a e\u0301",
    "\u0e20\u0e32\u0e29\u0e32\u0e44\u0e17\u0e22 \u6f22\u5b57",
    "null",
    "NaN",
    "x" * 300,
    "1970-01-01",
)


def typed(value):
    members = from_json(value)
    return CleanArticle(**members | {"source": Source(**members["source"])})


def article(number, **changes):
    members = from_json(example("clean-article"))
    source = Source(**members["source"])
    return CleanArticle(**members | {"source": source, "id": f"{number:032x}", **changes})


def hostile_articles(seed, count):
    """Articles whose every text is hostile, and whose every value may be missing.

    One has a text of 10 MiB, the largest that a page has by default.
    """
    draw = random.Random(seed)
    for number in range(count):
        changes = {}
        for field in dataclasses.fields(CleanArticle):
            if field.name in {"id", "blocks", "signature", "source", "fetched_at", "text"}:
                continue
            kind = str(field.type)
            if "None" in kind and draw.random() < 0.3:
                changes[field.name] = None
            elif "tuple" in kind:
                changes[field.name] = tuple(draw.choices(HOSTILE, k=draw.randrange(4)))
            elif "Mapping" in kind:
                changes[field.name] = {draw.choice(HOSTILE): 1}
            elif "str" in kind:
                changes[field.name] = draw.choice(HOSTILE)
        text = draw.choice(HOSTILE) + "x"
        yield article(number, text=text, **changes)
    yield article(count, text="\U0001f600" * (1 << 18), fetched_at="0001-01-01T00:00:00Z")
    yield article(count + 1, text="\0" * (1 << 20), fetched_at="9999-12-31T23:59:59.999Z")
    yield article(count + 2, text="w " * (5 << 20))
    yield article(count + 3, url="https://a.example/" + "u" * 100_000, title="t" * 100_000)


def send(settings, values):
    """Put records on the topic, given as their values by key."""
    with clients.producer(settings) as producer:
        sent = [
            producer.send(settings.topics.flat, value, key=key.encode())
            for key, value in values.items()
        ]
        for future in sent:
            future.get(timeout=60)
