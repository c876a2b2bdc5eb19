"""The layout of the state of `dedupe`: the shards, the window and the rules that it is made for.

Invariant: a worker does not start if its settings differ from the layout. It would look for
articles in the wrong shards, and publish old stories again. `cleanwire reshard` moves the state to
the layout of the settings.

The layout is a record on a compacted topic of its own, always under the same key. The last record
counts.
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
    """What a state is made for.

    Attributes:
        shards: how many shards share the state.
        window: the window in seconds of event time; the width of a time bucket derives from it.
        near: the least similarity of a copy, 0 to 1.
        excerpt: the least containment of an excerpt, 0 to 1.
        signature: the version of the signatures in the state.
        moving: whether `cleanwire reshard` is moving the state to this layout; it is incomplete
            until then.
        candidates: the id of the topic `candidates` that the state belongs to; empty where that is
            not known.
        generation: how often that topic was deleted and made again.
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
        """Whether the two layouts are equal, apart from the topic of candidates."""
        return self == self.of(other)

    def of(self, other: "Layout") -> "Layout":
        """The other layout, with the topic of candidates of this one."""
        return dataclasses.replace(other, candidates=self.candidates, generation=self.generation)

    def __str__(self) -> str:
        return (
            f"{self.shards} shards, a window of {self.window / 86_400:g} days, thresholds "
            f"{self.near:g} and {self.excerpt:g}, signatures of version {self.signature}"
        )


def topic(settings: Settings) -> str:
    """The topic that holds the layout of the state of `dedupe`."""
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
    """Read the layout of the state on the bus; None if none was written yet.

    Raises:
        OperationalError: the bus is away, or another version of Cleanwire wrote the record.
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
    """Write the layout of the state to the bus.

    Raises:
        OperationalError: the bus is away or refuses.
    """
    with clients.producer(settings) as producer:
        future = producer.send(topic(settings), orjson.dumps(layout), key=KEY, partition=0)
        future.get(timeout=clients.TIMEOUT_MS / 1000)


def ensure(settings: Settings, candidates: str, *, again: bool | Callable[[], bool]) -> None:
    """Write the layout of the settings if there is none yet; otherwise keep its topic up to date.

    If the topic of candidates was made again, its id replaces the old one and the generation rises
    by one.

    Args:
        settings: where the layout is, and the layout to write if there is none.
        candidates: the id of the topic of candidates; empty where the brokers give none.
        again: whether the topic was made again. A function is called only if the layout has no id
            yet; if it has one, the ids are compared.

    Raises:
        OperationalError: the bus is away or refuses, or the layout cannot be read.
    """
    found = read(settings)
    if found is None:
        write(settings, dataclasses.replace(wanted(settings), candidates=candidates))
        return
    if callable(again):
        known = found.candidates
        again = bool(candidates) and (known != candidates if known else again())
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
        candidates: the topic's id now; empty where the brokers give none.
        before: the topic's id as this process knew it; it counts if the layout has no id. Empty
            where that is not known.

    Raises:
        OperationalError: the layout does not know this topic yet, or the bus is away.
    """
    found = read(settings)
    return 0 if found is None else _checked_generation(settings, found, candidates, before)


def _checked_generation(
    settings: Settings, found: Layout, candidates: str, before: str = ""
) -> int:
    known = found.candidates or before
    if known and candidates and known != candidates:
        raise OperationalError(
            f"{settings.topics.candidates} was deleted and made again: its offsets begin below "
            "what dedupe remembers, which would publish old stories again",
            "run `cleanwire topics`",
        )
    return found.generation


def require(settings: Settings, candidates: str = "") -> None:
    """Refuse to go on unless the state has the layout of the settings and belongs to this topic.

    Args:
        settings: the layout that is asked for, and where the written one is.
        candidates: the id of the topic of candidates; empty where it is not known.

    Raises:
        OperationalError: something differs and the error names it, or the bus is away.
    """
    found, asked = read(settings), wanted(settings)
    if found is None:
        raise OperationalError("the state of dedupe has no layout yet", "run `cleanwire topics`")
    if found.moving:
        raise OperationalError("a resharding has not come to its end", "run `cleanwire reshard`")
    _checked_generation(settings, found, candidates)
    if found.is_for(asked):
        return
    differs = [name for name in _SETTINGS if getattr(found, name) != getattr(asked, name)]
    names = ", ".join(_SETTINGS[name] for name in differs) or "this version of Cleanwire"
    raise OperationalError(
        f"the state of dedupe is made for {found}; {names} asks for {asked}",
        "run `cleanwire reshard`, or set it back",
    )
