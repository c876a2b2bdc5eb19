"""Dead letters: the original record, with why and where from in added headers.

The rule here: value, key and headers of the original are passed on byte for byte; what is
added comes after them, so that the last header of a name is ours.
"""

from faust.types import Message

from cleanwire.errors import PageRejected
from cleanwire.events import Source
from streams.delivery import Produce

PREFIX = "cleanwire."


def rejected(topic: str, message: Message, error: PageRejected, source: Source) -> Produce:
    """The dead letter of a record."""
    added = {
        "reason": error.reason,
        "detail": error.detail,
        "source.topic": source.topic,
        "source.partition": str(source.partition),
        "source.offset": str(source.offset),
    }
    return Produce(
        topic=topic,
        key=message.key,
        value=message.value,
        headers=[
            *(message.headers or ()),
            *((PREFIX + name, text.encode("utf-8", "replace")) for name, text in added.items()),
        ],
    )
