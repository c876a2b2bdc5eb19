"""Takedowns in the middle of a fault run.

Invariant: what is taken down follows from the seed and is one of the run's events, whether or not
`dedupe` has seen it by then. A request counts only if it is found on its topic after the run.
"""

import contextlib
import random

import orjson
from kafka.errors import KafkaError

from cleanwire.dedupe.deduper import url_key_of
from cleanwire.dedupe.records import pack_takedown
from cleanwire.urls import article_id
from faultrun.load import Load
from streams.errors import OperationalError
from streams.kafka import clients
from streams.kafka.headers import TAKEDOWN
from streams.ops.takedown import KEY
from streams.settings import Settings

SENT_SECONDS = 60.0


class Takedowns:
    """Asks for one takedown after the other.

    Args:
        settings: the brokers and the topics.
        load: the events whose articles are taken down.
        seed: decides which ones.

    Attributes:
        asked: how many takedowns were asked for.
    """

    def __init__(self, settings: Settings, load: Load, seed: int) -> None:
        self._settings = settings
        self._load = load
        self._draw = random.Random(f"{seed} takedowns")  # noqa: S311 - a choice, no secret
        self.asked = 0

    def ask(self, published: int) -> None:
        """Ask for the takedown of one of the first `published` events, by its id or its URL."""
        number = self._draw.randrange(max(1, published))
        # A poison or an oversized page is no article, and a repetition may be one of these.
        while self._load.kind(number) in {"poison", "oversize", "twice"}:
            number -= 1
        event = orjson.loads(self._load.event(number).value or b"")
        body = event.get("body")
        by_url = self._draw.random() < 0.5 or body is None  # noqa: PLR2004 - half of them
        ids = [] if by_url else [article_id(event["url"], event["fetched_at"], body)]
        pages = [url_key_of(event["url"], "")] if by_url else []
        with (
            contextlib.suppress(KafkaError, OperationalError),
            clients.producer(self._settings) as bus,
        ):
            bus.send(
                self._settings.topics.candidates,
                pack_takedown(ids, pages),
                key=KEY,
                headers=[(TAKEDOWN, b"")],
                partition=0,
            ).get(timeout=SENT_SECONDS)
        self.asked += 1
