"""CloudEvents 1.0 in binary mode, as the Kafka protocol binding defines it.

Invariant: source and id together identify an event for ever; a redelivery repeats both.
"""

from cleanwire.events import CleanArticle, DuplicateArticle
from streams.runtime.delivery import Headers

SOURCE = "urn:cleanwire:dedupe"

_TYPES = {CleanArticle: "clean-article", DuplicateArticle: "duplicate-article"}


def headers(event: CleanArticle | DuplicateArticle) -> Headers:
    """The headers of an event's record: attributes as `ce_*`, the media type as `content-type`."""
    name = _TYPES[type(event)]
    attributes = {
        "ce_specversion": "1.0",
        "ce_id": event.id,
        "ce_source": SOURCE,
        "ce_type": f"cleanwire.{name}.v1",
        "ce_time": event.fetched_at,
        "ce_subject": event.url,
        "ce_dataschema": f"urn:cleanwire:{name}:v1",
        "content-type": "application/json",
    }
    return [(key, value.encode()) for key, value in attributes.items()]
