"""Real pages, spoiled: bytes flipped, spans cut, doubled or moved, tags swapped, two pages spliced.

Invariant: a mutation is a function of its generator and of the pages alone.
"""

import random
import re
from collections.abc import Sequence

from helpers.hostile_pages import events

_TAG = re.compile(rb"<[^<>]{1,200}>")
_TRIES = 5


def mutated(r: random.Random, pages: Sequence[bytes]) -> bytes:
    """An event with one of the pages after a few mutations.

    Args:
        r: draws all that is drawn.
        pages: HTML as bytes, one or more.
    """
    body = bytearray(r.choice(pages))
    for _ in range(r.randint(1, _TRIES)):
        _MUTATIONS[r.randrange(len(_MUTATIONS))](r, body, pages)
    return events.event(r, bytes(body))


def _span(r: random.Random, body: Sequence[int]) -> slice:
    start = r.randrange(len(body) + 1)
    return slice(start, start + r.choice((1, 10, 100, 1000, 10_000)))


def _flip(r: random.Random, body: bytearray, _: Sequence[bytes]) -> None:
    for _number in range(r.choice((1, 10, 100))):
        if body:
            body[r.randrange(len(body))] ^= 1 << r.randrange(8)


def _cut(r: random.Random, body: bytearray, _: Sequence[bytes]) -> None:
    del body[_span(r, body)]


def _double(r: random.Random, body: bytearray, _: Sequence[bytes]) -> None:
    span = _span(r, body)
    body[span] = bytes(body[span]) * r.choice((2, 2, 5, 50))
    del body[1 << 20 :]


def _splice(r: random.Random, body: bytearray, pages: Sequence[bytes]) -> None:
    other = r.choice(pages)
    body[_span(r, body)] = other[_span(r, other)]


def _end_as_another(r: random.Random, body: bytearray, pages: Sequence[bytes]) -> None:
    other = r.choice(pages)
    body[r.randrange(len(body) + 1) :] = other[r.randrange(len(other) + 1) :]


def _swap_tags(r: random.Random, body: bytearray, _: Sequence[bytes]) -> None:
    tags = [found.span() for found in _TAG.finditer(body)]
    if len(tags) > 1:
        (a, b), (c, d) = sorted(r.sample(tags, 2))
        body[a:d] = body[c:d] + body[b:c] + body[a:b]


def _drop_tags(r: random.Random, body: bytearray, _: Sequence[bytes]) -> None:
    share = r.random()
    body[:] = _TAG.sub(lambda found: b"" if r.random() < share else found[0], bytes(body))


def _random_bytes(r: random.Random, body: bytearray, _: Sequence[bytes]) -> None:
    at = r.randrange(len(body) + 1)
    body[at:at] = r.randbytes(r.choice((1, 10, 1000)))


_MUTATIONS = (
    _flip, _cut, _double, _splice, _end_as_another, _swap_tags, _drop_tags, _random_bytes,
)  # fmt: skip
