"""What the memory of `dedupe` was made for: how many shards, which window, which rules.

Invariant: a worker whose settings are not those of the memory does not start. It would
look for articles where they are not, and publish old stories again. `cleanwire reshard` is how
one becomes the other.

The layout stands on a compacted topic of its own, under one key; the last record counts.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import orjson

from cleanwire.similarity.minhash import VERSION
from streams.errors import OperationalError
from streams.kafka import clients
from streams.kafka.topic_reader import records
from streams.settings import Settings
from streams.stage import app_id

KEY = b"layout"

_SETTINGS = {
    "shards": "CLEANWIRE_DEDUPE_SHARDS",
    "window": "CLEANWIRE_DEDUPE_WINDOW",
    "near": "CLEANWIRE_NEAR_THRESHOLD",
    "excerpt": "CLEANWIRE_CONTAINMENT_THRESHOLD",
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What a memory was made for.

    Attributes:
        shards: how many share it.
        window: seconds of event time, which the buckets of event time are parts of.
        near: the least similarity of a copy.
        excerpt: the least share of an excerpt.
        signature: the version of the signatures in it.
        moving: it is being made into this layout, and is not whole.
        candidates: the id of the topic of candidates that it remembers; empty where that is not
            known.
        generation: how often that topic was made again.
    """

    shards: int
    window: float
    near: float
    excerpt: float
    signature: int = VERSION
    moving: bool = False
    candidates: str = ""
    generation: int = 0

    def is_for(self, other: "Layout") -> bool:
        """Whether the memory is laid out as the other says, whatever candidates it is of."""
        return self == self.of(other)

    def of(self, other: "Layout") -> "Layout":
        """The other layout, of the candidates of this one."""
        return dataclasses.replace(other, candidates=self.candidates, generation=self.generation)

    def __str__(self) -> str:
        return (
            f"{self.shards} shards, a window of {self.window / 86_400:g} days, thresholds "
            f"{self.near:g} and {self.excerpt:g}, signatures of version {self.signature}"
        )


def topic(settings: Settings) -> str:
    """The topic that says how the memory of `dedupe` is laid out."""
    return f"{app_id(settings, 'dedupe')}-layout"


def wanted(settings: Settings) -> Layout:
    """The layout that the settings ask for."""
    return Layout(
        shards=settings.dedupe_shards,
        window=settings.dedupe_window.total_seconds(),
        near=settings.near_threshold,
        excerpt=settings.containment_threshold,
    )


def read(settings: Settings) -> Layout | None:
    """The layout of the memory on the bus; None where none was written yet.

    Raises:
        OperationalError: the bus is away, or the record is none of ours.
    """
    found: bytes | None = None
    with clients.consumer(settings) as consumer:
        for record in records(consumer, topic(settings), lambda *_: None):
            found = record.value
    if found is None:
        return None
    try:
        fields: dict[str, Any] = orjson.loads(found)
        return Layout(**fields)
    except (TypeError, ValueError) as error:
        raise OperationalError(
            f"the layout on {topic(settings)} cannot be read: {error}",
            "use the version of Cleanwire that wrote it",
        ) from None


def write(settings: Settings, layout: Layout) -> None:
    """Say on the bus what the memory is made for.

    Raises:
        OperationalError: the bus is away or refuses.
    """
    with clients.producer(settings) as producer:
        future = producer.send(topic(settings), orjson.dumps(layout), key=KEY, partition=0)
        future.get(timeout=clients.TIMEOUT_MS / 1000)


def ensure(settings: Settings, candidates: str, *, again: bool | Callable[[], bool]) -> None:
    """Write the layout that the settings ask for, where there is none yet, and keep its topic.

    Where the topic of candidates is another one than the memory knows, its generation is the next.

    Args:
        settings: where the layout is, and what it is where there is none.
        candidates: the id of the topic of candidates; empty where the brokers give none.
        again: whether that topic is known to be another one; or tells it, where no id was known.
    """
    found = read(settings)
    if found is None:
        write(settings, dataclasses.replace(wanted(settings), candidates=candidates))
        return
    if callable(again):
        known, now = found.candidates, candidates
        again = bool(now) and (known != now if known else again())
    after = dataclasses.replace(
        found,
        candidates=candidates or found.candidates,
        generation=found.generation + again,
    )
    if after != found:
        write(settings, after)


def generation(settings: Settings, candidates: str, before: str = "") -> int:
    """How often the topic of candidates was made again.

    Args:
        settings: where the layout is.
        candidates: the topic's id; empty where the brokers give none.
        before: the id that it had, as far as that is known.

    Raises:
        OperationalError: the memory does not know this topic, or the bus is away.
    """
    found = read(settings)
    return 0 if found is None else _generation(settings, found, candidates, before)


def _generation(settings: Settings, found: Layout, candidates: str, before: str = "") -> int:
    known = found.candidates or before
    if known and candidates and known != candidates:
        raise OperationalError(
            f"{settings.topics.candidates} was deleted and made again: its offsets begin below "
            "what dedupe remembers, which would publish old stories again",
            "run `cleanwire topics`",
        )
    return found.generation


def require(settings: Settings, candidates: str = "") -> None:
    """Refuse to go on unless the memory is as the settings have it, and of this topic.

    Args:
        settings: what is asked for, and where the layout is.
        candidates: the id of the topic of candidates; empty where it is not known.

    Raises:
        OperationalError: what differs, or the bus is away.
    """
    found, asked = read(settings), wanted(settings)
    if found is None:
        raise OperationalError(
            "nothing says how the memory of dedupe is laid out", "run `cleanwire topics`"
        )
    if found.moving:
        raise OperationalError("a resharding has not come to its end", "run `cleanwire reshard`")
    _generation(settings, found, candidates)
    if found.is_for(asked):
        return
    differs = [name for name in _SETTINGS if getattr(found, name) != getattr(asked, name)]
    names = ", ".join(_SETTINGS[name] for name in differs) or "this version of Cleanwire"
    raise OperationalError(
        f"the memory of dedupe is made for {found}; {names} asks for {asked}",
        "run `cleanwire reshard`, or set it back",
    )
