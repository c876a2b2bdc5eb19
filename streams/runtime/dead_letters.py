"""Dead letters: the original record, with why and where from in added headers.

Invariant: value, key and headers of the original are passed on byte for byte; what is
added comes after them, so that the last header of a name is ours. Of a page that was taken down
nothing is passed on, and of a record that is too large for the bus only what fits.
"""

from collections.abc import Iterable
from typing import cast

from faust.types import Message

from cleanwire.errors import PageRejected
from cleanwire.events import Source
from streams.kafka.headers import PREFIX, SOURCE_ID
from streams.runtime.delivery import Produce


def rejected(  # noqa: PLR0913 - what a dead letter says
    topic: str,
    message: Message,
    error: PageRejected,
    source: Source,
    source_id: str,
    *,
    largest: int,
) -> Produce:
    """The dead letter of a record.

    Args:
        topic: where dead letters go.
        message: the record.
        error: why it is rejected.
        source: where it stands.
        source_id: the id of the topic where it stands; empty where the brokers give none.
        largest: bytes of the largest record on the bus. A record that was compressed on its way
            may be larger unpacked: its dead letter has no value, and no key and headers of its
            own if these are too large as well.
    """
    key, value, headers = message.key, message.value, _headers(message)
    if record_size(message) > largest:
        value = None
        if _rest(message) > largest:
            key, headers = None, []
    added = _added(error, source, source_id)
    return Produce(topic=topic, key=key, value=value, headers=[*headers, *added])


def record_size(message: Message) -> int:
    """The bytes of a record's value, key and headers, unpacked."""
    return len(message.value or b"") + _rest(message)


def _rest(message: Message) -> int:
    return len(message.key or b"") + sum(
        len(name.encode()) + len(value or b"") for name, value in _headers(message)
    )


def _headers(message: Message) -> list[tuple[str, bytes]]:
    # The bus gives them as pairs; Faust's type allows a mapping too.
    return list(cast("Iterable[tuple[str, bytes]]", message.headers or ()))


def withdrawn(
    topic: str, article: str, error: PageRejected, source: Source, source_id: str
) -> Produce:
    """The dead letter of a page that was taken down: nothing of it but its article's id."""
    headers = [*_added(error, source, source_id), (f"{PREFIX}article", article.encode())]
    return Produce(topic=topic, key=article.encode(), value=None, headers=headers)


def added_to(headers: Iterable[tuple[str, bytes]]) -> dict[str, str]:
    """What was added to a dead letter, by name without the prefix: of each name the last."""
    return {
        name.removeprefix(PREFIX): value.decode()
        for name, value in headers
        if name.startswith(PREFIX)
    }


def _added(error: PageRejected, source: Source, source_id: str) -> list[tuple[str, bytes]]:
    added = {
        "reason": error.reason,
        "detail": error.detail,
        "source.topic": source.topic,
        "source.partition": str(source.partition),
        "source.offset": str(source.offset),
    }
    headers = [(PREFIX + name, text.encode("utf-8", "replace")) for name, text in added.items()]
    # Empty too: a page that was rejected before may carry another one.
    return [*headers, (SOURCE_ID, source_id.encode())]
