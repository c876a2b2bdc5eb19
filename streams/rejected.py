"""Dead letters: the original record, with why and where from in added headers.

The rule here: value, key and headers of the original are passed on byte for byte; what is
added comes after them, so that the last header of a name is ours. Of a page that was taken down
nothing is passed on.
"""

from collections.abc import Iterable

from faust.types import Message

from cleanwire.errors import PageRejected
from cleanwire.events import Source
from streams.delivery import Produce

PREFIX = "cleanwire."

SOURCE_ID = f"{PREFIX}source.topic-id"
"""The header of candidates and outcomes that names the topic of the raw record by its id: an offset
says which record that is only together with it."""


def rejected(
    topic: str, message: Message, error: PageRejected, source: Source, source_id: str
) -> Produce:
    """The dead letter of a record; `source_id` is the id of its topic, or empty."""
    return Produce(
        topic=topic,
        key=message.key,
        value=message.value,
        headers=[*(message.headers or ()), *_added(error, source, source_id)],
    )


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
