"""CloudEvents 1.0 in binary mode, as the Kafka protocol binding defines it.

Invariant: source and id together identify an event for ever; a redelivery repeats both. The
details of an article have its id, so they have a source of their own.
"""

from cleanwire.events import ArticleDetails, CleanArticle, DuplicateArticle
from streams.runtime.delivery import Headers

SOURCE = "urn:cleanwire:dedupe"
DETAILS_SOURCE = "urn:cleanwire:dedupe:details"

_TYPES = {
    CleanArticle: ("clean-article", SOURCE),
    DuplicateArticle: ("duplicate-article", SOURCE),
    ArticleDetails: ("article-details", DETAILS_SOURCE),
}


def headers(event: CleanArticle | DuplicateArticle | ArticleDetails) -> Headers:
    """The headers of an event's record: attributes as `ce_*`, the media type as `content-type`."""
    name, source = _TYPES[type(event)]
    attributes = {
        "ce_specversion": "1.0",
        "ce_id": event.id,
        "ce_source": source,
        "ce_type": f"cleanwire.{name}.v1",
        "ce_time": event.fetched_at,
        "ce_subject": event.url,
        "ce_dataschema": f"urn:cleanwire:{name}:v1",
        "content-type": "application/json",
    }
    return [(key, value.encode()) for key, value in attributes.items()]
